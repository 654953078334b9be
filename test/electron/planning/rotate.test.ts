/** Rotations from the wish to what is on the servers: real drivers, hosts in memory. Their order is the law-two tests' matter. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DomainChange, DomainRow, Plan } from '../../../shared/model.ts';
import { registry } from '../../../electron/drivers/registry.ts';
import { findKey, stageCompromised } from '../../../electron/planning/compromised.ts';
import { indexFleet, sharers } from '../../../electron/planning/fleet.ts';
import { isDue, managedKey, planFleet } from '../../../electron/planning/plan.ts';
import type { RotationWish } from '../../../electron/planning/rotate.ts';
import { stageRotation } from '../../../electron/planning/rotate.ts';
import { domainRows } from '../../../electron/planning/rows.ts';
import { stage } from '../../../electron/planning/stage.ts';
import { realisedEffects } from '../../../electron/planning/undo.ts';
import { publicKeyFingerprint } from '../../../electron/store/fingerprint.ts';
import type { GeneratedKey } from '../../../electron/vault/api.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import { carriedOut } from './carried-out.ts';
import { World } from './fleet-world.ts';

const now = new Date('2026-11-24T00:00:00Z');
const hours = 3_600_000;
const signed = (name: string) => ({ name, signed: true, policy: false });
const hosts = [
  {
    name: 'mx1',
    domains: [
      signed('solo.example'),
      signed('shared.example'),
      signed('outside.example'),
      { ...signed('off.example'), signed: false },
    ],
    zones: ['solo.example', 'shared.example', 'off.example'],
  },
  { name: 'mx2', domains: [signed('shared.example')], zones: [] },
];
const everything = hosts.flatMap(host => host.domains.map(domain => managedKey(domain.name, host.name, 'old')));

let keys: readonly GeneratedKey[];
let old: GeneratedKey;
let world: World;

beforeAll(async () => {
  keys = await generateKeys(Array.from({ length: 5 }, () => ({ algorithm: 'rsa', bits: 1024 }) as const));
  const [first] = keys;
  if (first === undefined) throw new Error('no key');
  old = first;
});

beforeEach(() => {
  world = new World(hosts, old, new Map(keys.map((key, i) => [`k${i}`, key.privateKeyPem])));
});

/** What staging looks at. */
async function situation() {
  const fleet = indexFleet(await world.facts(), []);
  const context = {
    fleet,
    managed: () => true,
    signedElsewhere: (domain: string, server: string, selector: string) =>
      sharers(fleet, domain, server, selector).length > 0,
    willSign: () => true,
  };
  return { context, rows: domainRows({ ...context, pending: () => [], probe: () => null }) };
}

const wish: RotationWish = { key: null, graceHours: 48 };

async function rotated(
  changes: Partial<RotationWish> = {},
  pending: readonly DomainChange[] = [],
  only: (row: DomainRow) => boolean = () => true,
) {
  const { context, rows } = await situation();
  return stageRotation(context, rows.filter(only), pending, { ...wish, ...changes }, now);
}

async function compromised(named: string, pending: readonly DomainChange[] = []) {
  const { context, rows } = await situation();
  return stageCompromised(context, rows, pending, findKey(context.fleet, named, publicKeyFingerprint), wish, now);
}

/** Each change has a key of its own. */
function changesOf(plan: Parameters<typeof carriedOut>[0]): readonly DomainChange[] {
  let next = 0;
  return carriedOut(plan, [], () => {
    next += 1;
    return { ref: { secret: `k${next}` }, publicKey: keys[next]?.publicKey ?? '' };
  });
}

async function planned(pending: readonly DomainChange[], managed: readonly string[] = everything): Promise<Plan> {
  const facts = await world.facts();
  return planFleet({ facts, servers: [], pending, drivers: registry, managed: new Set(managed), now });
}

const apply = (plan: Plan) => {
  for (const change of plan.changes) world.apply(change);
};

async function served(name: string): Promise<readonly string[] | null> {
  return (await world.facts())[0]?.served[name] ?? null;
}

const problemsOf = (plan: Plan) => plan.problems.map(({ code, domain, server }) => `${code} ${domain} ${server}`);

