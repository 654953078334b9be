/** The engine behind its contract, on facts of hosts in memory: everything that needs no connection. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunningEngine } from '../../../electron/compose.ts';
import { startEngine } from '../../../electron/compose.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import type { EngineEvent, Operation } from '../../../shared/contract.ts';
import { SignetError } from '../../../shared/problem.ts';
import { temporaryHome } from '../../tools/homes.ts';
import { factsOfServer, fingerprint, muteServer, rememberServer } from './known-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let facts: readonly ServerFacts[];
beforeAll(async () => {
  facts = await factsOfServer();
});

/** An engine whose home knows mx1 and what was read of it. */
async function engineAt(home: string, passphrase = 'correct horse'): Promise<RunningEngine> {
  const engine = await startEngine({
    home,
    command: 'signet test',
    env: { SIGNET_VAULT: 'passphrase', SIGNET_PASSPHRASE: passphrase },
  });
  closing.push(() => engine.close());
  return engine;
}

async function scanned(port?: number): Promise<{ readonly home: string; readonly engine: RunningEngine }> {
  const home = temporaryHome();
  rememberServer(home, facts, port);
  return { home, engine: await engineAt(home) };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof SignetError) return error.problem.code;
  throw new Error('expected a SignetError', { cause: error });
}

const on = { targets: 'all', action: 'on', key: 'rsa1024' } as const;

describe('calls', () => {
  test('an unknown operation and an input that does not fit are refused, without what was in it', async () => {
    const { engine } = await scanned();
    expect(await codeOf(engine.call('servers.burn' as Operation, {} as never))).toBe('unknown-operation');
    const secret = `not-a-fingerprint ${'x'.repeat(40)}`;
    const error = await engine.call('servers.trust', { name: 'mx1', fingerprint: secret }).catch((e: unknown) => e);
    expect(error).toMatchObject({ failure: 'usage', problem: { code: 'input-invalid' } });
    expect(JSON.stringify(error)).not.toContain(secret);
    expect(String(error)).not.toContain(secret);
  });

  test('the table, a plan and its diffs need no connection', async () => {
    const { engine } = await scanned();
    const events: EngineEvent[] = [];
    engine.subscribe(event => events.push(event));
    expect((await engine.call('domains.list', {})).map(row => [row.domain, row.signing])).toEqual([
      ['one.example', 'off'],
      ['two.example', 'off'],
    ]);
    const staged = await engine.call('signing.stage', on);
    expect(staged).toMatchObject({ keys: 2, refused: [], cancelled: [] });
    expect(events.some(event => event.type === 'changed' && event.what === 'pending')).toBe(true);
    const plan = await engine.call('plan.compute', { diffs: true });
    expect(plan.changes.map(change => change.id)).toEqual(['install@mx1', 'publish@mx1', 'switch@mx1']);
    const diffs = plan.changes.flatMap(change =>
      change.steps.flatMap(step => ('diff' in step ? [step.diff ?? ''] : [])),
    );
    expect(diffs.join('\n')).toMatch(/^\+.*_domainkey/m);
    const [, second] = staged.staged;
    const without = await engine.call('plan.compute', { leaveOut: [second?.id ?? ''] });
    expect(without.changes[0]?.domains).toEqual(['one.example']);
  });

  test('a server that cannot be reached fails, and the others are not held up', async () => {
    const { engine } = await scanned();
    const [result] = await engine.call('scan.run', {});
    expect(result).toMatchObject({ server: 'mx1', ok: false, failure: 'failed' });
    expect((await engine.call('domains.list', {})).length).toBe(2);
  });

  test('a plan that is not the one that was reviewed is not applied', async () => {
    const { engine } = await scanned();
    await engine.call('signing.stage', on);
    const { id } = await engine.call('plan.compute', {});
    await engine.call('signing.stage', { ...on, targets: [{ domain: 'two.example' }], action: 'off' });
    expect(await codeOf(engine.call('apply.run', { plan: id }))).toBe('plan-stale');
  });

  test('one named target that is refused stops all that were named', async () => {
    const { engine } = await scanned();
    const targets = [{ domain: 'one.example' }, { domain: 'three.example' }, { domain: '$(reboot)' }];
    const strict = await engine.call('signing.stage', { ...on, targets, strict: true });
    expect(strict.refused.map(({ problem }) => problem.code)).toContain('unknown-domain');
    expect(strict.staged).toEqual([]);
    expect((await engine.call('signing.stage', { ...on, targets })).staged.length).toBe(1);
  });
});

