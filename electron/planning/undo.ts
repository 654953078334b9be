/** What a run really did to each domain: the effects of its plan, cut down to the changes that were applied. Pure. */
import type { Effect, Phase, RecordEffect } from '../../shared/model.ts';
import type { RunRecord } from '../../shared/run.ts';

/** Effects with nothing done are left out. */
export function realisedEffects(run: RunRecord): readonly Effect[] {
  const applied = new Map<string, ReadonlySet<string>>();
  for (const change of run.changes) {
    if (change.state === 'applied') applied.set(change.id, new Set(change.pending));
  }
  return run.plan.effects.flatMap((effect): readonly Effect[] => {
    const done = (phase: Phase, server: string) => applied.get(`${phase}@${server}`)?.has(effect.pending) ?? false;
    const { settings, ...rest } = effect;
    const changed = done('prepare', effect.server) || done('dismantle', effect.server);
    const switched = done('switch', effect.server);
    const realised: Effect = {
      ...rest,
      ...(settings !== undefined && changed ? { settings } : {}),
      selectors: switched ? effect.selectors : null,
      // a record that only the admin can publish may stand there once its gate has let the switch through
      records: effect.records.filter(record => record.server === null || done(record.phase, record.server)),
      installed: done('install', effect.server) ? effect.installed : [],
      removed: done('remove', effect.server) ? effect.removed : [],
      retire: switched ? effect.retire : [],
    };
    const nothing =
      realised.settings === undefined &&
      realised.selectors === null &&
      realised.removed.length === 0 &&
      realised.records.every(record => record.server === null) &&
      !done('install', effect.server);
    return nothing ? [] : [realised];
  });
}

/** One effect out of two on the same domain, the second after the first: what both did together. */
function joined(first: Effect, second: Effect): Effect {
  const key = (record: RecordEffect) => `${record.phase} ${record.name}`;
  const later = new Map(second.records.map(record => [key(record), record]));
  const selectors =
    first.selectors === null || second.selectors === null
      ? (first.selectors ?? second.selectors)
      : { before: first.selectors.before, after: second.selectors.after };
  return {
    ...first,
    selectors,
    records: [
      ...first.records.map(record => ({ ...record, after: (later.get(key(record)) ?? record).after })),
      ...second.records.filter(record => !first.records.some(earlier => key(earlier) === key(record))),
    ],
    installed: [...first.installed, ...second.installed],
    removed: [...first.removed, ...second.removed],
    retire: second.retire,
  };
}

/**
 * What taking `run` back must take back: its own effects, and what later runs did for the same pending changes, which rest
 * on them (a run that waited at a gate is finished by another one).
 */
export function effectsToUndo(run: RunRecord, later: readonly RunRecord[]): readonly Effect[] {
  const after = later.flatMap(realisedEffects);
  return realisedEffects(run).map(effect =>
    after.filter(other => other.pending === effect.pending).reduce<Effect>(joined, effect),
  );
}
