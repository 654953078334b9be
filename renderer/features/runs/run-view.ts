/** A run as the screen shows it: one line per server and one over all, folded from the plan and the events. Pure. */
import type { Phase, Plan } from '../../../shared/model.ts';
import type { ChangeState, GateEvent, RunChange, RunEvent, RunRecord } from '../../../shared/run.ts';

export type ServerState =
  'waiting' | 'working' | 'gate' | 'done' | 'failed' | 'rolled-back' | 'stale' | 'skipped' | 'unknown';

export interface ServerProgress {
  readonly server: string;
  readonly phase: Phase | null;
  readonly state: ServerState;
  readonly done: number;
  readonly total: number;
  /** The last thing heard: a step, a gate or a failure. */
  readonly message: string | null;
  readonly gate: GateEvent | null;
}

export interface RunView {
  readonly servers: readonly ServerProgress[];
  readonly done: number;
  readonly total: number;
}

const finished: readonly ChangeState[] = ['applied', 'rolled-back', 'stale', 'failed', 'skipped'];
// What went wrong outweighs what is going on, and that outweighs what went well.
const weights: Readonly<Record<ChangeState, number>> = {
  failed: 8,
  unknown: 7,
  'rolled-back': 6,
  stale: 5,
  started: 4,
  skipped: 3,
  waiting: 2,
  planned: 1,
  applied: 0,
};

const stateOf: Readonly<Record<ChangeState, ServerState>> = {
  failed: 'failed',
  unknown: 'unknown',
  'rolled-back': 'rolled-back',
  stale: 'stale',
  started: 'working',
  skipped: 'skipped',
  waiting: 'waiting',
  planned: 'waiting',
  applied: 'done',
};

interface Known {
  readonly phase: Phase | null;
  readonly state: ChangeState;
}

interface Heard {
  readonly states: ReadonlyMap<string, ChangeState>;
  readonly messages: ReadonlyMap<string, string>;
  readonly gates: ReadonlyMap<string, GateEvent>;
}

function listen(plan: Plan, recorded: readonly RunChange[], events: readonly RunEvent[]): Heard {
  const serverOf = new Map(plan.changes.map(change => [change.id, change.server]));
  const states = new Map<string, ChangeState>(recorded.map(change => [change.id, change.state]));
  const messages = new Map<string, string>();
  const gates = new Map<string, GateEvent>();
  for (const change of recorded) {
    const server = serverOf.get(change.id);
    if (change.problem && server !== undefined) messages.set(server, change.problem.message);
  }
  for (const event of events) {
    if (event.type === 'change') {
      states.set(event.change, event.state);
      if (event.state !== 'waiting') gates.delete(event.server);
      if (event.message) messages.set(event.server, event.message);
    } else if (event.type === 'step') messages.set(event.server, event.message);
    else if (event.type === 'gate') {
      const server = serverOf.get(event.change) ?? '';
      if (event.state === 'passed') gates.delete(server);
      else gates.set(server, event);
    }
  }
  return { states, messages, gates };
}

function byName<T>(groups: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...groups].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
}

export function runView(run: RunRecord, events: readonly RunEvent[]): RunView {
  const { states, messages, gates } = listen(run.plan, run.changes, run.finishedAt === null ? events : []);
  const isOver = run.outcome !== 'running' || events.some(event => event.type === 'done');
  const servers = byName(Map.groupBy(run.plan.changes, change => change.server)).map(([server, changes]) => {
    const known: readonly Known[] = changes.map(change => ({
      phase: change.phase,
      state: states.get(change.id) ?? 'planned',
    }));
    const worst = known.reduce<Known>((a, b) => (weights[b.state] > weights[a.state] ? b : a), {
      phase: null,
      state: 'applied',
    });
    const current = known.find(change => !finished.includes(change.state));
    const done = known.filter(change => finished.includes(change.state)).length;
    const gate = isOver ? null : (gates.get(server) ?? null);
    const isUnderWay = !isOver && done > 0 && worst.state === 'planned';
    return {
      server,
      // Where it went wrong, or else where it is.
      phase: weights[worst.state] > weights.started ? worst.phase : (current?.phase ?? worst.phase),
      state: gate ? ('gate' as const) : isUnderWay ? ('working' as const) : stateOf[worst.state],
      done,
      total: changes.length,
      message: messages.get(server) ?? null,
      gate,
    };
  });
  return {
    servers,
    done: servers.reduce((sum, server) => sum + server.done, 0),
    total: servers.reduce((sum, server) => sum + server.total, 0),
  };
}

/** Live events that the record does not hold yet, after those that it holds. */
export function joinEvents(recorded: readonly RunEvent[], live: readonly RunEvent[]): readonly RunEvent[] {
  if (live[0]?.type === 'run' && live.length >= recorded.length) return live;
  const seen = new Set(recorded.map(event => JSON.stringify(event)));
  return [...recorded, ...live.filter(event => !seen.has(JSON.stringify(event)))];
}

/** One line of the log. */
export function logLine(event: RunEvent): string {
  switch (event.type) {
    case 'run':
      return `run ${event.run}: ${event.changes} changes on ${event.servers.join(', ')}`;
    case 'change':
      return `${event.server} ${event.phase}: ${event.state}${event.message ? ` (${event.message})` : ''}`;
    case 'step':
      return `${event.server}: ${event.message}`;
    case 'gate':
      return `gate ${event.state}: ${event.message}`;
    case 'problem':
      return `${event.problem.code}: ${event.problem.message}`;
    case 'done':
      return `${event.outcome}: ${event.changes.applied} applied, ${event.changes.rolledBack} rolled back, ${event.changes.waiting} waiting, ${event.changes.skipped} skipped`;
  }
}
