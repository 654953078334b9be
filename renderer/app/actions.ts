/** What several screens can start: scans, verifications, applying. Results are told by toasts, wherever the admin is by then. */
import type { Client, Input } from '../../shared/contract.ts';
import { SignetError } from '../../shared/problem.ts';
import { texts } from '../texts.ts';
import { go } from './router.ts';
import { tell, tellProblem } from './toasts.ts';
import type { WorkKind } from './work.ts';
import { beginTask, endTask, useWork } from './work.ts';

async function task(kind: WorkKind, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (useWork.getState().tasks[kind]) return;
  const controller = new AbortController();
  beginTask(kind, controller);
  try {
    await work(controller.signal);
  } catch (error) {
    tellProblem(error);
  } finally {
    endTask(kind);
  }
}

export function scan(client: Client, servers?: readonly string[]): Promise<void> {
  return task('scan', async signal => {
    const results = await client.call('scan.run', servers ? { servers: [...servers] } : {}, { signal });
    const failed = results.filter(result => !result.ok);
    tell(texts.work.scanned(results.length - failed.length, failed.length), {
      label: texts.work.showServers,
      run: () => go('servers'),
    });
  });
}

export function verify(client: Client, domains: readonly string[]): Promise<void> {
  return task('verify', async signal => {
    const rows = await client.call('verify.run', { domains: [...domains] }, { signal });
    tell(texts.work.verified(rows.filter(row => row.ok).length, rows.length));
    const stop = rows.flatMap(row => row.problems).find(problem => problem.severity === 'stop');
    if (stop) tellProblem(new SignetError('failed', stop));
  });
}

export function apply(client: Client, input: Input<'apply.run'>): Promise<void> {
  return task('run', async signal => {
    const run = await client.call('apply.run', input, { signal });
    tell(texts.work.ran[run.outcome], { label: texts.work.showRun, run: () => go('runs', run.id) });
  });
}

export function resume(client: Client, id: string): Promise<void> {
  return task('run', async signal => {
    const run = await client.call('runs.resume', { id }, { signal });
    tell(texts.work.ran[run.outcome], { label: texts.work.showRun, run: () => go('runs', run.id) });
  });
}

export async function undo(client: Client, id: string): Promise<void> {
  try {
    const { staged, refused } = await client.call('runs.undo', { id });
    tell(texts.work.undone(staged.length, refused.length), {
      label: texts.work.review,
      run: () => go('pending'),
    });
    const first = refused[0];
    if (staged.length === 0 && first) tell(first.problem.message);
  } catch (error) {
    tellProblem(error);
  }
}

/** A run of this window, or one that went on when its page was left. */
export async function stopRun(client: Client, id: string): Promise<void> {
  try {
    await client.call('runs.stop', { id });
  } catch (error) {
    tellProblem(error);
  }
}
