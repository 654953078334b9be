/** Applying a plan: checked once more, then run. */
import { randomBytes } from 'node:crypto';
import type { Parsed } from '../../shared/contract.ts';
import type { Plan } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { refused } from '../../shared/problem.ts';
import type { RunDone, RunRecord, RunStarted } from '../../shared/run.ts';
import { planFleet } from '../planning/plan.ts';
import type { CallContext, Engine, Handlers } from './engine.ts';
import { runPlan, settle } from './running.ts';
import { planningInput, serverConfig } from './views.ts';

/** Sorts by time, and is short enough to type. */
function newRunId(now: Date): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`;
}

/** Refused goals of a plan: they stay pending, and their reasons are told. */
function blocked(plan: Plan): readonly Problem[] {
  return plan.problems.filter(problem => problem.severity === 'stop' && problem.overridable !== true);
}

function checkAcknowledged(plan: Plan, acknowledged: readonly string[]): void {
  const open = plan.problems.filter(
    problem => problem.severity === 'stop' && problem.overridable === true && !acknowledged.includes(problem.code),
  );
  const [first] = open;
  if (first === undefined) return;
  const codes = [...new Set(open.map(problem => problem.code))];
  throw refused(
    'not-acknowledged',
    `${first.message}${open.length > 1 ? ` (and ${open.length - 1} more)` : ''}`,
    `${first.hint} To go on all the same: --acknowledge ${codes.join(' ')}`,
    first,
  );
}

/** Nothing is to be done: a run without changes, which leaves no trace. */
function emptyRun(engine: Engine, plan: Plan): RunRecord {
  const at = engine.now().toISOString();
  const run = newRunId(engine.now());
  const started: RunStarted = { type: 'run', run, at, plan: plan.id, servers: [], changes: 0 };
  const done: RunDone = {
    type: 'done',
    run,
    at,
    outcome: 'applied',
    changes: { applied: 0, rolledBack: 0, waiting: 0, skipped: 0 },
  };
  engine.emit({ type: 'run', event: started });
  const record: RunRecord = {
    id: run,
    startedAt: at,
    finishedAt: at,
    outcome: 'applied',
    plan,
    changes: [],
    problems: [],
  };
  // what is so already, by whosever hand, is not pending any more
  settle(engine, record);
  engine.emit({ type: 'run', event: done });
  return record;
}

/** Plans the selection, refuses what must not go on, and runs it. */
export async function applySelection(
  engine: Engine,
  selection: Parameters<typeof planningInput>[1],
  check: (plan: Plan) => void,
  { signal }: CallContext,
): Promise<RunRecord> {
  const input = planningInput(engine, selection);
  const plan = planFleet(input);
  check(plan);
  const stops = blocked(plan);
  const [stop] = stops;
  if (plan.changes.length === 0) {
    if (stop !== undefined) throw refused(stop.code, stop.message, stop.hint, stop);
    return emptyRun(engine, plan);
  }
  // keys are opened while a server waits: find out now whether they can be
  if (plan.changes.some(change => change.phase === 'install')) await engine.vault.sealer();
  const run = newRunId(engine.now());
  engine.store.runs.begin({ id: run, startedAt: engine.now().toISOString(), plan });
  engine.emit({ type: 'changed', what: 'runs' });
  return await runPlan(engine, { run, plan, input, signal, unplanned: stops });
}

async function apply(engine: Engine, wish: Parsed<'apply.run'>, context: CallContext): Promise<RunRecord> {
  for (const name of wish.servers ?? []) serverConfig(engine, name);
  return await applySelection(
    engine,
    wish,
    plan => {
      if (wish.plan !== undefined && wish.plan !== plan.id) {
        throw refused(
          (engine.store.plans.get(wish.plan)?.appliedBy ?? null) === null ? 'plan-stale' : 'plan-applied',
          'The plan that was reviewed is not the one that would be applied now: facts or pending changes are different.',
          'Read the plan again (signet plan --diff), and apply that one.',
        );
      }
      checkAcknowledged(plan, wish.acknowledge);
    },
    context,
  );
}

export const applyHandlers: Handlers = { 'apply.run': apply };
