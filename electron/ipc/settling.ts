/** What became of a run whose process died, or lost a server: the servers know. */
import type { RunRecord } from '../../shared/run.ts';
import type { Engine } from './engine.ts';
import { runPlan } from './running.ts';
import { planningInput } from './views.ts';

/** The run as it really ended. A run of which nothing is open is returned as it is, without a connection. */
export async function settleRun(engine: Engine, record: RunRecord, signal: AbortSignal): Promise<RunRecord> {
  const open = record.changes.some(({ state }) => state === 'started' || state === 'unknown');
  if (!open && record.outcome !== 'interrupted' && record.outcome !== 'running') return record;
  engine.store.runs.resume(record.id);
  return await runPlan(engine, {
    run: record.id,
    plan: record.plan,
    input: planningInput(engine),
    signal,
    settleOnly: record,
  });
}
