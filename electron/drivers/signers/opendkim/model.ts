/** What the configuration means. Pure; read anew from facts by view and plan. */
import { posix } from 'node:path';
import { parseSelector } from '../../../../shared/dkim/domain.ts';
import { isYes, flattenConfig, type Directive } from './config.ts';
import { parseDataset } from './dataset.ts';
import type { OpenDkimFacts, TextFact } from './facts.ts';
import type { TableKind } from './table.ts';

export interface InlineItem {
  readonly key: string;
  readonly value: string;
}

/** Where a table stands. */
export type TableSource =
  | { readonly kind: TableKind; readonly path: string; readonly file: TextFact | null; readonly at: Directive }
  | { readonly kind: 'inline'; readonly items: readonly InlineItem[]; readonly at: Directive }
  | { readonly kind: 'other'; readonly type: string; readonly at: Directive };

/** The form with one key for a list of domains. */
export interface SingleForm {
  /** Lower case; "*" is every domain. null: the list cannot be read. */
  readonly domains: readonly string[] | null;
  readonly selector: string;
  readonly keyFile: string;
  readonly subdomains: boolean;
  readonly at: Directive;
}

export interface Model {
  readonly directives: readonly Directive[];
  readonly get: (name: string) => Directive | undefined;
  readonly keyTable: TableSource | null;
  readonly signingTable: TableSource | null;
  /** As written, also where a KeyTable makes it void. */
  readonly single: SingleForm | null;
  readonly mode: string;
  readonly multiple: boolean;
  readonly algorithm: 'rsa' | 'ed25519';
  readonly safeKeys: boolean;
  /** The socket, as written; null: none is given. */
  readonly socket: string | null;
}

/** The value of a one-letter option of the command line ("-x FILE", "-xFILE"). */
export function argument(words: readonly string[], letter: string): string | null {
  for (const [index, word] of words.entries()) {
    if (word === `-${letter}`) return words[index + 1] ?? null;
    if (word.startsWith(`-${letter}`) && word.length > 2) return word.slice(2);
  }
  return null;
}

export function resolvePath(directives: readonly Directive[], path: string): string {
  const base = directives.findLast(directive => directive.name === 'basedirectory')?.value ?? '/';
  return path.startsWith('/') ? path : posix.join(base, path);
}

export function readDirectives(facts: Pick<OpenDkimFacts, 'configs' | 'configPath'>): readonly Directive[] {
  const contents = new Map<string, string>();
  for (const [path, file] of Object.entries(facts.configs)) if (file !== null) contents.set(path, file.content);
  return flattenConfig(contents, facts.configPath);
}

function readSource(facts: OpenDkimFacts, directives: readonly Directive[], name: string): TableSource | null {
  const at = directives.findLast(directive => directive.name === name);
  if (at === undefined) return null;
  const dataset = parseDataset(at.value);
  switch (dataset.kind) {
    case 'other':
      return { kind: 'other', type: dataset.type, at };
    case 'list':
      return { kind: 'inline', items: dataset.items.map(({ key, value }) => ({ key, value: value ?? '' })), at };
    default: {
      const path = resolvePath(directives, dataset.path);
      return { kind: dataset.kind, path, file: facts.texts[path] ?? null, at };
    }
  }
}

/** One name a line in a file; a `*` is only understood where it stands for every domain. */
function readDomains(facts: OpenDkimFacts, directives: readonly Directive[], value: string): SingleForm['domains'] {
  const dataset = parseDataset(value);
  if (dataset.kind === 'other') return null;
  const names =
    dataset.kind === 'list'
      ? dataset.items.map(({ key }) => key)
      : facts.texts[resolvePath(directives, dataset.path)]?.content
          .split('\n')
          .map(line => line.split('#', 1)[0]?.trim().split(/\s/, 1)[0] ?? '');
  if (names === undefined) return null;
  const domains = names.map(name => name.toLowerCase()).filter(name => name !== '');
  return domains.some(name => name !== '*' && name.includes('*')) ? null : domains;
}

function readSingle(facts: OpenDkimFacts, directives: readonly Directive[]): SingleForm | null {
  const find = (name: string) => directives.findLast(directive => directive.name === name);
  const domain = find('domain');
  const selector = find('selector');
  const keyFile = find('keyfile');
  if (domain === undefined || selector === undefined || keyFile === undefined) return null;
  if (!parseSelector(selector.value).ok) return null;
  return {
    domains: readDomains(facts, directives, domain.value),
    selector: selector.value,
    keyFile: resolvePath(directives, keyFile.value),
    subdomains: isYes(find('subdomains')?.value),
    at: domain,
  };
}

export function readModel(facts: OpenDkimFacts): Model {
  const directives = readDirectives(facts);
  const get = (name: string) => directives.findLast(directive => directive.name === name.toLowerCase());
  return {
    directives,
    get,
    keyTable: readSource(facts, directives, 'keytable'),
    signingTable: readSource(facts, directives, 'signingtable'),
    single: readSingle(facts, directives),
    mode: argument(facts.arguments, 'b') ?? get('Mode')?.value ?? 'sv',
    multiple: isYes(get('MultipleSignatures')?.value),
    algorithm: /^ed25519/i.test(get('SignatureAlgorithm')?.value ?? '') ? 'ed25519' : 'rsa',
    safeKeys: isYes(get('RequireSafeKeys')?.value ?? 'yes'),
    socket: argument(facts.arguments, 'p') ?? get('Socket')?.value ?? null,
  };
}
