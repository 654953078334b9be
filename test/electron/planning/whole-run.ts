/** A whole run of a plan: the real executor over a world in memory, where servers fail and gates stay shut as the test says. */
import type { Change, PendingChange, Plan } from '../../../shared/model.ts';
import type { RunChange } from '../../../shared/run.ts';
import type { ApplyPorts, TransactionOutcome } from '../../../electron/apply/api.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { executePlan } from '../../../electron/apply/execute.ts';
import { planFleet, type PlanningInput } from '../../../electron/planning/plan.ts';
import { violations, type World } from './fleet-world.ts';

export interface Prepared {
  readonly world: World;
  readonly facts: readonly ServerFacts[];
  readonly pending: readonly PendingChange[];
  readonly input: Omit<PlanningInput, 'facts' | 'pending'>;
  readonly plan: Plan;
}

const problem = { code: 'test', message: 'taken back', hint: '', severity: 'stop' as const };
const rolledBack: TransactionOutcome = { state: 'rolled-back', problem, files: [] };

/** A run of the plan; `fails`: the transactions that are taken back; `shut`: domains whose gates stay shut; `broken`: what a state may not be. */
export async function carriedOut(
  { world, facts, pending, input, plan }: Prepared,
  fails: (change: Change) => boolean,
  shut: readonly string[],
  broken: (world: World, facts: readonly ServerFacts[]) => readonly string[] = violations,
) {
  const found: string[] = [];
  const journal = new Map<string, RunChange>();
  let transactions = 0;
  const ports: ApplyPorts = {
    transactions: {
      apply: async ({ change, confirm }) => {
        if (fails(change)) return rolledBack;
        world.apply(change);
        transactions += 1;
        if (confirm !== undefined && (await confirm()) !== null) throw new Error('a probe failed');
        found.push(...broken(world, await world.facts()).map(text => `after ${change.id}: ${text}`));
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
          const key = gate.compare === 'key' && values.some(value => gate.expect !== null && same(value, gate.expect));
          return { gate, passed: (there || key) && !shut.includes(gate.domain), message: '' };
        });
      },
    },
    probes: { probe: async (_server, probes) => probes.map(({ domain }) => ({ domain, ok: true, problem: null })) },
    reduce: without => planFleet({ ...input, facts, pending }, without),
    journal: { change: change => journal.set(change.id, change), event: () => {}, finish: () => {} },
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
  return { record, found, journal, transactions };
}

function same(served: string, expected: string): boolean {
  const key = (text: string) => /p=([^;]*)/.exec(text)?.[1];
  return key(served) === key(expected);
}
