/**
 * One change on one server, wholly or not at all (DESIGN.md, "Server transaction"; docs/decisions). One round trip; two
 * where the laptop has the last word; more only where the link is lost.
 *
 * Where a probe has to prove the result, the runner holds after activation and waits for a decision: confirmed, it
 * commits; refused, or not decided in time (the laptop died), it takes everything back by itself.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TransactionOutcome } from './api.ts';
import { applyScript, decideScript, followScript, type Places } from './bundle.ts';
import { isSecret } from './layout.ts';
import { packageTimeout } from './packages.ts';
import { ReportReader, type Report } from './outcome.ts';
import type { Change, SecretRef } from '../../shared/model.ts';
import { SignetError, type Problem } from '../../shared/problem.ts';
import type { Session } from '../transport/api.ts';

export interface Visit {
  readonly run: string;
  readonly change: Change;
  /** Has the last word once everything is active: null commits, a problem takes it back. Absent: the server decides. */
  readonly confirm?: () => Promise<Problem | null>;
  /** A new session after the link was lost. Absent: the outcome stays unknown. */
  readonly reopen?: () => Promise<Session>;
  /** How long to try to reconnect. Default 3 minutes. */
  readonly patienceMs?: number;
  /** Aborting ends the reconnecting, not what goes on while the link stands. */
  readonly giveUp?: AbortSignal;
  readonly places?: Places;
}

export interface Transaction extends Visit {
  readonly who: string;
  readonly openSecret: (ref: SecretRef) => Promise<string>;
  /** How long the server waits for `confirm`. Default 120 s. */
  readonly confirmSeconds?: number;
}

type OnProgress = (message: string) => void;

/** Errors of a session after which a script may be running, or have ended; after any other it never began. */
const undecided: ReadonlySet<string> = new Set([
  'connection-lost',
  'command-incomplete',
  'command-killed',
  'command-timeout',
  'output-too-long',
  'cancelled',
]);

function neverBegan(error: unknown): boolean {
  return error instanceof SignetError && !undecided.has(error.problem.code);
}

/** Everything that the runner may have to wait for, twice (the rollback activates again), and the laptop's decision. */
function longest(change: Change, confirmSeconds: number): number {
  const commands = change.steps.reduce((sum, step) => {
    if (step.kind === 'records') return sum + 240;
    if (step.kind === 'package') return sum + packageTimeout;
    return step.kind === 'command' ? sum + 2 * (step.timeout ?? 60) : sum;
  }, 0);
  return (300 + confirmSeconds + commands) * 1000;
}

class Visitor {
  readonly #visit: Visit;
  readonly #onProgress: OnProgress;
  readonly #signal: AbortSignal | undefined;
  #session: Session;
  readonly #reopened: Session[] = [];

  constructor(session: Session, visit: Visit, onProgress: OnProgress, signal: AbortSignal | undefined) {
    this.#session = session;
    this.#visit = visit;
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  /** Rejects only where the first script never began. */
  async settle(script: string): Promise<TransactionOutcome> {
    try {
      return await this.#settle(script);
    } finally {
      for (const session of this.#reopened) session.close();
    }
  }

  async #settle(script: string): Promise<TransactionOutcome> {
    let report = await this.#ask(script, error => {
      if (neverBegan(error)) throw error;
    });
    let decided: Problem | null = null;
    for (let turn = 0; turn < 4; turn += 1) {
      if (report.kind === 'lost') report = await this.#reconnect();
      if (report.kind !== 'held') break;
      decided = await this.#decide();
      report = await this.#ask(decideScript(this.#which, decided === null ? 'confirm' : 'revert'));
    }
    switch (report.kind) {
      case 'over':
        return decided !== null && report.outcome.problem?.code === 'taken-back'
          ? { ...report.outcome, problem: decided }
          : report.outcome;
      case 'absent':
        return { state: 'rolled-back', problem: this.#problem('transaction-never-arrived'), files: [] };
      case 'held':
      case 'lost':
        return { state: 'unknown', problem: this.#problem('transaction-unknown'), files: [] };
    }
  }

  get #which() {
    const { run, change, places } = this.#visit;
    return places === undefined ? { run, change } : { run, change, places };
  }

