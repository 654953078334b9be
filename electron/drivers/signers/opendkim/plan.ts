/** From facts and edits to steps, and to the facts as they will be. Pure. */
import { posix } from 'node:path';
import type { DirectoryStep, FileRequirement, FileStep, Step } from '../../../../shared/model.ts';
import type { ByteString } from '../../../../shared/text.ts';
import type { DriverPlan, SignerEdit, StatFact } from '../../api.ts';
import { availability, needsTables } from './availability.ts';
import { commandsFor } from './checks.ts';
import { changedConfigs, changedTexts, fileStep, isChanged, type Change } from './config-changes.ts';
import { Draft } from './draft.ts';
import { applyEdit } from './edits.ts';
import type { KeyFact, OpenDkimFacts, TextFact } from './facts.ts';
import { readModel, type TableSource } from './model.ts';
import { tablePaths } from './tables.ts';

const keyMode = 0o600;
const keyDirectoryMode = 0o700;

function subjectOf(edit: SignerEdit): string {
  return edit.kind === 'install' ? edit.key.domain : edit.domain;
}

function tableChange(draft: Draft, source: TableSource | null, path: string, after: ByteString): Change {
  const written = !draft.converted && source !== null && 'path' in source ? source : null;
  return {
    named: written?.path ?? path,
    before: written?.file ?? null,
    after,
    // new tables can be read by the daemon's group, for it reads them again as its user
    mode: 0o640,
    owner: `root:${draft.facts.user.group}`,
  };
}

/** Directories of new keys and tables that are not there, outermost first. */
function directorySteps(draft: Draft): readonly DirectoryStep[] {
  const { facts } = draft;
  const steps = new Map<string, DirectoryStep>();
  const missing = (path: string) => facts.directories[path] === undefined || facts.directories[path] === null;
  if (draft.converted && missing(tablePaths.directory)) {
    const path = tablePaths.directory;
    steps.set(path, { kind: 'directory', path, mode: 0o755, owner: 'root:root', present: true });
  }
  const owner = `${facts.user.name}:${facts.user.group}`;
  for (const { path } of draft.installations) {
    const wanted: string[] = [];
    for (let directory = posix.dirname(path); missing(directory); directory = posix.dirname(directory)) {
      if (directory === '/' || steps.has(directory)) break;
      wanted.unshift(directory);
    }
    for (const directory of wanted) {
      steps.set(directory, { kind: 'directory', path: directory, mode: keyDirectoryMode, owner, present: true });
    }
  }
  return [...steps.values()];
}

function keySteps(draft: Draft): readonly FileStep[] {
  const owner = `${draft.facts.user.name}:${draft.facts.user.group}`;
  return draft.installations.map(({ key, path }) => ({
    kind: 'file',
    path,
    before: null,
    old: null,
    after: key.secret,
    mode: keyMode,
    owner,
  }));
}

/** A directory named after the key's domain goes too, once it is empty. */
function removalSteps(removals: readonly KeyFact[], domains: ReadonlySet<string>): readonly Step[] {
  const files: FileStep[] = [];
  const directories = new Map<string, DirectoryStep>();
  for (const key of removals) {
    const owner = `${key.owner}:${key.group}`;
    const path = posix.dirname(key.real);
    files.push({ kind: 'file', path: key.real, before: key.sha256, old: null, after: null, mode: key.mode, owner });
    if (!domains.has(posix.basename(path).toLowerCase())) continue;
    directories.set(path, { kind: 'directory', path, mode: keyDirectoryMode, owner, present: false });
  }
  return [...files, ...directories.values()];
}

function requirement(text: TextFact): FileRequirement {
  return { path: text.real, before: text.sha256 };
}

