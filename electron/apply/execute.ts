/**
 * Runs a plan. Servers work side by side; on one server changes follow each other in the order of the phases. A domain
 * whose gate does not pass, whose earlier change failed or whose server is away drops out, and the others go on: their
 * change is then planned anew without it (ApplyPorts.reduce).
 */
import type { ApplyPorts, TransactionOutcome, TransactionRequest } from './api.ts';
import { defaultGateTimes, gateKey, waitForGates, type GateTimes } from './gates.ts';
import { Ledger } from './ledger.ts';
import { prove } from './proof.ts';
import { Slots } from './slots.ts';
import type { Change, Plan } from '../../shared/model.ts';
import { SignetError, type Problem } from '../../shared/problem.ts';
import type { RunChange, RunEvent, RunRecord } from '../../shared/run.ts';
import { printable } from '../../shared/text.ts';

export interface ExecuteOptions {
  readonly run: string;
  /** To resume: the run's own plan, or a fresh one for what is left. */
  readonly plan: Plan;
  readonly ports: ApplyPorts;
  readonly emit: (event: RunEvent) => void;
  /** Stop: nothing new begins, what has begun on a server ends there, the rest is skipped. */
  readonly signal: AbortSignal;
  /** Why pending changes have no part in the plan: told first, and the run is incomplete at best. */
  readonly unplanned?: readonly Problem[];
  /** Changes on other servers are left out. */
  readonly servers?: readonly string[];
  /** What is known of the run so far: what was applied is not repeated, what was begun is asked for first. */
  readonly resume?: RunRecord;
  /** Servers worked on at a time. Default 8. */
  readonly parallelism?: number;
  readonly gateTimes?: GateTimes;
  /** How long a probe is tried again. Default 10 s. */
  readonly probePatienceMs?: number;
  readonly now?: () => Date;
}

type Bare<E> = E extends RunEvent ? Omit<E, 'run' | 'at'> : never;

/** A probe can fail for some domains of a change: the rest is tried again without them, this often. */
const rounds = 3;

class Execution {
  readonly #options: ExecuteOptions;
  readonly #ports: ApplyPorts;
  readonly #ledger: Ledger;
  readonly #slots: Slots;
  readonly #problems: Problem[] = [];
  /** Changes that were refused before anything was sent. */
  readonly #refused = new Set<string>();
  #broken: { readonly error: unknown } | null = null;

  constructor(options: ExecuteOptions) {
    this.#options = options;
    this.#ports = options.ports;
    this.#ledger = new Ledger(options.plan, options.resume);
    this.#slots = new Slots(options.parallelism ?? 8);
  }