describe('a rotation is staged', () => {
  test('for what is signed, with keys as the old ones and selectors of each server', async () => {
    const plan = await rotated();
    expect(
      plan.additions.map(({ domain, server, needs }) => [
        domain,
        server,
        ...needs.map(need => [need.selector, need.bits]),
      ]),
    ).toEqual([
      ['solo.example', 'mx1', ['mx1-202611', 1024]],
      ['shared.example', 'mx1', ['mx1-202611', 1024]],
      ['outside.example', 'mx1', ['mx1-202611', 1024]],
      ['shared.example', 'mx2', ['mx2-202611', 1024]],
    ]);
    expect(plan.unchanged.map(({ domain }) => domain)).toEqual(['off.example']);
    expect(plan.refused).toEqual([]);
  });

  test('with another kind of key when asked for', async () => {
    const plan = await rotated({ key: 'rsa4096' }, [], row => row.domain === 'solo.example');
    expect(plan.additions.map(({ needs }) => needs.map(need => need.bits))).toEqual([[4096]]);
  });

  test('with a new key for each where two sign', async () => {
    const { context, rows } = await situation();
    const solo = rows.filter(row => row.domain === 'solo.example');
    const two = solo.map(row => ({
      ...row,
      keys: row.keys.flatMap(key => [key, { ...key, selector: 'second', bits: 2048 }]),
    }));
    const [addition] = stageRotation(context, two, [], wish, now).additions;
    expect(addition?.intent).toMatchObject({ replaces: ['old', 'second'] });
    expect(addition?.needs).toMatchObject([
      { selector: 'mx1-202611', bits: 1024 },
      { selector: 'mx1-202611-2', bits: 2048 },
    ]);
  });

  test('with a key for DomainKeys in the place of one', async () => {
    const { context, rows } = await situation();
    const solo = rows.filter(row => row.domain === 'solo.example');
    const both = solo.map(row => ({
      ...row,
      keys: row.keys.flatMap(key => [key, { ...key, selector: 'old-dk', scheme: 'domainkeys' as const, bits: 2048 }]),
    }));
    for (const key of [null, 'rsa4096'] as const) {
      const [addition] = stageRotation(context, both, [], { ...wish, key }, now).additions;
      expect(addition?.needs).toMatchObject([
        { selector: 'mx1-202611', bits: key === null ? 1024 : 4096, scheme: 'dkim' },
        { selector: 'mx1-202611-dk', bits: 2048, scheme: 'domainkeys' },
      ]);
    }
  });

  test('once; another grace time replaces it', async () => {
    const pending = changesOf(await rotated());
    expect(await rotated({}, pending)).toMatchObject({ additions: [], drops: [], refused: [] });
    const again = await rotated({ graceHours: 12 }, pending);
    expect(again.drops.length).toBe(pending.length);
    expect(again.additions.map(({ needs }) => needs[0]?.selector)).toContain('mx1-202611');
  });

  test('for all servers that share a key, or for none', async () => {
    const alone = await rotated({}, [], row => row.server === 'mx2');
    expect(alone.additions).toEqual([]);
    expect(alone.refused).toMatchObject([{ domain: 'shared.example', server: 'mx2', problem: { code: 'key-shared' } }]);
    const first = changesOf(await rotated());
    const later = await rotated({ graceHours: 1 }, first, row => row.server === 'mx2');
    expect(later.additions.map(({ domain }) => domain)).toEqual(['shared.example']);
  });

  test('not beside another change, nor another change beside it', async () => {
    const { context, rows } = await situation();
    const off = {
      action: 'off',
      key: 'rsa2048',
      scheme: 'dkim',
      policy: 'keep',
      dmarc: 'keep',
      graceHours: 1,
    } as const;
    const leaving = carriedOut(stage(context, rows, [], off, now));
    expect((await rotated({}, leaving)).refused.map(({ problem }) => problem.code)).toEqual(
      leaving.map(() => 'pending-twice'),
    );
    const rotations = changesOf(await rotated());
    const codes = stage(context, rows, rotations, off, now).refused.map(({ problem }) => problem.code);
    expect(codes).toEqual(rotations.map(() => 'rotation-staged'));
  });
});

