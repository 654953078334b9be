/** Pending changes and the plan that they make. */
import type { PlanView } from '../../shared/contract.ts';
import { refused } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import { diffOf } from '../planning/diff.ts';
import { isDue, planFleet } from '../planning/plan.ts';
import type { Engine, Handlers } from './engine.ts';
import type { PlanSelection } from './views.ts';
import { pendingRow, planningInput, serverConfig } from './views.ts';

function computePlan(engine: Engine, input: PlanSelection & { readonly diffs: boolean }): PlanView {
  for (const name of input.servers ?? []) serverConfig(engine, name);
  const plan = planFleet(planningInput(engine, input));
  const now = engine.now();
  return {
    ...plan,
    changes: input.diffs
      ? plan.changes.map(change => ({
          ...change,
          steps: change.steps.map(step => (step.kind === 'file' ? { ...step, diff: diffOf(step) } : step)),
        }))
      : plan.changes,
    later: engine.store.pending
      .list()
      .filter(change => !isDue(change, now))
      .map(pendingRow),
  };
}

export const plannedHandlers: Handlers = {
  'pending.list': engine => engine.store.pending.list().map(pendingRow),
  'pending.drop': (engine, { ids }) => {
    const present = engine.store.pending.list();
    const known = new Set(present.map(change => change.id));
    const unknown = ids === 'all' ? undefined : ids.find(id => !known.has(id));
    if (unknown !== undefined) {
      const shown = printable(unknown, 60);
      throw refused('unknown-pending', `There is no pending change ${shown}.`, 'See signet pending for their ids.');
    }
    const drop = ids === 'all' ? [...known] : ids;
    if (drop.length > 0) {
      engine.store.pending.edit({ drop });
      engine.emit({ type: 'changed', what: 'pending' });
    }
    return { dropped: drop.length };
  },
  'plan.compute': computePlan,
};
