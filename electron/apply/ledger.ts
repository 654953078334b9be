/**
 * What is known of each change of a run, and which domains may go on. Everything that decides about law 2 in a run is
 * here: a pending change goes on only where all of its earlier changes were applied with it.
 */
import type { Change, Plan } from '../../shared/model.ts';
import { phases } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { RunChange, RunOutcome, RunRecord } from '../../shared/run.ts';

const rank = (change: Change) => phases.indexOf(change.phase);

interface Carried {
  readonly pending: readonly string[];
  readonly domains: readonly string[];
}

const nothing: Carried = { pending: [], domains: [] };
const union = (one: Iterable<string>, other: Iterable<string>) => [...new Set([...one, ...other])];

/**
 * Records are of a domain, on whichever servers its mail is: a policy is withdrawn before any of them stops signing, and
 * published after all of them sign; a key record, which servers may share, goes after all of them are switched.
 */
const tiedByDomain = (earlier: Change, later: Change) =>
  (earlier.phase === 'withdraw' && later.phase === 'switch') ||
  (earlier.phase === 'switch' && (later.phase === 'policy' || later.phase === 'unpublish'));

export class Ledger {
  readonly #plan: Plan;
  /** null: of a whole server. */
  readonly #domainOf: ReadonlyMap<string, string | null>;
  readonly #known: Map<string, RunChange>;
  /** By change: what it was applied for. */
  readonly #carried = new Map<string, Carried>();
  /** Pending changes that wait for a gate. */
  readonly #waiting = new Set<string>();
  /** Servers of which it is not known what state they are in. */
  readonly #blocked = new Set<string>();