describe('a rotation is planned', () => {
  test('new keys installed, published, gated, switched to; the old ones become due tasks', async () => {
    const pending = changesOf(await rotated());
    const plan = await planned(pending);
    expect(plan.problems).toEqual([]);
    expect(plan.changes.map(({ id }) => id)).toEqual([
      'install@mx1',
      'install@mx2',
      'publish@mx1',
      'switch@mx1',
      'switch@mx2',
    ]);
    expect(plan.changes.flatMap(({ probes }) => probes.map(probe => probe.selectors))).toEqual([
      ['mx1-202611'],
      ['mx1-202611'],
      ['mx1-202611'],
      ['mx2-202611'],
    ]);
    expect(plan.changes.find(({ id }) => id === 'switch@mx1')?.reason).toMatch(/to new keys for 3 domains/);
    expect(plan.effects.map(({ retire }) => retire)).toEqual(pending.map(() => [{ selector: 'old', graceHours: 48 }]));
    expect(plan.manual.map(({ domain, action, rrset }) => [domain, action, rrset.name])).toEqual([
      ['outside.example', 'publish', 'mx1-202611._domainkey.outside.example'],
    ]);
  });

  test('keys that Signet neither made nor adopted are named, and stay', async () => {
    const plan = await planned(
      changesOf(await rotated({ graceHours: 0 }, [], row => row.domain === 'solo.example')),
      [],
    );
    expect(problemsOf(plan)).toEqual(['key-not-ours solo.example mx1']);
    expect(plan.effects.map(({ removed, retire }) => [removed, retire])).toEqual([[[], []]]);
    apply(plan);
    expect(await served('old._domainkey.solo.example')).toHaveLength(1);
    expect(world.has('mx1', '/etc/dkimkeys/solo.example/old.private')).toBe(true);
  });

  test('without grace a key that servers share goes once both are switched', async () => {
    const pending = changesOf(await rotated({ graceHours: 0 }, [], row => row.domain === 'shared.example'));
    const plan = await planned(pending);
    expect(plan.changes.map(({ id }) => id).slice(-3)).toEqual(['unpublish@mx1', 'remove@mx1', 'remove@mx2']);
    apply(plan);
    expect(await served('old._domainkey.shared.example')).toBeNull();
    expect((await planned(pending)).changes).toEqual([]);
  });

  test('for one of two that share a key it is refused, whatever became of the other change', async () => {
    const [one] = changesOf(await rotated({}, [], row => row.domain === 'shared.example'));
    const plan = await planned(one === undefined ? [] : [one]);
    expect(problemsOf(plan)).toEqual(['key-shared shared.example mx1']);
    expect(plan.changes).toEqual([]);
  });

  test('what signs with something else by now is refused', async () => {
    const pending = changesOf(await rotated({}, [], row => row.domain === 'solo.example'));
    const [change] = pending;
    apply(await planned(changesOf(await rotated({}, [], row => row.domain === 'solo.example'))));
    if (change?.intent.kind !== 'rotate') throw new Error('no rotation');
    const stale = {
      ...change,
      intent: { ...change.intent, keys: change.intent.keys.map(key => ({ ...key, selector: 'other' })) },
    };
    expect(problemsOf(await planned([stale]))).toEqual(['changed-since-staged solo.example mx1']);
  });
});

describe('a due task', () => {
  const retire = (notBefore: Date): DomainChange => ({
    id: 'r',
    domain: 'solo.example',
    server: 'mx1',
    createdAt: now.toISOString(),
    intent: { kind: 'retire', selector: 'old', notBefore: notBefore.toISOString() },
  });
  const task = retire(new Date(now.getTime() + 48 * hours));

  test("is due by the laptop's clock: a laptop that was shut for a month is only later", () => {
    expect(isDue(task, new Date(now.getTime() + 47 * hours))).toBe(false);
    expect(isDue(task, new Date(now.getTime() + 49 * hours))).toBe(true);
    expect(isDue(task, new Date(now.getTime() + 30 * 24 * hours))).toBe(true);
  });

  test('until it is carried out both keys are served, however long that is', async () => {
    apply(await planned(changesOf(await rotated({}, [], row => row.domain === 'solo.example'))));
    expect(await served('old._domainkey.solo.example')).toHaveLength(1);
    expect(await served('mx1-202611._domainkey.solo.example')).toHaveLength(1);
    const plan = await planned([task]);
    expect(plan.changes.map(({ id }) => id)).toEqual(['unpublish@mx1', 'remove@mx1']);
    apply(plan);
    expect(await served('old._domainkey.solo.example')).toBeNull();
    expect(world.has('mx1', '/etc/dkimkeys/solo.example/old.private')).toBe(false);
    expect((await planned([task])).changes).toEqual([]);
  });

  test('is the same whatever the clock of the server says', async () => {
    apply(await planned(changesOf(await rotated({}, [], row => row.domain === 'solo.example'))));
    const facts = await world.facts();
    const plans = [0, 4_000_000_000].map(server =>
      planFleet({
        facts: facts.map(one => ({ ...one, host: { ...one.host, clock: { ...one.host.clock, server } } })),
        servers: [],
        pending: [task],
        drivers: registry,
        managed: new Set(everything),
        now,
      }),
    );
    expect(plans[0]?.changes).not.toEqual([]);
    expect(plans[0]?.id).toBe(plans[1]?.id);
  });

  test('is refused where the key signs again', async () => {
    expect(problemsOf(await planned([task]))).toEqual(['key-in-use solo.example mx1']);
  });
});

