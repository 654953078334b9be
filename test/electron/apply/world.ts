/** A fleet in memory, at the executor's ports: transactions, gates, probes and the journal, with faults on demand. */
import type { ApplyPorts, TransactionOutcome, TransactionRequest } from '../../../electron/apply/api.ts';
import { executePlan, type ExecuteOptions } from '../../../electron/apply/execute.ts';
import type { Change, Effect, Gate, Phase, Plan } from '../../../shared/model.ts';
import { phases } from '../../../shared/model.ts';
import { failed, type Problem } from '../../../shared/problem.ts';
import type { RunChange, RunEvent, RunRecord } from '../../../shared/run.ts';

/** One domain that is switched on: mail on `mail`, its zone on `dns` (null: elsewhere). */
export interface Wish {
  readonly id: string;
  readonly mail: string;
  readonly dns: string | null;
}

export type Fault =
  'ok' | 'rolled-back' | 'stale' | 'failed' | 'incomplete' | 'lost-applied' | 'lost-taken-back' | 'away';

export interface Faults {
  /** What happens to the n-th transaction; "ok" after the last. */
  readonly transactions?: readonly Fault[];
  readonly awayServers?: readonly string[];
  readonly shutGates?: readonly string[];
  readonly silentDomains?: readonly string[];
}

const domainOf = (id: string) => `${id}.example`;

function gateOf(wish: Wish): Gate {
  const domain = domainOf(wish.id);
  return {
    domain,
    zone: domain,
    name: `s1._domainkey.${domain}`,
    compare: 'key',
    expect: 'p=x',
    via: wish.mail,
    external: wish.dns === null,
  };
}

const steps: readonly { readonly phase: Phase; readonly on: (wish: Wish) => string | null }[] = [
  { phase: 'install', on: wish => wish.mail },
  { phase: 'publish', on: wish => wish.dns },
  { phase: 'switch', on: wish => wish.mail },
  { phase: 'policy', on: wish => wish.dns },
];

/** What the files of a server are like: everything that was carried out there. */
const filesOf = (server: string, inForce: readonly string[]) =>
  inForce
    .filter(item => item.includes(`@${server}/`))
    .sort()
    .join(' ');

/** What planning does, for these wishes, where `inForce` is what is there already. */
function planOf(
  wishes: readonly Wish[],
  inForce: readonly string[],
  without: ReadonlyMap<string, ReadonlySet<string>> = new Map(),
): Plan {
  const planned = [...inForce];
  const changes: Change[] = [];
  for (const { phase, on } of steps) {
    const servers = [...new Set(wishes.flatMap(wish => on(wish) ?? []))].sort();
    for (const server of servers) {
      const id = `${phase}@${server}`;
      const carried = wishes.filter(
        wish => on(wish) === server && !without.get(id)?.has(wish.id) && !inForce.includes(`${id}/${wish.id}`),
      );
      if (carried.length === 0) continue;
      const pending = carried.map(wish => wish.id);
      const isSwitch = phase === 'switch';
      changes.push({
        id,
        intent: 'signing-on',
        server,
        phase,
        pending,
        domains: pending.map(domainOf),
        dependsOn: changes
          .filter(change => change.pending.some(other => pending.includes(other)))
          .map(change => change.id),
        gates: isSwitch ? carried.map(gateOf) : [],
        requires: [{ path: '/etc', before: filesOf(server, planned) }],
        steps: [],
        probes: isSwitch ? pending.map(other => ({ domain: domainOf(other), selectors: ['s1'] })) : [],
        reason: '',
      });
      planned.push(...pending.map(other => `${id}/${other}`));
    }
  }
  const effects = wishes.map(({ id, mail }): Effect => ({
    pending: id,
    domain: domainOf(id),
    server: mail,
    intent: 'signing-on',
    selectors: null,
    records: [],
    installed: [],
    removed: [],
    retire: [],
  }));
  return { id: 'plan', createdAt: '', basis: [], effects, changes, manual: [], problems: [] };
}

const problem = (code: string): Problem => ({ code, message: code, hint: '', severity: 'stop' });

export class World {
  readonly wishes: readonly Wish[];
  plan: Plan;
  #basis: readonly string[] = [];
  faults: Faults;
  /** "change/pending" that is in force, in the order in which it came. */
  readonly inForce: string[] = [];
  /** Violations of what must always hold. */
  readonly wrong: string[] = [];
  readonly events: RunEvent[] = [];
  readonly journal = new Map<string, RunChange>();
  readonly #passed = new Set<string>();
  readonly #transactions = new Map<string, 'applied' | 'rolled-back'>();
  readonly #damaged = new Set<string>();
  #count = 0;
  /** The process dies at this event. */
  dieAt = Infinity;

  constructor(wishes: readonly Wish[], faults: Faults = {}) {
    this.wishes = wishes;
    this.plan = planOf(wishes, []);
    this.faults = faults;
  }

