/** Rotations behind the contract, on facts of a host in memory: staged, shown, exported and imported, dropped. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunningEngine } from '../../../electron/compose.ts';
import { startEngine } from '../../../electron/compose.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { publicKeyFingerprint } from '../../../electron/store/fingerprint.ts';
import { openStore } from '../../../electron/store/store.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import { World } from '../planning/fleet-world.ts';
import { temporaryHome } from '../../tools/homes.ts';
import { codeOf } from '../../tools/problem-of.ts';
import { rememberServer } from './known-server.ts';

const since = '2026-01-02T03:04:05.000Z';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let facts: readonly ServerFacts[];
let fingerprint: string;

beforeAll(async () => {
  const [old] = await generateKeys([{ algorithm: 'rsa', bits: 1024 }]);
  if (old === undefined) throw new Error('no key');
  fingerprint = publicKeyFingerprint(old.publicKey);
  const domains = ['one.example', 'two.example'].map(name => ({ name, signed: true, policy: false }));
  facts = await new World([{ name: 'mx1', domains, zones: ['one.example', 'two.example'] }], old, new Map()).facts();
});

/** `ours`: with this fingerprint Signet made the key of one.example, as far as it remembers. */
async function engineWith(ours?: string): Promise<RunningEngine> {
  const home = temporaryHome();
  rememberServer(home, facts);
  if (ours !== undefined) {
    const store = openStore(home);
    store.managed.put([{ domain: 'one.example', server: 'mx1', selector: 'old', fingerprint: ours, since }]);
    store.close();
  }
  const env = { SIGNET_VAULT: 'passphrase', SIGNET_PASSPHRASE: 'correct horse' };
  const engine = await startEngine({ home, command: 'signet test', env });
  closing.push(() => engine.close());
  return engine;
}

const one = { targets: [{ domain: 'one.example' }] };

test('a key that Signet made has its date, and only while it is the one that is there', async () => {
  const dates = async (engine: RunningEngine) =>
    (await engine.call('domains.list', {})).map(({ domain, keys }) => [domain, keys[0]?.since]);
  expect(await dates(await engineWith(fingerprint))).toEqual([
    ['one.example', since],
    ['two.example', undefined],
  ]);
  expect(await dates(await engineWith('0'.repeat(64)))).toContainEqual(['one.example', undefined]);
});

describe('rotate.stage', () => {
  test('makes a key for each, and says what becomes of the old ones', async () => {
    const engine = await engineWith();
    expect(await engine.call('rotate.preview', { targets: 'all', graceHours: 12 })).toMatchObject({ keys: 2 });
    expect(await engine.call('pending.list', {})).toEqual([]);
    const { staged, keys } = await engine.call('rotate.stage', { targets: 'all', graceHours: 12 });
    expect(keys).toBe(2);
    const [row] = staged;
    expect(row).toMatchObject({ intent: 'rotate', domain: 'one.example', notBefore: null });
    expect(row?.summary).toMatch(
      /^Sign with new RSA 1024 key mx1-\d{6} instead of old, keep the old key served for 12 hours$/,
    );
    expect(row?.fingerprints).toHaveLength(1);
    const plan = await engine.call('plan.compute', {});
    expect(plan.changes.map(({ id }) => id)).toEqual(['install@mx1', 'publish@mx1', 'switch@mx1']);
    expect(await engine.call('pending.drop', { ids: 'all' })).toEqual({ dropped: 2 });
  });

  test('retires a key that Signet made, unless another one took its place', async () => {
    const ours = await engineWith(fingerprint);
    await ours.call('rotate.stage', one);
    const plan = await ours.call('plan.compute', {});
    expect(plan.effects).toMatchObject([{ retire: [{ selector: 'old', graceHours: 168 }] }]);
    expect(plan.problems).toEqual([]);
    const others = await engineWith('0'.repeat(64));
    await others.call('rotate.stage', one);
    const plan2 = await others.call('plan.compute', {});
    expect(plan2.effects).toMatchObject([{ retire: [] }]);
    expect(plan2.problems).toMatchObject([{ code: 'key-not-ours', domain: 'one.example' }]);
  });

  test('takes a compromised key by its fingerprint, with or without colons, and only everywhere', async () => {
    const engine = await engineWith();
    const colons = fingerprint.match(/../g)?.join(':').toUpperCase() ?? '';
    for (const compromised of [fingerprint, colons]) {
      const found = await engine.call('rotate.preview', { targets: 'all', compromised });
      expect(found.staged.map(({ domain }) => domain)).toEqual(['one.example', 'two.example']);
      expect(found.staged[0]?.summary).toMatch(/revoke the compromised key old at once$/);
    }
    const somewhere = () => engine.call('rotate.stage', { ...one, compromised: fingerprint });
    expect(await codeOf(somewhere)).toBe('compromised-everywhere');
    const unknown = () => engine.call('rotate.stage', { targets: 'all', compromised: 's9._domainkey.one.example' });
    expect(await codeOf(unknown)).toBe('unknown-key');
  });

  test('travels to another laptop, which makes the keys that the file does not hold', async () => {
    const engine = await engineWith();
    const staged = await engine.call('rotate.stage', one);
    const { text, keysIncluded } = await engine.call('pending.export', {});
    expect(keysIncluded).toBe(false);
    const other = await engineWith();
    const { imported, newKeys } = await other.call('pending.import', { text });
    expect(newKeys).toBe(1);
    expect(imported).toMatchObject([{ intent: 'rotate', selectors: staged.staged[0]?.selectors }]);
    expect(imported[0]?.fingerprints).not.toEqual(staged.staged[0]?.fingerprints);
    const again = await other.call('pending.import', { text });
    expect(again.unchanged).toMatchObject([{ reason: 'staged already' }]);
    await other.call('pending.drop', { ids: 'all' });
    await other.call('signing.stage', { ...one, action: 'off' });
    const beside = await other.call('pending.import', { text });
    expect(beside.unchanged).toMatchObject([{ reason: 'another change is staged already (signing-off)' }]);
  });
});