describe('a compromised key', () => {
  test('is found on every server and in every zone, by its fingerprint and by a name', async () => {
    const fingerprint = publicKeyFingerprint(old.publicKey);
    const plan = await compromised(fingerprint);
    expect(plan.additions.map(({ domain, server }) => `${domain} ${server}`).toSorted()).toEqual([
      'outside.example mx1',
      'shared.example mx1',
      'shared.example mx2',
      'solo.example mx1',
    ]);
    const named = await compromised('old._domainkey.solo.example');
    expect(named.additions.map(({ domain, intent }) => [domain, intent])).toEqual(
      plan.additions.map(({ domain, intent }) => [domain, intent]),
    );
    expect((await compromised('0'.repeat(64))).additions).toEqual([]);
  });

  test('is revoked at once, after the switch, and its record stays', async () => {
    const pending = changesOf(await compromised(publicKeyFingerprint(old.publicKey)));
    const plan = await planned(pending);
    expect(plan.changes.map(({ phase }) => phase)).toEqual([
      'install',
      'install',
      'publish',
      'switch',
      'switch',
      'unpublish',
      'remove',
      'remove',
    ]);
    expect(new Set(plan.problems.map(({ code }) => code))).toEqual(new Set(['mail-under-way']));
    expect(plan.effects.flatMap(({ retire }) => retire)).toEqual([]);
    expect(
      plan.manual
        .filter(({ rrset }) => rrset.name.startsWith('old.'))
        .map(({ action, rrset }) => [action, rrset.values]),
    ).toEqual([['publish', ['v=DKIM1; k=rsa; p=']]]);
    apply(plan);
    for (const domain of ['solo', 'shared']) {
      expect(await served(`old._domainkey.${domain}.example`)).toEqual(['v=DKIM1; k=rsa; p=']);
    }
    expect(world.has('mx2', '/etc/dkimkeys/shared.example/old.private')).toBe(false);
    expect((await planned(pending)).changes).toEqual([]);
  });

  test('of somebody else is revoked, and its file is named and stays', async () => {
    const plan = await planned(changesOf(await compromised('old._domainkey.solo.example')), []);
    expect(problemsOf(plan)).toContain('key-not-ours solo.example mx1');
    apply(plan);
    expect(await served('old._domainkey.solo.example')).toEqual(['v=DKIM1; k=rsa; p=']);
    expect(world.has('mx1', '/etc/dkimkeys/solo.example/old.private')).toBe(true);
  });

  test('that nothing signs with any more is revoked where its record still stands', async () => {
    apply(await planned(changesOf(await rotated())));
    const plan = await planned(changesOf(await compromised('old._domainkey.solo.example')));
    expect(plan.changes.map(({ phase }) => phase)).toEqual(['unpublish', 'remove', 'remove']);
    apply(plan);
    expect(await served('old._domainkey.solo.example')).toEqual(['v=DKIM1; k=rsa; p=']);
  });

  test('whose files are gone is revoked in its zone, on whichever server that is', async () => {
    world = new World([{ name: 'ns1', domains: [signed('solo.example')], zones: ['solo.example'] }], old, new Map());
    const facts = (await world.facts()).map(one => ({ ...one, mta: null, signers: [] }));
    const fleet = indexFleet(facts, []);
    const { context } = await situation();
    const found = findKey(fleet, publicKeyFingerprint(old.publicKey), publicKeyFingerprint);
    const pending = changesOf(stageCompromised({ ...context, fleet }, [], [], found, wish, now));
    expect(pending.map(({ domain, server }) => [domain, server])).toEqual([['solo.example', 'ns1']]);
    const plan = planFleet({ facts, servers: [], pending, drivers: registry, managed: new Set(), now });
    expect(plan.changes.map(({ id }) => id)).toEqual(['unpublish@ns1']);
    apply(plan);
    expect(await served('old._domainkey.solo.example')).toEqual(['v=DKIM1; k=rsa; p=']);
  });

  test('is not put back by undo, and no due task deletes its record', async () => {
    const plan = await planned(changesOf(await compromised('old._domainkey.solo.example')));
    apply(plan);
    const run = {
      id: 'r1',
      startedAt: '',
      finishedAt: '',
      outcome: 'applied' as const,
      plan,
      changes: plan.changes.map(change => ({ ...change, state: 'applied' as const, finishedAt: '', problem: null })),
      problems: [],
    };
    const undo = realisedEffects(run).flatMap((effect, i): readonly DomainChange[] =>
      effect.domain === null
        ? []
        : [
            {
              id: `u${i}`,
              domain: effect.domain,
              server: effect.server,
              createdAt: '',
              intent: { kind: 'undo', run: 'r1', effect, graceHours: 0 },
            },
          ],
    );
    const back = await planned(undo);
    expect(new Set(back.problems.map(({ code }) => code))).toEqual(new Set(['key-revoked']));
    expect(back.changes).toEqual([]);
    const due: DomainChange = {
      id: 'd',
      domain: 'solo.example',
      server: 'mx1',
      createdAt: '',
      intent: { kind: 'retire', selector: 'old', notBefore: '' },
    };
    expect((await planned([due])).changes).toEqual([]);
  });
});
