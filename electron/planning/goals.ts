/** A pending change, turned into what must be true of its domain, phase by phase. Pure. */
import type { Effect, Gate, DomainChange, Probe, RecordEffect, StagedKey } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Fleet } from './fleet.ts';
import type { Location } from './location.ts';

export interface Goal {
  readonly pending: DomainChange;
  readonly location: Location;
  readonly records: readonly RecordEffect[];
  readonly installs: readonly StagedKey[];
  /** Selectors that the domain is to be signed with; empty: not at all; null: not touched. */
  readonly selectors: { readonly before: readonly string[]; readonly after: readonly string[] } | null;
  readonly removals: readonly string[];
  /** Before the switch. */
  readonly gates: readonly Gate[];
  /** Before policies are published, where nothing is switched. */
  readonly policyGates: readonly Gate[];
  readonly probe: Probe | null;
  readonly retire: Effect['retire'];
  readonly problems: readonly Problem[];
}

export interface PlanningContext {
  readonly fleet: Fleet;
  /** Whether Signet made the selector, and may therefore take it away. */
  readonly managed: (domain: string, server: string, selector: string) => boolean;
  /**
   * Whether another server signs mail of the domain with the same selector (a key that servers share), and no pending change
   * of the plan ends that.
   */
  readonly signedElsewhere: (domain: string, server: string, selector: string) => boolean;
  /** What the other pending changes will do: the domain is signed on these servers once they are applied. */
  readonly willSign: (domain: string, server: string) => boolean;
}

export type GoalOutcome = { readonly goal: Goal } | { readonly refused: Problem };

export function effectOf(goal: Goal): Effect {
  const { intent } = goal.pending;
  return {
    pending: goal.pending.id,
    domain: goal.pending.domain,
    server: goal.pending.server,
    intent: intent.kind,
    selectors: goal.selectors,
    records: goal.records,
    installed: goal.installs.map(key => ({ selector: key.selector, publicKey: key.publicKey })),
    removed: goal.removals,
    ...(intent.kind === 'rotate' && intent.compromised.length > 0
      ? { revoked: intent.compromised.map(key => key.selector) }
      : {}),
    retire: goal.retire,
  };
}
