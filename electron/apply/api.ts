/** What the executor needs from the rest of the engine: everything that it touches is behind these ports. */
import type { Change, Gate, Plan, Probe } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { RunChange, RunEvent, RunOutcome } from '../../shared/run.ts';

export interface GateResult {
  readonly gate: Gate;
  readonly passed: boolean;
  /** "ns2.example.net (192.0.2.2) does not serve s1._domainkey.example.com yet"; printable. */
  readonly message: string;
}

export interface GatePort {
  /** One look at every gate. A gate without a result, and every gate where it rejects, has not passed. */
  check(gates: readonly Gate[], signal: AbortSignal): Promise<readonly GateResult[]>;
}

export interface ProbeResult {
  readonly domain: string;
  /** What the probe wants is so. A domain without a result counts as not proved. */
  readonly ok: boolean;
  readonly problem: Problem | null;
}

/** Drives messages through the signer of a server. */
export interface ProbePort {
  probe(server: string, probes: readonly Probe[], signal: AbortSignal): Promise<readonly ProbeResult[]>;
}

/** The journal of one run (RunTable of the store): written before anything is done, durable when the call returns. */
export interface RunJournal {
  change(change: RunChange): void;
  /** Every event, before it is emitted. */
  event(event: RunEvent): void;
  finish(end: {
    readonly outcome: RunOutcome;
    readonly finishedAt: string;
    readonly problems: readonly Problem[];
  }): void;
}

export type TransactionState = 'applied' | 'rolled-back' | 'stale' | 'failed' | 'unknown';

/**
 * How a transaction ended. `rolled-back` and `stale`: the server is as it was. `failed`: see the problem; nothing was
 * done, or (`rollback-incomplete`) what was done could not be taken back wholly. `unknown`: the link was lost, and the
 * server goes on by itself: it can be asked later.
 */
export interface TransactionOutcome {
  readonly state: TransactionState;
  readonly problem: Problem | null;
  /** `stale`: files that differ from the plan; after a rollback: files left alone because somebody else wrote them since. */
  readonly files: readonly string[];
}

export interface TransactionRequest {
  readonly run: string;
  /** Its pending changes tell one transaction of a run and change from another. */
  readonly change: Change;
  /** Has the last word once everything is active: null commits, a problem takes it back. Absent: the server decides. */
  readonly confirm?: () => Promise<Problem | null>;
}

type OnProgress = (message: string) => void;

/** Changes on servers, wholly or not at all. Both reject (SignetError) only where nothing was sent. */
export interface TransactionPort {
  apply(request: TransactionRequest, onProgress: OnProgress): Promise<TransactionOutcome>;
  /** What became of one that was begun: `rolled-back` where it never arrived. */
  outcome(request: TransactionRequest, onProgress: OnProgress): Promise<TransactionOutcome>;
}

export interface ApplyPorts {
  readonly transactions: TransactionPort;
  readonly gates: GatePort;
  readonly probes: ProbePort;
  /**
   * The same facts planned anew, where each change (by its id) carries none of the pending changes given for it; those of
   * others stay, so that a later change is computed from what the earlier ones really did. Pure; the changes have the ids
   * that they have in the plan.
   */
  reduce(without: ReadonlyMap<string, ReadonlySet<string>>): Plan;
  readonly journal: RunJournal;
}