  /** A link that breaks is an answer here: "lost". */
  async #ask(script: string, onError: (error: unknown) => void = () => {}): Promise<Report> {
    const reader = new ReportReader(this.#session.server, this.#onProgress);
    const timeoutMs = longest(this.#visit.change, 120);
    const signal = this.#signal === undefined ? {} : { signal: this.#signal };
    try {
      await this.#session.run(script, { timeoutMs, onLine: line => reader.line(line), ...signal });
    } catch (error) {
      onError(error);
      return reader.report.kind === 'over' ? reader.report : { kind: 'lost' };
    }
    return reader.report;
  }

  async #decide(): Promise<Problem | null> {
    if (!this.#visit.confirm) return this.#problem('transaction-not-confirmed');
    try {
      return await this.#visit.confirm();
    } catch (error) {
      return error instanceof SignetError ? error.problem : this.#problem('transaction-not-confirmed');
    }
  }

  async #reconnect(): Promise<Report> {
    const { reopen, patienceMs = 180_000 } = this.#visit;
    const until = Date.now() + patienceMs;
    let absences = 0;
    if (!reopen) return { kind: 'lost' };
    for (let pause = 500; Date.now() + pause <= until; pause = Math.min(pause * 2, 15_000)) {
      if (pause === 500) this.#onProgress('the link was lost; trying again');
      await sleep(pause);
      if (this.#signal?.aborted === true || this.#visit.giveUp?.aborted === true) break;
      try {
        this.#session = await reopen();
        this.#reopened.push(this.#session);
      } catch {
        continue;
      }
      const report = await this.#ask(followScript(this.#which));
      // What was sent whole before the link broke may be only about to begin: it is gone when it is not there twice
      if (report.kind === 'absent' && absences === 0) absences += 1;
      else if (report.kind !== 'lost') return report;
    }
    return { kind: 'lost' };
  }

  #problem(code: 'transaction-never-arrived' | 'transaction-unknown' | 'transaction-not-confirmed'): Problem {
    const { server } = this.#visit.change;
    const texts = {
      'transaction-never-arrived': ['the link broke before the change arrived; nothing was done', 'Resume the run.'],
      'transaction-unknown': [
        'the link was lost, and the server could not be reached again to ask for the outcome',
        'The server ends the transaction by itself, wholly or not at all. Resume the run when it is reachable.',
      ],
      'transaction-not-confirmed': ['the result could not be proved, and was taken back', 'Resume the run.'],
    } as const;
    const [message, hint] = texts[code];
    return { code, message: `${server}: ${message}`, hint, severity: 'stop', server };
  }
}

async function openSecrets(change: Change, open: (ref: SecretRef) => Promise<string>): Promise<Map<string, string>> {
  const secrets = new Map<string, string>();
  for (const step of change.steps) {
    if (step.kind !== 'file' || step.after === null || !isSecret(step.after)) continue;
    secrets.set(step.after.secret, await open(step.after));
  }
  return secrets;
}

/**
 * Carries the change out. Never begins twice: sent again for the same run, it reports what became of the first, and begins
 * anew only where the first ended without effect. Aborting stops following it; it goes on on the server ("unknown").
 * Rejects (SignetError) only where nothing was sent.
 */
export async function applyChange(
  session: Session,
  transaction: Transaction,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<TransactionOutcome> {
  const { run, change, who, places, confirmSeconds = 120 } = transaction;
  const secrets = await openSecrets(change, transaction.openSecret);
  const confirm = transaction.confirm === undefined ? 0 : confirmSeconds;
  const tag = randomBytes(4).toString('hex');
  const script = applyScript({ run, change, who, secrets, confirm, tag, ...(places === undefined ? {} : { places }) });
  return new Visitor(session, transaction, onProgress, signal).settle(script);
}

/**
 * What became of a transaction, asked now or days later: followed while it runs, recovered where its process died,
 * "rolled-back" with the code `transaction-never-arrived` where the server knows nothing of it.
 */
export async function readOutcome(
  session: Session,
  visit: Visit,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<TransactionOutcome> {
  const { run, change, places } = visit;
  const script = followScript({ run, change, ...(places === undefined ? {} : { places }) });
  return new Visitor(session, visit, onProgress, signal).settle(script);
}
