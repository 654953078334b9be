/** Both tables together: which selectors mail of a domain is signed with, as itself (d= is the domain). */
import { KeyIndex, keyNameOf, type KeyEntry } from './key-table.ts';
import { Lookup } from './lookup.ts';
import { Table, type Entry } from './table.ts';
import type { Model, TableSource } from './model.ts';

export interface Signing {
  readonly keys: Table;
  readonly keyIndex: KeyIndex;
  readonly signing: Table;
  readonly lookup: Lookup;
}

/** The same entries as lines; a table of another kind is empty. */
function tableOf(source: TableSource | null): Table {
  if (source === null || source.kind === 'other') return new Table('', 'file');
  if (source.kind !== 'inline') return new Table(source.file?.content ?? '', source.kind);
  return new Table(source.items.map(({ key, value }) => `${key} ${value}\n`).join(''), 'file');
}

export function createSigning(keys: Table, signing: Table): Signing {
  return { keys, keyIndex: new KeyIndex(keys), signing, lookup: new Lookup(signing) };
}

/** The single-domain form as the tables that do the same. */
function fromSingle(model: Model): Signing {
  const { single } = model;
  const keys: string[] = [];
  const signing: string[] = [];
  for (const domain of single?.domains ?? []) {
    if (single === null) break;
    const every = domain === '*';
    const name = every ? `${single.selector}._domainkey` : `${single.selector}._domainkey.${domain}`;
    keys.push(`${name} ${every ? '%' : domain}:${single.selector}:${single.keyFile}\n`);
    signing.push(`*@${domain} ${name}\n`);
    if (single.subdomains && !every) signing.push(`*@*.${domain} ${name}\n`);
  }
  return createSigning(new Table(keys.join(''), 'file'), new Table(signing.join(''), 'refile'));
}

export function readSigning(model: Model): Signing {
  if (model.keyTable === null && model.single !== null) return fromSingle(model);
  return createSigning(tableOf(model.keyTable), tableOf(model.signingTable));
}

/** The key that an entry gives to mail of the domain; null: there is none of that name. */
export function keyFor(tables: Signing, entry: Entry, domain: string): KeyEntry | null {
  return tables.keyIndex.named(keyNameOf(entry.value, domain));
}

/** Whether a key signs as the domain itself. */
export function signsAs(key: KeyEntry | null, domain: string): key is KeyEntry {
  return key !== null && (key.domain === domain || key.domain === '%');
}

/** In the order of the signatures. */
export function selectorsOf(tables: Signing, domain: string, multiple: boolean): readonly string[] {
  const selectors = tables.lookup.find(domain, multiple).flatMap(entry => {
    const key = keyFor(tables, entry, domain);
    return signsAs(key, domain) ? [key.selector.toLowerCase()] : [];
  });
  return [...new Set(selectors)];
}
