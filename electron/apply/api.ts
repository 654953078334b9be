/** What the executor needs from the rest of the engine: everything that it touches is behind these ports. */
import type { Gate, Plan, Probe, SecretRef } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { RunChange, RunEvent, RunOutcome } from '../../shared/run.ts';
import type { Session } from '../transport/api.ts';

export interface GateResult {
  readonly gate: Gate;
  readonly passed: boolean;
  /** "ns2.example.net (192.0.2.2) does not serve s1._domainkey.example.com yet"; printable. */
  readonly message: string;
}

export interface GatePort {
  /** One look at every gate. A result for each gate, in any order; a rejection counts as "none passed". */
  check(gates: readonly Gate[], signal: AbortSignal): Promise<readonly GateResult[]>;
}

export interface ProbeResult {
  readonly probe: Probe;
  /** null: what the probe wants is so. */
  readonly problem: Problem | null;
}

/** The journal of one run, written before anything is done. Each call is durable when it returns. The store implements it. */
export interface RunJournal {
  change(change: RunChange): void;
  /** Every event that is emitted, before it is emitted. */
  event(event: RunEvent): void;
  finish(end: {
    readonly outcome: RunOutcome;
    readonly finishedAt: string;
    readonly problems: readonly Problem[];
  }): void;
}

export interface ApplyPorts {
  /** A session from the pool, or a new one: called again after a connection was lost. */
  session(server: string, signal?: AbortSignal): Promise<Session>;
  readonly gates: GatePort;
  /** Drives messages through the signer of `server`. */
  probe(server: string, probes: readonly Probe[], signal: AbortSignal): Promise<readonly ProbeResult[]>;
  /** The private key behind a reference (PEM). */
  openSecret(ref: SecretRef): Promise<string>;
  /** The same facts planned without these pending changes. Pure; its changes have the ids that they have in the plan. */
  reduce(excludedPending: ReadonlySet<string>): Plan;
  readonly journal: RunJournal;
}

export type TransactionState = 'applied' | 'rolled-back' | 'stale' | 'failed' | 'unknown';

/**
 * How a transaction ended. `rolled-back` and `stale`: the server is as it was. `failed`: see the problem; nothing was
 * done, or (`rollback-incomplete`) what was done could not be taken back wholly. `unknown`: the link was lost, and the
 * server goes on by itself: ask it with `readOutcome`.
 */
export interface TransactionOutcome {
  readonly state: TransactionState;
  readonly problem: Problem | null;
  /** `stale`: files that differ from the plan; after a rollback: files left alone because somebody else wrote them since. */
  readonly files: readonly string[];
}
