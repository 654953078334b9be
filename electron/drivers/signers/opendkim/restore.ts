/** Pure: configuration and tables get exactly the content that they had before. */
import type { FileStep } from '../../../../shared/model.ts';
import { printable, toContent } from '../../../../shared/text.ts';
import type { DriverPlan, RestoreFile } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { stop } from '../../kit/problems.ts';
import { reloadCommand, restartCommand, runningCommand } from '../../kit/service.ts';
import { syntaxCheck } from './checks.ts';
import type { OpenDkimFacts, TextFact } from './facts.ts';
import { readModel } from './model.ts';

type Texts = Readonly<Record<string, TextFact | null>>;

function replaced(texts: Texts, path: string, before: string | null): Texts {
  return Object.fromEntries(
    Object.entries(texts).map(([named, text]) => {
      if (text === null || text.real !== path) return [named, text];
      return [named, before === null ? null : { ...text, content: before, sha256: sha256(before) }];
    }),
  );
}

export function restoreOpenDkim(facts: OpenDkimFacts, files: readonly RestoreFile[]): DriverPlan<OpenDkimFacts> {
  const steps: FileStep[] = [];
  const refused: DriverPlan<OpenDkimFacts>['refused'][number][] = [];
  const named = new Map<string, string>();
  let { configs, texts } = facts;
  for (const { path, before, after } of files) {
    const [name, text] =
      [...Object.entries(configs), ...Object.entries(texts)].find(([, candidate]) => candidate?.real === path) ?? [];
    if (name === undefined || text === undefined || text === null || text.masked || text.sha256 !== after) {
      const message = `${printable(path)} was changed since: its old content is not put back`;
      const problem = stop('file-changed', message, 'Switch the domains one by one, or restore it by hand.', {
        file: path,
      });
      refused.push({ subject: path, problem });
      continue;
    }
    named.set(path, name);
    const owner = `${text.owner}:${text.group}`;
    const content = before === null ? null : toContent(before);
    steps.push({
      kind: 'file',
      path,
      before: text.sha256,
      old: toContent(text.content),
      after: content,
      mode: text.mode,
      owner,
    });
    configs = replaced(configs, path, before);
    texts = replaced(texts, path, before);
  }
  if (steps.length === 0) return { steps, requires: [], after: facts, refused };
  const written = steps
    .filter(step => step.after !== null)
    .map(step => ({ named: named.get(step.path) ?? '', written: step.path }));
  const config = written.find(file => file.named === facts.configPath);
  const check = syntaxCheck(
    facts.configPath,
    config?.written ?? null,
    written.filter(file => file !== config),
  );
  const { init, service } = facts;
  const after = { ...facts, configs, texts };
  // where it listens is read at the start only
  const reads = readModel(facts).socket === readModel(after).socket;
  const change = reads ? reloadCommand(init, service.name) : restartCommand(init, service.name);
  return {
    steps: [
      ...steps,
      ...(check === null ? [] : [check]),
      { kind: 'command', phase: 'activate', argv: change, timeout: 60 },
      { kind: 'command', phase: 'verify', argv: runningCommand(init, service.name, 'opendkim'), timeout: 30 },
    ],
    requires: [],
    after,
    refused,
  };
}
