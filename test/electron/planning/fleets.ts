/** Generated fleets with wishes: what the property tests of planning and of whole runs are made of. */
import fc from 'fast-check';
import type { PendingChange, Scheme, SigningOnIntent, StagedKey } from '../../../shared/model.ts';
import { registry } from '../../../electron/drivers/registry.ts';
import { schemesOf } from '../../../electron/planning/fleet.ts';
import { managedKey, planFleet } from '../../../electron/planning/plan.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import type { HostPlan } from './fleet-world.ts';
import { World } from './fleet-world.ts';

interface Wish {
  readonly domain: number;
  readonly server: number;
  readonly action: 'on' | 'off' | 'policy' | 'rotate' | 'compromised';
  readonly policy: 'keep' | 'sign-all' | 'none';
  readonly graceHours: number;
  readonly scheme: Scheme;
}

export const names = ['a.example', 'b.example', 'sub.b.example', 'c.example', 'd.example'];
const zones = ['a.example', 'b.example', 'c.example', 'd.example'];

export const fleets = fc.record({
  /** For each domain: on which of two servers it is hosted (bits), whether it is signed there, whether its policy says so. */
  domains: fc.tuple(
    ...names.map(() => fc.record({ on: fc.integer({ min: 1, max: 3 }), signed: fc.boolean(), policy: fc.boolean() })),
  ),
  primary: fc.tuple(...zones.map(() => fc.integer({ min: 0, max: 1 }))),
  wishes: fc.uniqueArray(
    fc.record<Wish>({
      domain: fc.integer({ min: 0, max: names.length - 1 }),
      server: fc.integer({ min: 0, max: 1 }),
      action: fc.constantFrom('on', 'off', 'policy', 'rotate', 'compromised'),
      policy: fc.constantFrom('keep', 'sign-all', 'none'),
      graceHours: fc.constantFrom(0, 48),
      scheme: fc.constantFrom('dkim', 'domainkeys', 'both'),
    }),
    { minLength: 1, maxLength: 6, selector: wish => `${wish.domain} ${wish.server}` },
  ),
  choices: fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
});
export type Fleet = typeof fleets extends fc.Arbitrary<infer T> ? T : never;

export const servers = ['mx1', 'mx2'];
const keys = await generateKeys(Array.from({ length: 13 }, () => ({ algorithm: 'rsa', bits: 1024 }) as const));

function hostPlans({ domains, primary }: Fleet): readonly HostPlan[] {
  return servers.map((name, server) => ({
    name,
    domains: names.flatMap((domain, i) => {
      const { on = 0, signed = false, policy = false } = domains[i] ?? {};
      return (on & (1 << server)) === 0 ? [] : [{ name: domain, signed, policy: policy && signed }];
    }),
    zones: zones.filter((_zone, i) => primary[i] === server),
    domainkeys: true,
  }));
}

function pendingOf(fleet: Fleet, hosts: readonly HostPlan[], pems: Map<string, string>): readonly PendingChange[] {
  return fleet.wishes.flatMap((wish, i): readonly PendingChange[] => {
    const server = servers[wish.server] ?? '';
    const domain = names[wish.domain] ?? '';
    const rowOn = (place: number) => hosts[place]?.domains.find(({ name }) => name === domain);
    const row = rowOn(wish.server);
    const key = keys[i + 1];
    if (row === undefined || key === undefined) return [];
    if (wish.action === 'rotate' || wish.action === 'compromised') {
      if (!row.signed) return [];
      // a key that both servers have: they rotate together, unless something else is wished for the other one
      const other = 1 - wish.server;
      const alone =
        rowOn(other)?.signed !== true || fleet.wishes.some(one => one.domain === wish.domain && one.server === other);
      return (alone ? [wish.server] : [wish.server, other]).map(place => rotationOf(wish, domain, place, i, pems));
    }
    const base = { id: `p${i}`, domain, server, createdAt: '2026-11-24T00:00:00Z' };
    const dmarc = 'keep' as const;
    if (wish.action === 'policy') return [{ ...base, intent: { kind: 'policy', policy: wish.policy, dmarc } }];
    if (wish.action === 'off') {
      if (!row.signed) return [];
      const policy = wish.policy === 'sign-all' ? 'keep' : wish.policy;
      return [{ ...base, intent: { kind: 'signing-off', policy, dmarc, graceHours: wish.graceHours } }];
    }
    if (row.signed) return [];
    const staged = schemesOf(wish.scheme).map((scheme): StagedKey => ({
      ref: { secret: `k${i}` },
      domain,
      server,
      selector: `${server}-${scheme}`,
      algorithm: 'rsa',
      bits: 1024,
      publicKey: key.publicKey,
      scheme,
    }));
    pems.set(`k${i}`, key.privateKeyPem);
    const intent: SigningOnIntent = {
      kind: 'signing-on',
      scheme: wish.scheme,
      keys: staged,
      adopt: [],
      policy: wish.policy,
      dmarc,
    };
    return [{ ...base, intent }];
  });
}

function rotationOf(wish: Wish, domain: string, place: number, i: number, pems: Map<string, string>): PendingChange {
  const server = servers[place] ?? '';
  const number = place === wish.server ? i + 1 : i + 7;
  const [[old], key] = [keys, keys[number]];
  if (old === undefined || key === undefined) throw new Error('no keys');
  pems.set(`r${number}`, key.privateKeyPem);
  const staged: StagedKey = {
    ref: { secret: `r${number}` },
    domain,
    server,
    selector: `${server}-r`,
    algorithm: 'rsa',
    bits: 1024,
    publicKey: key.publicKey,
    scheme: 'dkim',
  };
  const compromised = { selector: 'old', publicKey: old.publicKey, algorithm: 'rsa' } as const;
  return {
    id: `r${number}`,
    domain,
    server,
    createdAt: '2026-11-24T00:00:00Z',
    intent: {
      kind: 'rotate',
      keys: [staged],
      replaces: ['old'],
      graceHours: wish.graceHours,
      compromised: wish.action === 'compromised' ? [compromised] : [],
    },
  };
}

/** The world, the plan for it and everything that the checks need. */
export async function prepare(fleet: Fleet) {
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
  let safe = pending;
  for (;;) {
    const plan = planFleet({ ...input, facts, pending: safe });
    const stops = plan.problems.filter(problem => problem.severity === 'stop');
    if (stops.length === 0) return { world, facts, pending: safe, input, plan };
    const stopped = new Set(stops.map(({ domain, server }) => `${domain} ${server}`));
    safe = safe.filter(({ domain, server }) => !stopped.has(`${domain} ${server}`));
  }
}

export const picker = (choices: readonly number[]) => {
  let next = 0;
  return (count: number) => {
    next += 1;
    return (choices[next % choices.length] ?? 0) % count;
  };
};
