/**
 * Long work that the window started or hears of: scans, verifications, runs. It lives here and not in a screen, so that
 * it goes on, and can be stopped, wherever the admin looks meanwhile.
 */
import { create } from 'zustand';
import type { EngineEvent } from '../../shared/contract.ts';
import type { RunEvent } from '../../shared/run.ts';

export type ScanState = Extract<EngineEvent, { type: 'scan' }>['state'];
export type WorkKind = 'scan' | 'verify' | 'run';

interface Task {
  readonly kind: WorkKind;
  readonly stop: () => void;
  readonly stopping: boolean;
}

interface Work {
  readonly tasks: Readonly<Partial<Record<WorkKind, Task>>>;
  /** The servers of the scan under way. */
  readonly scans: ReadonlyMap<string, ScanState>;
  readonly staging: { readonly done: number; readonly total: number } | null;
  /** The events of runs since this window was opened, by run. */
  readonly runs: ReadonlyMap<string, readonly RunEvent[]>;
}

export const useWork = create<Work>(() => ({ tasks: {}, scans: new Map(), staging: null, runs: new Map() }));

export function beginTask(kind: WorkKind, controller: AbortController): void {
  const stop = () => {
    controller.abort();
    useWork.setState(({ tasks }) => {
      const task = tasks[kind];
      return task ? { tasks: { ...tasks, [kind]: { ...task, stopping: true } } } : {};
    });
  };
  useWork.setState(({ tasks }) => ({
    tasks: { ...tasks, [kind]: { kind, stop, stopping: false } },
    ...(kind === 'scan' && { scans: new Map() }),
  }));
}

export function endTask(kind: WorkKind): void {
  useWork.setState(({ tasks }) => {
    const { [kind]: _ended, ...others } = tasks;
    return { tasks: others };
  });
}

export function scanEvent(event: Extract<EngineEvent, { type: 'scan' }>): void {
  useWork.setState(({ scans }) => ({ scans: new Map(scans).set(event.server, event.state) }));
}

export function stagingEvent(event: Extract<EngineEvent, { type: 'staging' }>): void {
  useWork.setState({ staging: event.done < event.total ? { done: event.done, total: event.total } : null });
}

// A run of 1,000 domains has thousands of events; they are passed on once per frame.
let waiting: RunEvent[] = [];

function passOn(): void {
  const events = waiting;
  waiting = [];
  useWork.setState(({ runs }) => {
    const next = new Map(runs);
    for (const [run, more] of Map.groupBy(events, event => event.run))
      next.set(run, [...(next.get(run) ?? []), ...more]);
    return { runs: next };
  });
}

export function runEvent(event: RunEvent): void {
  if (waiting.length === 0) window.setTimeout(passOn, 50);
  waiting.push(event);
}
