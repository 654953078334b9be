/** A run is one application of a plan. Its events are what `signet apply --json` prints (NDJSON) and what the window shows live. */
import type { Phase, Plan } from './model.ts';
import type { Problem } from './problem.ts';

/**
 * `waiting`: its gate has not passed yet, or something it depends on waits; `skipped`: not tried (left out, stopped, or
 * something it depends on failed); `rolled-back`: tried and taken back, the server is as before; `stale`: refused, the
 * server differs from the plan's basis and nothing was touched; `unknown`: the link was lost and the server has not been
 * asked since.
 */
export type ChangeState =
  'planned' | 'started' | 'applied' | 'rolled-back' | 'stale' | 'failed' | 'waiting' | 'skipped' | 'unknown';

export type RunOutcome = 'applied' | 'incomplete' | 'failed' | 'refused';

interface Event<T extends string> {
  readonly type: T;
  readonly run: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export interface RunStarted extends Event<'run'> {
  readonly plan: string;
  readonly servers: readonly string[];
  readonly changes: number;
}

export interface ChangeEvent extends Event<'change'> {
  readonly change: string;
  readonly server: string;
  readonly phase: Phase;
  readonly state: ChangeState;
  /** The domains that it carried out; those of the plan's change that had to wait are not among them. */
  readonly domains: readonly string[];
  readonly message?: string;
}

export interface StepEvent extends Event<'step'> {
  readonly change: string;
  readonly server: string;
  readonly message: string;
}

export interface GateEvent extends Event<'gate'> {
  readonly change: string;
  readonly domain: string;
  readonly name: string;
  readonly state: 'waiting' | 'passed' | 'failed';
  /** "ns2.example.net (192.0.2.2) does not serve s1._domainkey.example.com yet" */
  readonly message: string;
  readonly retryInSeconds?: number;
}

export interface ProblemEvent extends Event<'problem'> {
  readonly problem: Problem;
}

export interface RunDone extends Event<'done'> {
  readonly outcome: RunOutcome;
  readonly changes: {
    readonly applied: number;
    readonly rolledBack: number;
    readonly waiting: number;
    readonly skipped: number;
  };
}

export type RunEvent = RunStarted | ChangeEvent | StepEvent | GateEvent | ProblemEvent | RunDone;

/** What is known of one change of a run. */
export interface RunChange {
  readonly id: string;
  readonly state: ChangeState;
  /** The change as it was carried out (a part of the plan's, where some domains had to wait). */
  readonly domains: readonly string[];
  readonly pending: readonly string[];
  /** While it is under way for domains that had to wait: what it was applied for earlier in the run. */
  readonly earlier?: { readonly pending: readonly string[]; readonly domains: readonly string[] };
  readonly finishedAt: string | null;
  readonly problem: Problem | null;
}

export interface RunRecord {
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: RunOutcome | 'running' | 'interrupted';
  readonly plan: Plan;
  readonly changes: readonly RunChange[];
  readonly problems: readonly Problem[];
}