/** What the plan was computed from and leaves as it is: configuration, tables, and the keys that begin to sign. */
function requirements(draft: Draft, written: ReadonlySet<string>): readonly FileRequirement[] {
  const { facts } = draft;
  const texts = [
    ...Object.values(facts.configs),
    ...[draft.model.keyTable, draft.model.signingTable].map(source =>
      source !== null && 'file' in source ? source.file : null,
    ),
  ];
  const found = new Map<string, FileRequirement>();
  for (const text of texts) if (text !== null && !text.masked) found.set(text.real, requirement(text));
  for (const domain of draft.switched) {
    for (const entry of draft.tables.lookup.find(domain, draft.multiple)) {
      const path = draft.tables.keyIndex.named(entry.value)?.path;
      const key = path === undefined ? null : (draft.keys.get(path) ?? null);
      if (key !== null && key.sha256 !== null) found.set(key.real, { path: key.real, before: key.sha256 });
    }
  }
  return [...found.values()].filter(({ path }) => !written.has(path));
}

function factsAfter(
  draft: Draft,
  configs: readonly Change[],
  tables: readonly Change[],
  directories: readonly DirectoryStep[],
): OpenDkimFacts {
  const { facts } = draft;
  const made = directories.map(({ path, mode, owner }): readonly [string, StatFact] => {
    const [user = 'root', group = user] = owner.split(':');
    return [path, { path, type: 'directory', mode, owner: user, group }];
  });
  const removed = new Set(draft.removals.map(key => key.path));
  const removedFiles = new Set(draft.removals.map(key => key.real));
  return {
    ...facts,
    configs: { ...facts.configs, ...changedTexts(configs) },
    texts: { ...facts.texts, ...changedTexts(tables) },
    keys: Object.fromEntries([...draft.keys].filter(([path]) => !removed.has(path))),
    directories: { ...facts.directories, ...Object.fromEntries(made) },
    present: [...facts.present.filter(path => !removedFiles.has(path)), ...draft.installations.map(({ path }) => path)],
  };
}

export function planOpenDkim(facts: OpenDkimFacts, edits: readonly SignerEdit[]): DriverPlan<OpenDkimFacts> {
  const unavailable = availability(facts, readModel(facts));
  if (unavailable !== null) {
    const refused = edits.map(edit => ({
      subject: subjectOf(edit),
      problem: { ...unavailable, domain: subjectOf(edit) },
    }));
    return { steps: [], requires: [], after: facts, refused };
  }
  const draft = new Draft(facts, needsTables);
  const refused: DriverPlan<OpenDkimFacts>['refused'][number][] = [];
  const removedDomains = new Set<string>();
  let done = 0;
  for (const edit of edits) {
    const problem = applyEdit(draft, edit);
    if (problem !== null) refused.push({ subject: subjectOf(edit), problem });
    else done += 1;
    if (edit.kind === 'remove') removedDomains.add(edit.domain);
  }
  const touched = draft.switched.size + draft.installations.length + draft.removals.length > 0;
  const keys = tableChange(draft, draft.model.keyTable, tablePaths.keys, draft.tables.keys.render());
  const signing = tableChange(draft, draft.model.signingTable, tablePaths.signing, draft.tables.signing.render());
  const tables = [keys, signing].filter(isChanged);
  if (done === 0 || (!touched && (draft.converted || tables.length === 0))) {
    return { steps: [], requires: [], after: facts, refused };
  }
  const configs = changedConfigs(facts, draft.configEdits(tablePaths)).filter(isChanged);
  const directories = directorySteps(draft);
  const files = [...tables, ...configs].map(fileStep);
  const writtenPath = (change: Change) => (tables.includes(change) ? fileStep(change).path : null);
  const main = configs.find(change => change.named === facts.configPath);
  const commands = commandsFor(draft, {
    config: main === undefined ? null : fileStep(main).path,
    keys: { named: keys.named, written: writtenPath(keys) },
    signing: { named: signing.named, written: writtenPath(signing) },
  });
  return {
    steps: [...directories, ...keySteps(draft), ...files, ...removalSteps(draft.removals, removedDomains), ...commands],
    requires: requirements(draft, new Set(files.map(step => step.path))),
    after: factsAfter(draft, configs, tables, directories),
    refused,
  };
}
