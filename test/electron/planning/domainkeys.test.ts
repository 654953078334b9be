/** A domain on a server with two signers: staged, planned and carried out, each signer with its own part. */
import { describe, expect, test } from 'vitest';
import type { DomainChange, PendingChange, Scheme } from '../../../shared/model.ts';
import { registry } from '../../../electron/drivers/registry.ts';
import { indexFleet } from '../../../electron/planning/fleet.ts';
import { planFleet } from '../../../electron/planning/plan.ts';
import { domainRows } from '../../../electron/planning/rows.ts';
import type { SigningWish } from '../../../electron/planning/stage.ts';
import { stage } from '../../../electron/planning/stage.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import { carriedOut } from './carried-out.ts';
import { violations, World } from './fleet-world.ts';

const now = new Date('2026-11-24T00:00:00Z');
const [old, fresh] = await generateKeys([
  { algorithm: 'rsa', bits: 2048 },
  { algorithm: 'rsa', bits: 2048 },
]);

function makeWorld(domainkeys: boolean): World {
  if (old === undefined || fresh === undefined) throw new Error('no keys');
  const domains = [
    { name: 'new.example', signed: false, policy: false },
    { name: 'old.example', signed: true, policy: false },
  ];
  const zones = domains.map(({ name }) => name);
  return new World([{ name: 'mx1', domains, zones, domainkeys }], old, new Map([['k', fresh.privateKeyPem]]));
}

async function table(world: World) {
  const fleet = indexFleet(await world.facts(), []);
  const context = { fleet, managed: () => true, signedElsewhere: () => false, willSign: () => true };
  return { context, rows: domainRows({ ...context, pending: () => [], probe: () => null }) };
}

async function staged(world: World, scheme: Scheme, changes: Partial<SigningWish> = {}) {
  const { context, rows } = await table(world);
  const wish = {
    action: 'on',
    key: 'rsa2048',
    scheme,
    policy: 'keep',
    dmarc: 'keep',
    graceHours: 0,
    ...changes,
  } as const;
  return stage(context, rows, [], wish, now);
}

const keys = () => ({ ref: { secret: 'k' }, publicKey: fresh?.publicKey ?? '' });

/** Carries the plan out change by change; no state on the way may break law 2. */
async function carryOut(world: World, pending: readonly PendingChange[]): Promise<readonly string[]> {
  const facts = await world.facts();
  const managed = new Set<string>();
  const plan = planFleet({ facts, servers: [], drivers: registry, managed, pending, now });
  expect(plan.problems.filter(({ severity }) => severity === 'stop')).toEqual([]);
  for (const change of plan.changes) {
    world.apply(change);
    expect(violations(world, await world.facts())).toEqual([]);
  }
  return plan.changes.map(({ id }) => id);
}

async function inUse(world: World) {
  const { rows } = await table(world);
  return Object.fromEntries(
    rows.map(row => [row.domain, row.keys.filter(key => key.inUse).map(key => `${key.scheme} ${key.selector}`)]),
  );
}

const changesOf = (plan: Parameters<typeof carriedOut>[0]): readonly DomainChange[] => carriedOut(plan, [], keys);

describe('a domain with DomainKeys', () => {
  test('has a selector for each scheme, and each signer its own key', async () => {
    const world = makeWorld(true);
    expect(await carryOut(world, changesOf(await staged(world, 'both', { policy: 'sign-all' })))).toEqual([
      'install@mx1',
      'publish@mx1',
      'switch@mx1',
      'policy@mx1',
    ]);
    expect(await inUse(world)).toEqual({
      'new.example': ['dkim mx1-202611', 'domainkeys mx1-202611-dk'],
      'old.example': ['dkim old', 'domainkeys mx1-202611-dk'],
    });
    expect((await staged(world, 'both')).additions).toEqual([]);
  });

  test('alone leaves OpenDKIM as it is, and comes beside DKIM where that signs', async () => {
    const world = makeWorld(true);
    const before = world.snapshot('mx1').get('/etc/opendkim/signing.table');
    await carryOut(world, changesOf(await staged(world, 'domainkeys')));
    expect(world.snapshot('mx1').get('/etc/opendkim/signing.table')).toBe(before);
    expect(await inUse(world)).toEqual({
      'new.example': ['domainkeys mx1-202611-dk'],
      'old.example': ['dkim old', 'domainkeys mx1-202611-dk'],
    });
  });

  test('is off with both, and what was there before is there again', async () => {
    const world = makeWorld(true);
    await carryOut(world, changesOf(await staged(world, 'both')));
    await carryOut(world, changesOf(await staged(world, 'both', { action: 'off', graceHours: 24 })));
    expect(await inUse(world)).toEqual({ 'new.example': [], 'old.example': [] });
    expect(world.snapshot('mx1').get('/etc/signet-domainkeys/keytable')).toBe('# by line\n');
  });

  test('is off alone where that is asked for, and DKIM goes on', async () => {
    const world = makeWorld(true);
    const signing = () => world.snapshot('mx1').get('/etc/opendkim/signing.table');
    await carryOut(world, changesOf(await staged(world, 'both', { policy: 'sign-all' })));
    const before = signing();
    const off = await staged(world, 'domainkeys', { action: 'off', graceHours: 24 });
    // the policy stays: all mail is signed still
    expect(await carryOut(world, changesOf(off))).toEqual(['switch@mx1']);
    expect(await inUse(world)).toEqual({ 'new.example': ['dkim mx1-202611'], 'old.example': ['dkim old'] });
    expect(signing()).toBe(before);
    expect((await staged(world, 'domainkeys', { action: 'off' })).additions).toEqual([]);
    // what is left is all of it
    const rest = await staged(world, 'dkim', { action: 'off' });
    expect(rest.additions.map(({ intent }) => intent)).not.toContainEqual(
      expect.objectContaining({ scheme: expect.anything() }),
    );
  });

  test.each([
    ['rsa4096', 2048],
    ['rsa1024', 1024],
    ['ed25519', 2048],
  ] as const)('asked for with %s has a key of RSA %d', async (key, bits) => {
    const { additions } = await staged(makeWorld(true), 'domainkeys', { key });
    expect(additions.flatMap(({ needs }) => needs)).toEqual(
      additions.map(() => expect.objectContaining({ scheme: 'domainkeys', algorithm: 'rsa', bits })),
    );
  });

  test('is refused where nothing signs so, and then DKIM is not staged either', async () => {
    for (const scheme of ['domainkeys', 'both'] as const) {
      const { additions, refused } = await staged(makeWorld(false), scheme);
      expect([additions, refused.map(({ problem }) => problem.code)]).toEqual([
        [],
        ['scheme-unsupported', 'scheme-unsupported'],
      ]);
    }
  });
});
