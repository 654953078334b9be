/** The pending changes that a stage plan makes, with keys that are made up. */
import type { DomainChange, StagedKey } from '../../../shared/model.ts';
import type { StagePlan } from '../../../electron/planning/stage.ts';

type NewKey = Pick<StagedKey, 'ref' | 'publicKey'>;

const madeUp: NewKey = { ref: { secret: 'k' }, publicKey: 'p' };

/** `newKey`: the key for a (domain, server). */
export function carriedOut(
  plan: StagePlan,
  before: readonly DomainChange[] = [],
  newKey: (domain: string, server: string) => NewKey = () => madeUp,
): readonly DomainChange[] {
  const made = plan.additions.map(({ domain, server, intent, needs, keep }, i): DomainChange => {
    const base = { id: `${before.length + i}`, domain, server, createdAt: '2026-11-24T00:00:00Z' };
    if (intent.kind !== 'signing-on' && intent.kind !== 'rotate') return { ...base, intent };
    const keys = needs.map(need => ({ ...need, ...newKey(domain, server), domain, server }));
    return { ...base, intent: { ...intent, keys: [...keep, ...keys] } };
  });
  return [...before.filter(change => !plan.drops.includes(change.id)), ...made];
}
