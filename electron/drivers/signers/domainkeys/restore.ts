/** Pure: the key table and the configuration get exactly the content that they had before. */
import type { FileStep } from '../../../../shared/model.ts';
import { printable } from '../../../../shared/text.ts';
import type { DriverPlan, FileFact, RestoreFile } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { stop } from '../../kit/problems.ts';
import type { DomainKeysFacts } from './facts.ts';
import { paths } from './places.ts';
import { tableCommands, tableStep } from './plan.ts';

export function restoreDomainKeys(facts: DomainKeysFacts, wanted: readonly RestoreFile[]): DriverPlan<DomainKeysFacts> {
  const steps: FileStep[] = [];
  const refused: DriverPlan<DomainKeysFacts>['refused'][number][] = [];
  const files: Record<string, FileFact | null> = { ...facts.files };
  for (const { path, before, after } of wanted) {
    const [name, file] =
      [paths.table, paths.config]
        .map(one => [one, files[one] ?? null] as const)
        .find(([, candidate]) => candidate?.real === path) ?? [];
    if (name === undefined || file === undefined || file === null || file.sha256 !== after || before === null) {
      const message = `${printable(path)} was changed since: its old content is not put back`;
      const hint = 'Switch the domains one by one, or restore it by hand.';
      refused.push({ subject: path, problem: stop('file-changed', message, hint, { file: path }) });
      continue;
    }
    if (file.content === before) continue;
    steps.push(tableStep(file, before));
    files[name] = { ...file, content: before, sha256: sha256(before) };
  }
  if (steps.length === 0) return { steps, requires: [], after: facts, refused };
  const table = steps.find(step => step.path === facts.files[paths.table]?.real);
  const commands = tableCommands(facts, table?.path ?? '');
  return {
    steps: [...steps, ...(table === undefined ? commands.slice(1) : commands)],
    requires: [],
    after: { ...facts, files },
    refused,
  };
}