  constructor(plan: Plan, before: RunRecord | undefined) {
    this.#plan = plan;
    this.#domainOf = new Map(plan.effects.map(effect => [effect.pending, effect.domain]));
    this.#known = new Map(before?.changes.map(change => [change.id, change]));
    for (const change of this.#known.values()) {
      const { id, state, pending, domains, earlier } = change;
      const carried = state === 'applied' ? { pending, domains } : earlier;
      if (carried) this.#carried.set(id, carried);
    }
    for (const { id, pending, domains } of plan.changes) {
      if (!this.#known.has(id))
        this.#known.set(id, { id, state: 'planned', domains, pending, finishedAt: null, problem: null });
    }
  }

  get changes(): readonly RunChange[] {
    return [...this.#known.values()];
  }

  of(id: string): RunChange | undefined {
    return this.#known.get(id);
  }

  carriedBy(id: string): ReadonlySet<string> {
    return new Set(this.#carried.get(id)?.pending);
  }

  domains(pending: Iterable<string>): readonly string[] {
    return [...new Set([...pending].flatMap(id => this.#domainOf.get(id) ?? []))];
  }

  /** Whether a gate or a probe of `domain` speaks for this pending change. One whose domain is not known is never let through. */
  concerns(domain: string, pending: string): boolean {
    const own = this.#domainOf.get(pending);
    return own === undefined || own === domain;
  }

  /**
   * The changes that must have ended before this one begins: what it depends on, earlier phases of the same pending changes
   * or (records) domains, and earlier phases on the same server, whose files it was computed from.
   */
  earlier(change: Change): readonly Change[] {
    const depends = new Set(change.dependsOn);
    return this.#plan.changes.filter(
      other =>
        other.id !== change.id &&
        (depends.has(other.id) ||
          (rank(other) < rank(change) &&
            (other.server === change.server || change.pending.some(id => this.#owners(other, change, id).length > 0)))),
    );
  }

  /** Of the pending changes that it has not carried out yet: those that all earlier changes were applied with. */
  alive(change: Change): ReadonlySet<string> {
    const rest = this.rest(change);
    if (this.#blocked.has(change.server)) return new Set();
    const earlier = this.earlier(change);
    const depends = new Set(change.dependsOn);
    const barred = earlier.some(
      other =>
        depends.has(other.id) &&
        change.pending.every(id => this.#owners(other, change, id).length === 0) &&
        this.rest(other).length > 0,
    );
    if (barred) return new Set();
    return new Set(
      rest.filter(id =>
        earlier.every(other => this.#owners(other, change, id).every(owner => this.carriedBy(other.id).has(owner))),
      ),
    );
  }

  /** The pending changes that an earlier change must have been applied with before this one goes on for `id`. */
  #owners(other: Change, change: Change, id: string): readonly string[] {
    if (!tiedByDomain(other, change)) return other.pending.includes(id) ? [id] : [];
    const domain = this.#domainOf.get(id);
    return other.pending.filter(
      owner => owner === id || (typeof domain === 'string' && this.#domainOf.get(owner) === domain),
    );
  }

  rest(change: Change): readonly string[] {
    const carried = this.carriedBy(change.id);
    return change.pending.filter(id => !carried.has(id));
  }

  /** The change cannot be taken from the plan as it is: some of it has dropped out, here or earlier on the server. */
  mustReduce(change: Change, alive: ReadonlySet<string>): boolean {
    return (
      change.pending.some(id => !alive.has(id)) ||
      this.earlier(change).some(other => other.server === change.server && this.rest(other).length > 0)
    );
  }

  /** For ApplyPorts.reduce: what each change did not carry, and is not to carry. */
  without(change: Change, alive: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<string>> {
    const without = new Map<string, ReadonlySet<string>>();
    for (const other of this.#plan.changes) {
      const out = other.id === change.id ? other.pending.filter(id => !alive.has(id)) : this.rest(other);
      if (other.id === change.id || rank(other) < rank(change)) without.set(other.id, new Set(out));
    }
    return without;
  }

  wait(pending: Iterable<string>): void {
    for (const id of pending) this.#waiting.add(id);
  }

  /** What a change that cannot begin is: something of it waits, or it has no part in the run. */
  idle(change: Change): 'waiting' | 'skipped' {
    return this.rest(change).some(id => this.#waiting.has(id)) ? 'waiting' : 'skipped';
  }

  /** Replaces what is known of a change. `pending`: what it carries or carried out this time. */
  set(
    change: Change,
    state: RunChange['state'],
    pending: readonly string[],
    problem: Problem | null,
    finishedAt: string | null,
  ): RunChange {
    const earlier = this.#carried.get(change.id) ?? nothing;
    const now: Carried = { pending: [...pending], domains: this.domains(pending) };
    const all = { pending: union(earlier.pending, now.pending), domains: union(earlier.domains, now.domains) };
    if (state === 'applied') this.#carried.set(change.id, all);
    if (state === 'unknown' || problem?.code === 'rollback-incomplete') this.#blocked.add(change.server);
    const base = { id: change.id, finishedAt, problem };
    const open = state === 'started' || state === 'unknown';
    // What was applied earlier in the run stays applied, whatever becomes of the rest
    const known: RunChange =
      earlier.pending.length === 0
        ? { ...base, state, ...now }
        : open
          ? { ...base, state, ...now, earlier }
          : { ...base, state: 'applied', ...(state === 'applied' ? all : earlier) };
    this.#known.set(change.id, known);
    return known;
  }

  counts(): {
    readonly applied: number;
    readonly rolledBack: number;
    readonly waiting: number;
    readonly skipped: number;
  } {
    const states = this.changes.map(({ state }) => state);
    const count = (...wanted: readonly RunChange['state'][]) => states.filter(state => wanted.includes(state)).length;
    const partly = this.#plan.changes.filter(
      change => this.of(change.id)?.state === 'applied' && this.rest(change).some(id => this.#waiting.has(id)),
    ).length;
    return {
      applied: count('applied'),
      rolledBack: count('rolled-back'),
      waiting: count('waiting') + partly,
      skipped: count('skipped', 'planned'),
    };
  }

  /** `refused`: changes that were refused before anything was sent. */
  outcome(stopped: boolean, refused: ReadonlySet<string>): RunOutcome {
    const states = this.changes.map(({ state }) => state);
    if (this.#plan.changes.every(change => this.rest(change).length === 0)) return 'applied';
    if (stopped || this.#waiting.size > 0) return 'incomplete';
    if (states.some(state => state === 'applied' || state === 'unknown')) return 'incomplete';
    const failing = this.changes.filter(({ problem, state }) => problem !== null || state === 'stale');
    const all = failing.every(({ id, state }) => state === 'stale' || refused.has(id));
    const untouched = states.every(state => state === 'stale' || state === 'skipped' || state === 'planned');
    return untouched && all && failing.length > 0 ? 'refused' : 'failed';
  }
}