  async run(): Promise<RunRecord> {
    const { plan, run, resume, signal } = this.#options;
    const startedAt = resume?.startedAt ?? this.#now();
    const servers = [...new Set(plan.changes.map(({ server }) => server))];
    this.#tell({ type: 'run', plan: plan.id, servers, changes: plan.changes.length });
    const { unplanned = [] } = this.#options;
    for (const problem of unplanned) this.#problem(problem);
    const ends = new Map<string, Promise<void>>();
    for (const change of plan.changes) {
      const earlier = this.#ledger.earlier(change).map(({ id }) => ends.get(id));
      ends.set(
        change.id,
        Promise.all(earlier).then(() => this.#guarded(change)),
      );
    }
    await Promise.all(ends.values());
    if (this.#broken !== null) throw this.#broken.error;
    const carried = this.#ledger.outcome(signal.aborted, this.#refused);
    const outcome = carried === 'applied' && unplanned.length > 0 ? 'incomplete' : carried;
    const finishedAt = this.#now();
    this.#ports.journal.finish({ outcome, finishedAt, problems: this.#problems });
    this.#tell({ type: 'done', outcome, changes: this.#ledger.counts() });
    return { id: run, startedAt, finishedAt, outcome, plan, changes: this.#ledger.changes, problems: this.#problems };
  }

  /** A journal that cannot be written ends the run: what has begun on servers ends there, nothing else begins. */
  async #guarded(change: Change): Promise<void> {
    if (this.#broken !== null) return;
    try {
      await this.#change(change);
    } catch (error) {
      this.#broken ??= { error };
    }
  }

  async #change(change: Change): Promise<void> {
    const { servers, signal } = this.#options;
    const before = this.#ledger.of(change.id)?.state;
    if (before === 'started' || before === 'unknown') await this.#settle(change);
    if (this.#ledger.rest(change).length === 0 || this.#ledger.of(change.id)?.state === 'unknown') return;
    if (servers !== undefined && !servers.includes(change.server)) return this.#idle(change, 'skipped', 'left out');
    let alive = this.#ledger.alive(change);
    if (alive.size === 0) return this.#idle(change, this.#ledger.idle(change));
    if (signal.aborted) return this.#idle(change, 'skipped', 'stopped');

    const passed = await this.#gates(change, alive);
    for (let round = 1; ; round += 1) {
      alive = this.#open(change, alive, passed);
      if (signal.aborted) return this.#idle(change, 'skipped', 'stopped');
      if (alive.size === 0) return this.#idle(change, this.#ledger.idle(change));
      const part = this.#part(change, alive, passed);
      if (part === null) return;
      const unproved = await this.#slots.use(() => this.#transact(part));
      if (unproved === null || round === rounds) return;
      const rest = new Set([...part.pending].filter(id => !unproved.some(domain => this.#ledger.concerns(domain, id))));
      if (rest.size === 0 || rest.size === part.pending.length) return;
      alive = rest;
    }
  }

  /** It does not begin. How an earlier attempt of the run ended stays known. */
  #idle(change: Change, state: 'waiting' | 'skipped', why?: string): void {
    const before = this.#ledger.of(change.id)?.state;
    if (before === 'planned' || before === 'waiting' || before === 'skipped') this.#end(change, state, [], null, why);
  }

  /** Asks the server what became of a change that was begun and not seen to end. */
  async #settle(change: Change): Promise<void> {
    const known = this.#ledger.of(change.id);
    if (known === undefined) return;
    const domains = new Set(known.domains);
    const begun = {
      ...change,
      pending: known.pending,
      probes: change.probes.filter(({ domain }) => domains.has(domain)),
    };
    try {
      const { request, unproved } = this.#request(begun);
      const outcome = await this.#ports.transactions.outcome(request, message => this.#step(change, message));
      this.#outcome(begun, outcome, unproved());
    } catch (error) {
      this.#end(begun, 'unknown', begun.pending, this.#problemOf(change.server, error));
    }
  }

  async #gates(change: Change, alive: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const { gateTimes = defaultGateTimes, signal } = this.#options;
    const concerned = change.gates.filter(gate => [...alive].some(id => this.#ledger.concerns(gate.domain, id)));
    return waitForGates(this.#ports.gates, concerned, gateTimes, signal, event =>
      this.#tell({ type: 'gate', change: change.id, ...event }),
    );
  }

  /** Those whose gates have all passed; the others wait. */
  #open(change: Change, alive: ReadonlySet<string>, passed: ReadonlySet<string>): ReadonlySet<string> {
    const shut = change.gates.filter(gate => !passed.has(gateKey(gate)));
    const waits = new Set([...alive].filter(id => shut.some(gate => this.#ledger.concerns(gate.domain, id))));
    if (!this.#options.signal.aborted) this.#ledger.wait(waits);
    return new Set([...alive].filter(id => !waits.has(id)));
  }

  /** The change for those that go on; null: there is nothing to do for them, which is then settled. */
  #part(change: Change, alive: ReadonlySet<string>, passed: ReadonlySet<string>): Change | null {
    if (!this.#ledger.mustReduce(change, alive)) return change;
    const plan = this.#ports.reduce(this.#ledger.without(change, alive));
    const planned = new Set(plan.effects.map(({ pending }) => pending));
    const part = plan.changes.find(({ id }) => id === change.id);
    const going = [...alive].filter(id => planned.has(id));
    // A plan that holds more than was asked for is not carried out, whoever computed it
    const foreign = part?.pending.some(id => !alive.has(id)) ?? false;
    const shut = part?.gates.some(gate => !passed.has(gateKey(gate))) ?? false;
    if (foreign || shut || going.length === 0) {
      const { server } = change;
      const problem: Problem = {
        code: 'plan-again',
        message: `${server}: what is left of ${change.id} cannot be carried out with this plan`,
        hint: 'Scan the server and make a new plan for the rest.',
        severity: 'stop',
        server,
      };
      this.#end(change, 'skipped', [], problem);
      return null;
    }
    if (part === undefined) {
      this.#end(change, 'applied', going, null, 'nothing to do');
      return null;
    }
    return { ...part, pending: going };
  }

  /** The domains that the probe did not prove, where the change was taken back for that; null: it ended otherwise. */
  async #transact(part: Change): Promise<readonly string[] | null> {
    if (this.#options.signal.aborted) {
      this.#idle(part, 'skipped', 'stopped');
      return null;
    }
    const started = this.#ledger.set(part, 'started', part.pending, null, null);
    this.#journal(part, started, undefined);
    const { request, unproved } = this.#request(part);
    let outcome: TransactionOutcome;
    try {
      outcome = await this.#ports.transactions.apply(request, message => this.#step(part, message));
    } catch (error) {
      // Nothing was sent: the server is away, or the change cannot be carried
      if (error instanceof SignetError && error.failure === 'refused') this.#refused.add(part.id);
      this.#end(part, 'skipped', [], this.#problemOf(part.server, error));
      return null;
    }
    this.#outcome(part, outcome, unproved());
    return outcome.state === 'rolled-back' && unproved().size > 0 ? [...unproved().keys()] : null;
  }

  #request(change: Change): { request: TransactionRequest; unproved: () => ReadonlyMap<string, Problem> } {
    const { run, probePatienceMs = 10_000 } = this.#options;
    let failing: ReadonlyMap<string, Problem> = new Map();
    const confirm = async () => {
      this.#step(change, `proving ${change.probes.length === 1 ? 'the domain' : `${change.probes.length} domains`}`);
      failing = await prove(this.#ports.probes, change.server, change.probes, probePatienceMs);
      return failing.values().next().value ?? null;
    };
    const request = { run, change, ...(change.probes.length === 0 ? {} : { confirm }) };
    return { request, unproved: () => failing };
  }

  #outcome(change: Change, outcome: TransactionOutcome, unproved: ReadonlyMap<string, Problem>): void {
    if (outcome.state !== 'applied')
      for (const problem of unproved.values()) if (problem !== outcome.problem) this.#problem(problem);
    this.#end(change, outcome.state, change.pending, outcome.problem);
  }

  #end(
    change: Change,
    state: RunChange['state'],
    pending: readonly string[],
    problem: Problem | null,
    why?: string,
  ): void {
    if (problem !== null) this.#problem(problem);
    const finishedAt = state === 'unknown' ? null : this.#now();
    this.#journal(
      change,
      this.#ledger.set(change, state, pending, problem, finishedAt),
      problem?.message ?? why,
      state,
    );
  }

  #journal(change: Change, known: RunChange, message: string | undefined, state = known.state): void {
    this.#ports.journal.change(known);
    const { id, server, phase } = change;
    const said = message === undefined ? {} : { message };
    this.#tell({ type: 'change', change: id, server, phase, state, domains: known.domains, ...said });
  }

  #step(change: Change, message: string): void {
    this.#tell({ type: 'step', change: change.id, server: change.server, message });
  }

  #problem(problem: Problem): void {
    this.#problems.push(problem);
    this.#tell({ type: 'problem', problem });
  }

  #problemOf(server: string, error: unknown): Problem {
    if (error instanceof SignetError) return error.problem;
    const message = `${server}: ${printable(error instanceof Error ? error.message : String(error))}`;
    return { code: 'unexpected', message, hint: 'This is a defect: please report it.', severity: 'stop', server };
  }

  #tell(bare: Bare<RunEvent>): void {
    const event: RunEvent = { ...bare, run: this.#options.run, at: this.#now() };
    this.#ports.journal.event(event);
    this.#options.emit(event);
  }

  #now(): string {
    return (this.#options.now?.() ?? new Date()).toISOString();
  }
}

/**
 * Carries a plan out, or goes on with it (`resume`). Rejects only where the journal cannot be written: nothing is done that
 * is not written first. Outcome `applied`: all of it; `incomplete`: the rest waits, was taken back, stopped or is unknown;
 * `failed`: nothing was applied; `refused`: nothing was touched, the servers are not as the plan found them.
 */
export async function executePlan(options: ExecuteOptions): Promise<RunRecord> {
  return new Execution(options).run();
}
