/** What a run really did to each domain: the effects of its plan, cut down to the changes that were applied. Pure. */
import type { Effect, Phase } from '../../shared/model.ts';
import type { RunRecord } from '../../shared/run.ts';

/** Effects with nothing done are left out. */
export function realisedEffects(run: RunRecord): readonly Effect[] {
  const applied = new Map<string, ReadonlySet<string>>();
  for (const change of run.changes) {
    if (change.state === 'applied') applied.set(change.id, new Set(change.pending));
  }
  return run.plan.effects.flatMap((effect): readonly Effect[] => {
    const done = (phase: Phase, server: string) => applied.get(`${phase}@${server}`)?.has(effect.pending) ?? false;
    const switched = done('switch', effect.server);
    const realised: Effect = {
      ...effect,
      selectors: switched ? effect.selectors : null,
      // a record that only the admin can publish may stand there once its gate has let the switch through
      records: effect.records.filter(record => record.server === null || done(record.phase, record.server)),
      installed: done('install', effect.server) ? effect.installed : [],
      removed: done('remove', effect.server) ? effect.removed : [],
      retire: switched ? effect.retire : [],
    };
    const nothing =
      realised.selectors === null &&
      realised.removed.length === 0 &&
      realised.records.every(record => record.server === null) &&
      !done('install', effect.server);
    return nothing ? [] : [realised];
  });
}
