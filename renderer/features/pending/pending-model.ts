/** What the screen of pending changes shows, computed from the engine's lists. */
import type { PendingRow, PlanView, StepView } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import type { RunRecord } from '../../../shared/run.ts';
import { diffLines } from '../../components/diff-lines.ts';

export interface PendingGroup {
  readonly server: string;
  /** Positions in the list of pending changes, by domain. */
  readonly rows: readonly number[];
}

export function groupPending(pending: readonly PendingRow[]): readonly PendingGroup[] {
  const groups = new Map<string, number[]>();
  pending.forEach((change, position) => {
    const rows = groups.get(change.server);
    if (rows) rows.push(position);
    else groups.set(change.server, [position]);
  });
  const byDomain = (a: number, b: number) => ((pending[a]?.domain ?? '') < (pending[b]?.domain ?? '') ? -1 : 1);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([server, rows]) => ({ server, rows: rows.sort(byDomain) }));
}

/** Not in any plan before its time. */
export function isLater(change: PendingRow, now: number): boolean {
  return change.notBefore !== null && Date.parse(change.notBefore) > now;
}

/** Pending changes that the last run found stale and whose server was not scanned since. */
export function stalePending(
  run: RunRecord | undefined,
  lastScan: ReadonlyMap<string, string | null>,
): ReadonlyMap<string, Problem | null> {
  const stale = new Map<string, Problem | null>();
  for (const change of run?.changes ?? []) {
    if (change.state !== 'stale') continue;
    const server = run?.plan.changes.find(planned => planned.id === change.id)?.server;
    const scanned = server === undefined ? null : lastScan.get(server);
    if (change.finishedAt !== null && scanned && scanned > change.finishedAt) continue;
    for (const id of change.pending) stale.set(id, change.problem);
  }
  return stale;
}

export interface PlanNumbers {
  readonly servers: number;
  readonly domains: number;
  readonly changes: number;
  readonly steps: number;
  readonly manual: number;
  /** Stops that the admin may override: an acknowledgement is for a code, and so for all of its problems. */
  readonly toAcknowledge: readonly { readonly code: string; readonly problems: readonly Problem[] }[];
  /** Stops that cannot be overridden. */
  readonly blocking: readonly Problem[];
  readonly others: readonly Problem[];
}

export function planNumbers(plan: PlanView): PlanNumbers {
  const stops = plan.problems.filter(problem => problem.severity === 'stop');
  const byCode = Map.groupBy(
    stops.filter(problem => problem.overridable),
    problem => problem.code,
  );
  return {
    servers: new Set(plan.changes.map(change => change.server)).size,
    domains: new Set(plan.changes.flatMap(change => change.domains)).size,
    changes: plan.changes.length,
    steps: plan.changes.reduce((sum, change) => sum + change.steps.length, 0),
    manual: plan.manual.length,
    toAcknowledge: [...byCode].map(([code, problems]) => ({ code, problems })),
    blocking: stops.filter(problem => !problem.overridable),
    others: plan.problems.filter(problem => problem.severity !== 'stop'),
  };
}

/** Added and removed lines of a step: what a reviewer looks at first. */
export function diffCounts(step: StepView): { readonly added: number; readonly removed: number } {
  const lines = diffLines(step.diff ?? '');
  return {
    added: lines.filter(line => line.kind === 'added').length,
    removed: lines.filter(line => line.kind === 'removed').length,
  };
}
