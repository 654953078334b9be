/** Whole runs: the real executor over generated fleets, where gates stay shut and servers fail as chance has it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunChange } from '../../../shared/run.ts';
import type { ApplyPorts, TransactionOutcome } from '../../../electron/apply/api.ts';
import { executePlan } from '../../../electron/apply/execute.ts';
import { planFleet } from '../../../electron/planning/plan.ts';
import { violations } from './fleet-world.ts';
import { fleets, prepare } from './fleets.ts';

const troubles = fc.record({
  /** Each transaction, in the order in which they come, is taken back where this says so. */
  failing: fc.array(fc.boolean(), { maxLength: 8 }),
  /** Domains whose gates stay shut. */
  shut: fc.subarray(['a.example', 'b.example', 'sub.b.example', 'c.example', 'd.example']),
});

const problem = { code: 'test', message: 'taken back', hint: '', severity: 'stop' as const };
const rolledBack: TransactionOutcome = { state: 'rolled-back', problem, files: [] };

test('whatever fails, every state between is safe, and what is reported as applied was applied', async () => {
  let transactions = 0;
  await fc.assert(
    fc.asyncProperty(fleets, troubles, async (fleet, { failing, shut }) => {
      const { world, facts, pending, input, plan } = await prepare(fleet);
      fc.pre(violations(world, facts).length === 0 && plan.changes.length > 0);
      const found: string[] = [];
      const changes = new Map<string, RunChange>();
      let next = 0;
      const ports: ApplyPorts = {
        transactions: {
          apply: async ({ change, confirm }) => {
            const fails = failing[next] === true;
            next += 1;
            if (fails) return rolledBack;
            world.apply(change);
            transactions += 1;
            if (confirm !== undefined && (await confirm()) !== null) throw new Error('a probe failed');
            found.push(...violations(world, await world.facts()).map(text => `after ${change.id}: ${text}`));
            return { state: 'applied', problem: null, files: [] };
          },
          outcome: async () => rolledBack,
        },
        gates: {
          check: async gates => {
            const served = (await world.facts())[0]?.served ?? {};
            return gates.map(gate => {
              const values = served[gate.name] ?? [];
              const there = gate.expect === null ? values.length === 0 : values.some(value => gate.expect === value);
              const key =
                gate.compare === 'key' && values.some(value => gate.expect !== null && same(value, gate.expect));
              return { gate, passed: (there || key) && !shut.includes(gate.domain), message: '' };
            });
          },
        },
        probes: { probe: async (_server, probes) => probes.map(({ domain }) => ({ domain, ok: true, problem: null })) },
        reduce: without => planFleet({ ...input, facts, pending }, without),
        journal: { change: change => changes.set(change.id, change), event: () => {}, finish: () => {} },
      };
      const record = await executePlan({
        run: 'r1',
        plan,
        ports,
        emit: () => {},
        signal: new AbortController().signal,
        parallelism: 1,
        gateTimes: { managedMs: 0, externalMs: 0, retryMs: 1 },
      });
      expect(found).toEqual([]);
      expect(record.changes.map(({ id, state }) => [id, state])).toEqual(
        [...record.changes].map(({ id }) => [id, changes.get(id)?.state ?? 'planned']),
      );
      if (shut.length === 0 && !failing.includes(true)) expect(record.outcome).toBe('applied');
    }),
    { numRuns: 300 },
  );
  expect(transactions).toBeGreaterThan(200);
}, 120_000);

function same(served: string, expected: string): boolean {
  const key = (text: string) => /p=([^;]*)/.exec(text)?.[1];
  return key(served) === key(expected);
}
