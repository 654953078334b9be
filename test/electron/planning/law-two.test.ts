/** Law 2: stop a plan anywhere, forever, and nothing is lost, condemned or signed in vain. Real drivers, generated fleets. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PendingChange, SigningOnIntent, StagedKey } from '../../../shared/model.ts';
import { registry } from '../../../electron/drivers/registry.ts';
import { managedKey, planFleet } from '../../../electron/planning/plan.ts';
import { realisedEffects } from '../../../electron/planning/undo.ts';
import type { GeneratedKey } from '../../../electron/vault/api.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import type { HostPlan } from './fleet-world.ts';
import { order, violations, World } from './fleet-world.ts';

interface Wish {
  readonly domain: number;
  readonly server: number;
  readonly action: 'on' | 'off' | 'policy';
  readonly policy: 'keep' | 'sign-all' | 'none';
  readonly graceHours: number;
}

const names = ['a.example', 'b.example', 'sub.b.example', 'c.example', 'd.example'];
const zones = ['a.example', 'b.example', 'c.example', 'd.example'];

const fleets = fc.record({
  /** For each domain: on which of two servers it is hosted (bits), whether it is signed there, whether its policy says so. */
  domains: fc.tuple(
    ...names.map(() => fc.record({ on: fc.integer({ min: 1, max: 3 }), signed: fc.boolean(), policy: fc.boolean() })),
  ),
  primary: fc.tuple(...zones.map(() => fc.integer({ min: 0, max: 1 }))),
  wishes: fc.uniqueArray(
    fc.record<Wish>({
      domain: fc.integer({ min: 0, max: names.length - 1 }),
      server: fc.integer({ min: 0, max: 1 }),
      action: fc.constantFrom('on', 'off', 'policy'),
      policy: fc.constantFrom('keep', 'sign-all', 'none'),
      graceHours: fc.constantFrom(0, 48),
    }),
    { minLength: 1, maxLength: 6, selector: wish => `${wish.domain} ${wish.server}` },
  ),
  choices: fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
});
type Fleet = typeof fleets extends fc.Arbitrary<infer T> ? T : never;

const servers = ['mx1', 'mx2'];
let keys: readonly GeneratedKey[];

beforeAll(async () => {
  keys = await generateKeys(Array.from({ length: 12 }, () => ({ algorithm: 'rsa', bits: 1024 }) as const));
});

function hostPlans({ domains, primary }: Fleet): readonly HostPlan[] {
  return servers.map((name, server) => ({
    name,
    domains: names.flatMap((domain, i) => {
      const { on = 0, signed = false, policy = false } = domains[i] ?? {};
      return (on & (1 << server)) === 0 ? [] : [{ name: domain, signed, policy: policy && signed }];
    }),
    zones: zones.filter((_zone, i) => primary[i] === server),
  }));
}

function pendingOf(fleet: Fleet, hosts: readonly HostPlan[], pems: Map<string, string>): readonly PendingChange[] {
  return fleet.wishes.flatMap((wish, i): readonly PendingChange[] => {
    const server = servers[wish.server] ?? '';
    const domain = names[wish.domain] ?? '';
    const row = hosts[wish.server]?.domains.find(({ name }) => name === domain);
    const key = keys[i + 1];
    if (row === undefined || key === undefined) return [];
    const base = { id: `p${i}`, domain, server, createdAt: '2026-11-24T00:00:00Z' };
    const dmarc = 'keep' as const;
    if (wish.action === 'policy') return [{ ...base, intent: { kind: 'policy', policy: wish.policy, dmarc } }];
    if (wish.action === 'off') {
      if (!row.signed) return [];
      const policy = wish.policy === 'sign-all' ? 'keep' : wish.policy;
      return [{ ...base, intent: { kind: 'signing-off', policy, dmarc, graceHours: wish.graceHours } }];
    }
    if (row.signed) return [];
    const staged: StagedKey = {
      ref: { secret: `k${i}` },
      domain,
      server,
      selector: `${server}-s`,
      algorithm: 'rsa',
      bits: 1024,
      publicKey: key.publicKey,
    };
    pems.set(`k${i}`, key.privateKeyPem);
    const intent: SigningOnIntent = {
      kind: 'signing-on',
      scheme: 'dkim',
      keys: [staged],
      adopt: [],
      policy: wish.policy,
      dmarc,
    };
    return [{ ...base, intent }];
  });
}