describe('a run under way', () => {
  test('is stopped by its id, whoever started it', async () => {
    const mute = await muteServer();
    closing.push(mute.close);
    const { engine } = await scanned(mute.port);
    await engine.call('servers.secrets', { name: 'mx1', secrets: { password: 'not asked for' } });
    await engine.call('signing.stage', on);
    const begun = new Promise<string>(resolve => {
      engine.subscribe(event => {
        if (event.type === 'run' && event.event.type === 'run') resolve(event.event.run);
      });
    });
    const run = engine.call('apply.run', {});
    const id = await begun;
    expect(await engine.call('runs.stop', { id })).toEqual({ stopping: true });
    expect((await run).changes.map(({ state }) => state)).toEqual(['skipped', 'skipped', 'skipped']);
    expect(await engine.call('runs.stop', { id })).toEqual({ stopping: false });
    expect(await codeOf(engine.call('runs.stop', { id: 'r-none' }))).toBe('unknown-run');
  });
});

describe('pending changes in a file', () => {
  test('hold no private key, and get new ones where they are imported', async () => {
    const { engine } = await scanned();
    await engine.call('signing.stage', on);
    const { text, keysIncluded } = await engine.call('pending.export', {});
    expect(keysIncluded).toBe(false);
    expect(text).not.toMatch(/PRIVATE KEY/);
    const { engine: other } = await scanned();
    expect(await other.call('pending.import', { text })).toMatchObject({ newKeys: 2, refused: [] });
    const [mine, theirs] = [await engine.call('pending.list', {}), await other.call('pending.list', {})];
    expect(theirs.map(row => row.selectors)).toEqual(mine.map(row => row.selectors));
    expect(theirs.map(row => row.fingerprints)).not.toEqual(mine.map(row => row.fingerprints));
    expect(await other.call('pending.import', { text })).toMatchObject({ imported: [], newKeys: 0 });
  });

  test('hold private keys sealed under a passphrase, and only it opens them', async () => {
    const { engine } = await scanned();
    await engine.call('signing.stage', on);
    const { text } = await engine.call('pending.export', { passphrase: 'for Jana' });
    expect(text).not.toMatch(/PRIVATE KEY/);
    const { engine: other } = await scanned();
    expect(await codeOf(other.call('pending.import', { text, passphrase: 'for Petr' }))).toBe(
      'export-passphrase-wrong',
    );
    expect(await other.call('pending.list', {})).toEqual([]);
    expect(await other.call('pending.import', { text, passphrase: 'for Jana' })).toMatchObject({ newKeys: 0 });
    const fingerprints = async (from: RunningEngine) =>
      (await from.call('pending.list', {})).flatMap(row => row.fingerprints).sort();
    expect(await fingerprints(other)).toEqual(await fingerprints(engine));
  });

  test('of another server, or cut short, are refused', async () => {
    const { engine } = await scanned();
    await engine.call('signing.stage', on);
    const { text } = await engine.call('pending.export', {});
    const foreign = text.replaceAll(fingerprint, `SHA256:${'B'.repeat(43)}`);
    const { engine: other } = await scanned();
    const result = await other.call('pending.import', { text: foreign });
    expect(new Set(result.refused.map(({ problem }) => problem.code))).toEqual(new Set(['import-other-server']));
    expect(await codeOf(other.call('pending.import', { text: text.slice(0, -100) }))).toBe('import-unreadable');
    expect(await codeOf(other.call('pending.import', { text: '{"format":"signet-pending"}' }))).toBe(
      'import-unreadable',
    );
  });
});

describe('the home', () => {
  test('holds no private key in the clear, and takes one process at a time', async () => {
    const { home, engine } = await scanned();
    await engine.call('signing.stage', on);
    const again = startEngine({ home, command: 'signet test', waitMs: 0, env: { SIGNET_VAULT: 'passphrase' } });
    expect(await codeOf(again)).toBe('home-in-use');
    await engine.close();
    const clear = readdirSync(home).filter(file => readFileSync(join(home, file)).includes('PRIVATE KEY'));
    expect(clear).toEqual([]);
    const sample = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
      type: 'pkcs1',
      format: 'pem',
    });
    expect(sample).toContain('PRIVATE KEY');
  });

  test('with another passphrase opens no key, and says so', async () => {
    const { home, engine } = await scanned();
    await engine.call('signing.stage', on);
    await engine.close();
    const wrong = await engineAt(home, 'another');
    expect(await codeOf(wrong.call('pending.export', { passphrase: 'x' }))).toBe('vault-passphrase-wrong');
    expect((await wrong.call('vault.unlock', { passphrase: 'correct horse' })).state).toBe('ready');
    expect((await wrong.call('pending.export', { passphrase: 'x' })).keysIncluded).toBe(true);
  });
});
