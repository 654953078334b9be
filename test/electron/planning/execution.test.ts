/** Whole runs: the real executor over generated fleets, where gates stay shut and servers fail as chance has it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planFleet } from '../../../electron/planning/plan.ts';
import { violations } from './fleet-world.ts';
import type { Fleet } from './fleets.ts';
import { fleets, names, prepare } from './fleets.ts';
import { carriedOut } from './whole-run.ts';

const troubles = fc.record({
  /** Each transaction, in the order in which they come, is taken back where this says so. */
  failing: fc.array(fc.boolean(), { maxLength: 8 }),
  /** Domains whose gates stay shut. */
  shut: fc.subarray(['a.example', 'b.example', 'sub.b.example', 'c.example', 'd.example']),
});

test('whatever fails, every state between is safe, and what is reported as applied was applied', async () => {
  let all = 0;
  await fc.assert(
    fc.asyncProperty(fleets, troubles, async (fleet, { failing, shut }) => {
      const prepared = await prepare(fleet);
      fc.pre(violations(prepared.world, prepared.facts).length === 0 && prepared.plan.changes.length > 0);
      const order = failing.values();
      const run = await carriedOut(prepared, () => order.next().value === true, shut);
      const { record, found, journal, transactions } = run;
      all += transactions;
      expect(found).toEqual([]);
      expect(record.changes.map(({ id, state }) => [id, state])).toEqual(
        [...record.changes].map(({ id }) => [id, journal.get(id)?.state ?? 'planned']),
      );
      if (shut.length === 0 && !failing.includes(true)) expect(record.outcome).toBe('applied');
    }),
    { numRuns: 300 },
  );
  expect(all).toBeGreaterThan(200);
}, 300_000);

test('a compromised key that two servers share is not revoked while one of them still signs with it', async () => {
  const shared: Fleet = {
    domains: names.map((_name, i) => ({ on: i === 0 ? 3 : 1, signed: i === 0, policy: false })) as Fleet['domains'],
    primary: [0, 0, 0, 0],
    wishes: [{ domain: 0, server: 0, action: 'compromised', policy: 'keep', graceHours: 0, scheme: 'dkim' }],
    choices: [0],
  };
  const ours = await prepare(shared);
  // of somebody else: its file stays, and nothing but the order of the phases protects its record
  const others = { ...ours.input, managed: new Set<string>() };
  const plan = planFleet({ ...others, facts: ours.facts, pending: ours.pending });
  const prepared = { ...ours, input: others, plan };
  expect(prepared.plan.effects.length).toBe(2);
  const first = await carriedOut(prepared, change => change.id === 'switch@mx2', []);
  expect(first.found).toEqual([]);
  expect(first.record.changes.map(({ id, state }) => `${id} ${state}`)).toContain('switch@mx1 applied');
  const facts = await prepared.world.facts();
  expect(facts[0]?.served['old._domainkey.a.example']).not.toEqual(['v=DKIM1; k=rsa; p=']);
  // what is left, planned anew
  const { input, pending } = prepared;
  const second = await carriedOut(
    { ...prepared, facts, plan: planFleet({ ...input, facts, pending }) },
    () => false,
    [],
  );
  expect(second.found).toEqual([]);
  expect(second.record.outcome).toBe('applied');
  const after = await prepared.world.facts();
  expect(after[0]?.served['old._domainkey.a.example']).toEqual(['v=DKIM1; k=rsa; p=']);
});