/** The world, the plan for it and everything that the checks need. */
async function prepare(fleet: Fleet) {
  const hosts = hostPlans(fleet);
  const pems = new Map<string, string>();
  const pending = pendingOf(fleet, hosts, pems);
  const [old] = keys;
  if (old === undefined) throw new Error('no keys');
  const world = new World(hosts, old, pems);
  const facts = await world.facts();
  const managed = new Set(
    hosts.flatMap(({ name, domains }) => domains.map(domain => managedKey(domain.name, name, 'old'))),
  );
  const input = { servers: [], drivers: registry, managed, now: new Date('2026-11-24T00:00:00Z') };
  // what an admin would have to acknowledge is left out: the law is for what goes on without it
  const first = planFleet({ ...input, facts, pending });
  const stopped = new Set(
    first.problems.filter(problem => problem.severity === 'stop').map(({ domain, server }) => `${domain} ${server}`),
  );
  const safe = pending.filter(({ domain, server }) => !stopped.has(`${domain} ${server}`));
  return { world, facts, pending: safe, input, plan: planFleet({ ...input, facts, pending: safe }) };
}

const picker = (choices: readonly number[]) => {
  let next = 0;
  return (count: number) => {
    next += 1;
    return (choices[next % choices.length] ?? 0) % count;
  };
};

describe('law 2', () => {
  test('every prefix of a plan, in every order that it may be carried out in, is safe', async () => {
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(fleets, async fleet => {
        const { world, facts, plan } = await prepare(fleet);
        fc.pre(violations(world, facts).length === 0);
        for (const change of order(plan, picker(fleet.choices))) {
          world.apply(change);
          changes += 1;
          expect(violations(world, await world.facts()), `after ${change.id}`).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
    expect(changes).toBeGreaterThan(300);
  }, 120_000);

  test('the check sees a plan that is carried out backwards', async () => {
    const fleet: Fleet = {
      domains: [
        { on: 1, signed: false, policy: false },
        ...names.slice(1).map(() => ({ on: 1, signed: false, policy: false })),
      ] as unknown as Fleet['domains'],
      primary: [1, 1, 1, 1],
      wishes: [{ domain: 0, server: 0, action: 'on', policy: 'sign-all', graceHours: 0 }],
      choices: [0],
    };
    const { world, plan } = await prepare(fleet);
    const changes = new Map(plan.changes.map(change => [change.phase, change]));
    expect([...changes.keys()]).toEqual(['install', 'publish', 'switch', 'policy']);
    for (const phase of ['install', 'switch'] as const) {
      const change = changes.get(phase);
      if (change !== undefined) world.apply(change);
    }
    expect(violations(world, await world.facts())).toContainEqual(expect.stringContaining('not served'));
  });
});

describe('law 6', () => {
  test('after a plan is carried out, a second one over fresh facts is empty', async () => {
    await fc.assert(
      fc.asyncProperty(fleets, async fleet => {
        const { world, pending, input, plan } = await prepare(fleet);
        for (const change of order(plan, picker(fleet.choices))) world.apply(change);
        const again = planFleet({ ...input, facts: await world.facts(), pending });
        expect(again.changes.map(change => change.id)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});

describe('undo', () => {
  test('takes a run back byte for byte but for the serials, every prefix safe', async () => {
    await fc.assert(
      fc.asyncProperty(fleets, async fleet => {
        const { world, facts, input, plan } = await prepare(fleet);
        fc.pre(violations(world, facts).length === 0 && plan.effects.every(effect => effect.removed.length === 0));
        const before = servers.map(server => masked(world.snapshot(server)));
        for (const change of order(plan, picker(fleet.choices))) world.apply(change);
        const run = {
          id: 'r1',
          startedAt: '',
          finishedAt: '',
          outcome: 'applied' as const,
          plan,
          changes: plan.changes.map(({ id, domains, pending }) => ({
            id,
            domains,
            pending,
            state: 'applied' as const,
            finishedAt: '',
            problem: null,
          })),
          problems: [],
        };
        const undo = realisedEffects(run).map((effect, i): PendingChange => ({
          id: `u${i}`,
          domain: effect.domain,
          server: effect.server,
          createdAt: '',
          intent: { kind: 'undo', run: 'r1', effect, graceHours: 0 },
        }));
        const back = planFleet({ ...input, facts: await world.facts(), pending: undo, runs: new Map([['r1', plan]]) });
        expect(back.problems.filter(problem => problem.severity === 'stop')).toEqual([]);
        for (const change of order(back, picker(fleet.choices))) {
          world.apply(change);
          expect(violations(world, await world.facts()), `after ${change.id}`).toEqual([]);
        }
        expect(servers.map(server => masked(world.snapshot(server)))).toEqual(before);
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});

/** Serials only grow. */
function masked(files: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...files].map(([path, text]) => [path, text.replace(/\( \d+ 3600/, '( SERIAL 3600')]));
}
