/** Past runs: shown, resumed, taken back. */
import { randomUUID } from 'node:crypto';
import type { Parsed, RunSummary, UndoResult } from '../../shared/contract.ts';
import type { PendingChange } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { refused } from '../../shared/problem.ts';
import type { RunRecord } from '../../shared/run.ts';
import { printable } from '../../shared/text.ts';
import { planFleet } from '../planning/plan.ts';
import { effectsToUndo, realisedEffects } from '../planning/undo.ts';
import { applySelection } from './apply.ts';
import type { CallContext, Engine, Handlers } from './engine.ts';
import { leftOvers } from './left-overs.ts';
import { readAgain } from './running.ts';
import { settleRun } from './settling.ts';
import { pendingRow, planningInput } from './views.ts';

function runRecord(engine: Engine, id: string): RunRecord {
  const record = engine.store.runs.get(id);
  if (record !== null) return record;
  throw refused('unknown-run', `There is no run ${printable(id, 60)}.`, 'See signet runs.');
}

function summary(engine: Engine, record: RunRecord): RunSummary {
  const pending = new Set(engine.store.pending.list().map(change => change.id));
  return {
    id: record.id,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    outcome: record.outcome,
    servers: [...new Set(record.plan.changes.map(change => change.server))],
    domains: new Set(
      record.plan.effects.flatMap(({ domain, server }) => (domain === null ? [] : [`${domain}\n${server}`])),
    ).size,
    changes: record.plan.changes.length,
    applied: record.changes.filter(change => change.state === 'applied').length,
    canUndo: realisedEffects(record).length > 0,
    canResume: record.outcome !== 'applied' && record.plan.effects.some(effect => pending.has(effect.pending)),
  };
}

/**
 * Finds out how the run ended on each server, reads them anew, and applies what is left of it: what was reviewed, and
 * nothing else, as a run of its own.
 */
async function resume(engine: Engine, { id }: Parsed<'runs.resume'>, context: CallContext): Promise<RunRecord> {
  const before = runRecord(engine, id);
  const settled = await settleRun(engine, before, context.signal);
  const pending = new Set(engine.store.pending.list().map(change => change.id));
  const left = settled.plan.effects.map(effect => effect.pending).filter(one => pending.has(one));
  if (left.length === 0) return settled;
  // settling has read the servers anew; a run that was settled long ago has not
  if (settled === before) await readAgain(engine, settled);
  const reviewed = new Map(settled.plan.effects.map(effect => [effect.pending, effect]));
  return await applySelection(
    engine,
    { only: left },
    plan => {
      for (const effect of plan.effects) {
        const before = reviewed.get(effect.pending);
        const added = effect.records.some(
          record =>
            !before?.records.some(
              old => old.name === record.name && JSON.stringify(old.after) === JSON.stringify(record.after),
            ),
        );
        const other = JSON.stringify(effect.selectors?.after) !== JSON.stringify(before?.selectors?.after);
        if (!added && !(other && effect.selectors !== null)) continue;
        throw refused(
          'plan-stale',
          `${effect.domain ?? 'mail settings'} on ${effect.server}: what is left to do is not what was reviewed.`,
          'Read the plan again (signet plan --diff), and apply that one.',
          { server: effect.server, ...(effect.domain === null ? {} : { domain: effect.domain }) },
        );
      }
    },
    context,
  );
}

/** Stages the inverse of what the run really did. What of it is still pending is dropped: it has not happened. */
async function undo(engine: Engine, input: Parsed<'runs.undo'>, { signal }: CallContext): Promise<UndoResult> {
  const record = await settleRun(engine, runRecord(engine, input.id), signal);
  const graceHours = input.graceHours ?? engine.store.settings.get().undoGraceHours;
  const createdAt = engine.now().toISOString();
  const present = engine.store.pending.list();
  const fromRun = new Set(record.plan.effects.map(effect => effect.pending));
  const effects = effectsToUndo(record, laterRuns(engine, record));
  const staged: PendingChange[] = [];
  const drops = present.filter(change => fromRun.has(change.id)).map(change => change.id);
  const refusals: { domain?: string; server: string; problem: Problem }[] = [];
  for (const effect of effects) {
    const { domain, server } = effect;
    const where = domain === null ? { server } : { domain, server };
    const other = present.find(
      change =>
        change.domain === domain &&
        change.server === server &&
        change.intent.kind !== 'retire' &&
        !fromRun.has(change.id),
    );
    if (other !== undefined) {
      refusals.push({ ...where, problem: alreadyStaged(other) });
      continue;
    }
    // a key that is to be used again is not retired
    drops.push(
      ...present
        .filter(
          ({ intent, ...change }) =>
            intent.kind === 'retire' &&
            change.domain === domain &&
            change.server === server &&
            effect.selectors?.before.includes(intent.selector) === true,
        )
        .map(change => change.id),
    );
    const intent = { kind: 'undo' as const, run: record.id, effect, graceHours };
    const base = { id: randomUUID(), server, createdAt, intent };
    staged.push(domain === null ? { ...base, domain } : { ...base, domain });
  }
  engine.store.pending.edit({ drop: drops, put: staged });
  // what cannot be taken back is said now, and does not stay staged
  const plan = planFleet(planningInput(engine, { only: staged.map(change => change.id) }));
  const possible = new Set(plan.effects.map(effect => effect.pending));
  const impossible = staged.filter(change => !possible.has(change.id));
  for (const { domain, server } of impossible) {
    const problem = plan.problems.find(
      candidate => (candidate.domain ?? null) === domain && candidate.server === server,
    );
    if (problem !== undefined) refusals.push({ server, problem, ...(domain === null ? {} : { domain }) });
  }
  engine.store.pending.edit({ drop: impossible.map(change => change.id) });
  engine.emit({ type: 'changed', what: 'pending' });
  if (effects.length === 0) {
    throw refused(
      'nothing-to-undo',
      `Run ${record.id} changed nothing that could be taken back.`,
      'See signet run show.',
    );
  }
  return { staged: staged.filter(change => possible.has(change.id)).map(pendingRow), refused: refusals };
}

/** Oldest first. */
function laterRuns(engine: Engine, record: RunRecord): readonly RunRecord[] {
  const ids = engine.store.runs.list().map(({ id }) => id);
  return ids
    .slice(0, ids.indexOf(record.id))
    .reverse()
    .flatMap(id => engine.store.runs.get(id) ?? []);
}

function alreadyStaged(other: PendingChange): Problem {
  const { domain, server } = other;
  return {
    code: 'pending-twice',
    message: `${domain ?? 'mail settings'} on ${server}: another change is pending (${other.intent.kind}).`,
    hint: `Apply it, or drop it first: signet pending drop ${other.id}`,
    severity: 'stop',
    server,
    ...(domain === null ? {} : { domain }),
  };
}

export const runHandlers: Handlers = {
  'runs.list': (engine, { domain }) =>
    engine.store.runs
      .list()
      .flatMap(({ id }) => engine.store.runs.get(id) ?? [])
      .filter(record => domain === undefined || record.plan.effects.some(effect => effect.domain === domain))
      .map(record => summary(engine, record)),
  'runs.show': (engine, { id }) => {
    const record = runRecord(engine, id);
    const events = engine.store.runs.events(id);
    return { ...record, events, left: leftOvers(record, events) };
  },
  'runs.resume': resume,
  'runs.stop': (engine, { id }) => {
    const { id: run } = runRecord(engine, id);
    const stop = engine.underWay.get(run);
    stop?.abort();
    return { stopping: stop !== undefined };
  },
  'runs.undo': undo,
};