  /** Scan, and plan what is left. */
  planAgain(): void {
    this.#basis = [...this.inForce];
    this.plan = planOf(this.wishes, this.#basis);
  }

  run(extra: Partial<ExecuteOptions> = {}): Promise<RunRecord> {
    return executePlan({
      run: 'r1',
      plan: this.plan,
      ports: this.ports,
      emit: () => {},
      signal: new AbortController().signal,
      gateTimes: { managedMs: 3, externalMs: 0, retryMs: 1 },
      probePatienceMs: 2,
      ...extra,
    });
  }

  /** What the store has after the process died. */
  record(): RunRecord {
    return {
      id: 'r1',
      startedAt: '',
      finishedAt: null,
      outcome: 'interrupted',
      plan: this.plan,
      changes: planOf(this.wishes, []).changes.map(
        ({ id, pending, domains }): RunChange =>
          this.journal.get(id) ?? { id, state: 'planned', pending, domains, finishedAt: null, problem: null },
      ),
      problems: [],
    };
  }

  has(phase: Phase, wish: Wish): boolean {
    const server = steps.find(step => step.phase === phase)?.on(wish);
    return server === null || this.inForce.includes(`${phase}@${server}/${wish.id}`);
  }

  /** Everything that was wanted for it is so. */
  done(wish: Wish): boolean {
    return steps.every(({ phase }) => this.has(phase, wish));
  }

  #expect(holds: boolean, what: string): void {
    if (!holds) this.wrong.push(what);
  }

  /** Law 2, and the journal, at the moment at which a change begins. */
  #check({ change }: TransactionRequest): void {
    const journaled = this.journal.get(change.id);
    this.#expect(journaled?.state === 'started', `${change.id} began without a journal`);
    this.#expect(
      String(journaled?.pending) === String(change.pending),
      `${change.id}: the journal holds other domains`,
    );
    for (const id of change.pending) {
      const wish = this.wishes.find(other => other.id === id);
      if (!wish) continue;
      const at = phases.indexOf(change.phase);
      for (const { phase } of steps)
        if (phases.indexOf(phase) < at) this.#expect(this.has(phase, wish), `${change.id} of ${id} before ${phase}`);
      if (change.phase === 'switch')
        this.#expect(this.#passed.has(domainOf(id)), `${id} was switched with its gate shut`);
      this.#expect(!this.inForce.includes(`${change.id}/${id}`), `${change.id} of ${id} was carried out twice`);
    }
  }

  async #apply(request: TransactionRequest): Promise<TransactionOutcome> {
    const { change, confirm } = request;
    if (this.faults.awayServers?.includes(change.server)) throw failed('unreachable', `${change.server} is away`, '');
    const fault = this.faults.transactions?.[this.#count] ?? 'ok';
    this.#count += 1;
    if (fault === 'away') throw failed('unreachable', `${change.server} is away`, '');
    this.#check(request);
    this.#expect(!this.#damaged.has(change.server), `${change.id} on a server in an unknown state`);
    if (change.requires.some(({ before }) => before !== filesOf(change.server, this.inForce)))
      return { state: 'stale', problem: problem('stale'), files: ['/etc'] };
    await new Promise(resolve => setImmediate(resolve));
    const key = `${change.id}/${String(change.pending)}`;
    const end = (state: TransactionOutcome['state'], code?: string): TransactionOutcome => ({
      state,
      problem: code === undefined ? null : problem(code),
      files: [],
    });
    const takes = () => {
      for (const id of change.pending) this.inForce.push(`${change.id}/${id}`);
      this.#transactions.set(key, 'applied');
    };
    switch (fault) {
      case 'ok': {
        const refusal = (await confirm?.()) ?? null;
        if (refusal === null) takes();
        else this.#transactions.set(key, 'rolled-back');
        return refusal === null ? end('applied') : { state: 'rolled-back', problem: refusal, files: [] };
      }
      case 'lost-applied':
        takes();
        return end('unknown', 'transaction-unknown');
      case 'lost-taken-back':
        this.#transactions.set(key, 'rolled-back');
        return end('unknown', 'transaction-unknown');
      case 'incomplete':
        this.#damaged.add(change.server);
        return end('failed', 'rollback-incomplete');
      default:
        return end(fault, fault);
    }
  }

  get ports(): ApplyPorts {
    return {
      transactions: {
        apply: request => this.#apply(request),
        outcome: ({ change }) =>
          Promise.resolve({
            state: this.#transactions.get(`${change.id}/${String(change.pending)}`) ?? 'rolled-back',
            problem: null,
            files: [],
          }),
      },
      gates: {
        check: gates =>
          Promise.resolve(
            gates.map(gate => {
              const passed = !this.faults.shutGates?.includes(gate.domain);
              if (passed) this.#passed.add(gate.domain);
              return { gate, passed, message: passed ? 'served' : 'not served yet' };
            }),
          ),
      },
      probes: {
        probe: (_server, probes) =>
          Promise.resolve(
            probes.map(({ domain }) => {
              const ok = !this.faults.silentDomains?.includes(domain);
              return { domain, ok, problem: ok ? null : problem('probe-failed') };
            }),
          ),
      },
      reduce: without => planOf(this.wishes, this.#basis, without),
      journal: {
        change: change => {
          this.#alive();
          this.journal.set(change.id, change);
        },
        event: event => {
          this.#alive();
          this.events.push(event);
        },
        finish: () => this.#alive(),
      },
    };
  }

  #alive(): void {
    if (this.events.length >= this.dieAt) throw new Error('the process died');
  }
}
