/** Edits of the configuration as file steps, and the facts after them. Pure. */
import type { FileStep } from '../../../../shared/model.ts';
import { toContent, type ByteString } from '../../../../shared/text.ts';
import { sha256 } from '../../kit/bytes.ts';
import { editConfig, type ConfigEdit } from './config.ts';
import type { OpenDkimFacts, TextFact } from './facts.ts';
import { readModel } from './model.ts';

/** A text as it was and as it will be. */
export interface Change {
  readonly named: string;
  readonly before: TextFact | null;
  readonly after: ByteString;
  readonly mode: number;
  readonly owner: string;
}

const nearTables = ['keytable', 'signingtable', 'domain', 'selector', 'keyfile'];

export function isChanged({ before, after }: Change): boolean {
  return before === null || before.content !== after;
}

export function fileStep({ named, before, after, mode, owner }: Change): FileStep {
  return {
    kind: 'file',
    path: before?.real ?? named,
    before: before?.sha256 ?? null,
    old: before === null ? null : toContent(before.content),
    after: toContent(after),
    mode,
    owner,
  };
}

function changed({ named, before, after, mode, owner }: Change): TextFact {
  const [user = 'root', group = user] = owner.split(':');
  const attributes = before ?? { path: named, real: named, mode, owner: user, group, masked: false };
  return { ...attributes, sha256: sha256(after), content: after };
}

export function changedTexts(changes: readonly Change[]): Readonly<Record<string, TextFact>> {
  return Object.fromEntries(changes.map(change => [change.named, changed(change)]));
}

export function replacedConfigs(facts: OpenDkimFacts, changes: readonly Change[]): OpenDkimFacts {
  return { ...facts, configs: { ...facts.configs, ...changedTexts(changes) } };
}

/** An edit goes to the file where the directive stands that counts; a new directive goes to the main file. */
export function changedConfigs(facts: OpenDkimFacts, edits: readonly ConfigEdit[]): readonly Change[] {
  const { directives } = readModel(facts);
  const contents = new Map<string, ByteString>();
  for (const edit of edits) {
    const places = directives.filter(directive => directive.name === edit.name.toLowerCase());
    const files =
      edit.kind === 'disable'
        ? [...new Set(places.map(place => place.file))]
        : [places.at(-1)?.file ?? facts.configPath];
    for (const file of files) {
      const content = contents.get(file) ?? facts.configs[file]?.content ?? '';
      contents.set(file, editConfig(content, [edit], nearTables));
    }
  }
  return [...contents].map(([named, after]) => ({
    named,
    before: facts.configs[named] ?? null,
    after,
    mode: 0o644,
    owner: 'root:root',
  }));
}
