/**
 * Undo is planned domain by domain, like everything else. Where all that a change of a run did on a server is taken back,
 * and its files are still as the run left them, their old bytes are put back instead: exactly what was there, also where
 * an editor would write the same differently (order of lines, a converted configuration). Pure.
 */
import type { Change, Phase, Plan, Step } from '../../shared/model.ts';
import { fromContent } from '../../shared/text.ts';
import type { DriverPlan, RestoreFile } from '../drivers/api.ts';
import { createHash } from 'node:crypto';
import type { Goal } from './goals.ts';

/** The plans of runs that are taken back, by the id of the run. */
export type RunPlans = ReadonlyMap<string, Plan>;

/** The phase whose work a phase of the undo takes back. */
const mirrored: Readonly<Partial<Record<Phase, Phase>>> = {
  withdraw: 'policy',
  switch: 'switch',
  policy: 'withdraw',
  unpublish: 'publish',
  publish: 'unpublish',
  remove: 'install',
};

/** The change of the run that `goals`, all goals of this phase and server, take back wholly; null: there is none. */
function changeTakenBack(runs: RunPlans, phase: Phase, server: string, goals: readonly Goal[]): Change | null {
  const ids = new Set<string>();
  const effects = new Set<string>();
  for (const { pending } of goals) {
    if (pending.intent.kind !== 'undo') return null;
    ids.add(pending.intent.run);
    effects.add(pending.intent.effect.pending);
  }
  const [run] = ids;
  const change =
    run === undefined ? undefined : runs.get(run)?.changes.find(({ id }) => id === `${mirrored[phase]}@${server}`);
  if (ids.size !== 1 || change === undefined || change.pending.length !== effects.size) return null;
  return change.pending.every(id => effects.has(id)) ? change : null;
}

function sha256(content: string): string {
  return createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex');
}

/** The texts that a change wrote, as `restore` of a driver takes them; secrets are not among them. */
export function filesOf(change: Change): readonly RestoreFile[] {
  return change.steps.flatMap((step): readonly RestoreFile[] => {
    if (step.kind !== 'file' || (step.after !== null && 'secret' in step.after)) return [];
    // a secret that was removed: nobody has it any more
    if (step.before !== null && step.old === null) return [];
    return [
      {
        path: step.path,
        before: step.old === null ? null : fromContent(step.old),
        after: step.after === null ? null : sha256(fromContent(step.after)),
      },
    ];
  });
}

/** `plan`, or the same with the old bytes of every file. `restore` is the driver's. */
export function exactly<F>(
  plan: DriverPlan<F>,
  restore: (files: readonly RestoreFile[]) => DriverPlan<F>,
  runs: RunPlans,
  phase: Phase,
  server: string,
  goals: readonly Goal[],
): DriverPlan<F> {
  const change = changeTakenBack(runs, phase, server, goals);
  if (change === null || plan.refused.length > 0 || change.steps.some(step => step.kind === 'records')) return plan;
  const files = filesOf(change);
  if (files.length === 0) return plan;
  const restored = restore(files);
  if (restored.refused.length > 0 || !restored.steps.some(isFile)) return plan;
  const written = new Set(restored.steps.map(step => (step.kind === 'file' ? step.path : null)));
  // what is no text of the configuration goes as it was planned: key files, and directories that were made for them
  const others = plan.steps.filter(
    (step): step is Step => step.kind === 'directory' || (step.kind === 'file' && !written.has(step.path)),
  );
  const emptied = change.steps.flatMap((step): readonly Step[] =>
    step.kind === 'directory' &&
    step.present &&
    !others.some(other => other.kind === 'directory' && other.path === step.path)
      ? [{ ...step, present: false }]
      : [],
  );
  return {
    ...restored,
    // innermost first
    steps: [
      ...restored.steps.filter(isFile),
      ...others,
      ...emptied.reverse(),
      ...restored.steps.filter(step => !isFile(step)),
    ],
    requires: plan.requires.filter(({ path }) => !written.has(path)),
  };
}

function isFile(step: Step): boolean {
  return step.kind === 'file';
}
