/** What is wrong in the tables, which `opendkim -n` does not say. Every message names file and line. */
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { splitLines } from '../../kit/lines.ts';
import { info, warning } from '../../kit/problems.ts';
import { keyNameOf, readKeyEntry } from './key-table.ts';
import { ownDomain } from './lookup.ts';
import type { Model, TableSource } from './model.ts';
import type { Signing } from './signing.ts';
import type { Entry } from './table.ts';

type Place = (entry: Entry) => { readonly at: string; readonly file: string };

function placeIn(source: TableSource): Place {
  return entry => {
    const file = 'path' in source ? printable(source.path) : source.at.file;
    const line = 'path' in source ? entry.line : source.at.line;
    return { at: `${file}:${line ?? '?'}`, file };
  };
}

function lintKeys(tables: Signing, place: Place): readonly Problem[] {
  const problems: Problem[] = [];
  const names = new Map<string, Entry>();
  for (const entry of tables.keys.entries()) {
    const { at, file } = place(entry);
    const name = printable(entry.key);
    const first = names.get(entry.key);
    if (first === undefined) {
      names.set(entry.key, entry);
    } else {
      const message = `${at} repeats the key name ${name} of line ${first.line ?? '?'}: only the first one counts`;
      problems.push(warning('duplicate-key-name', message, 'Take one of the two lines out.', { file }));
    }
    const key = readKeyEntry(entry);
    if (key === null) {
      const message = `${at}: the entry ${name} is not of the form domain:selector:path`;
      problems.push(
        warning('key-entry-malformed', message, 'Correct the line: mail that it would sign is deferred.', { file }),
      );
    } else if (key.domain === '%') {
      const message = `${at}: the key ${name} signs as whatever domain a message is from`;
      problems.push(info('key-domain-percent', message, 'Each of those domains must publish this key.', { file }));
    }
  }
  return problems;
}

/** A key that no message can have, or that means something else than it seems to. */
function typeFault(entry: Entry, kind: 'file' | 'refile'): string | null {
  const { key } = entry;
  if (kind === 'refile') {
    return key.includes('@') || key.includes('*')
      ? null
      : 'it has neither "@" nor "*", and a refile: pattern must match the whole address';
  }
  const plain = key === '*' || /^[^*]*@\*$/.test(key) || !key.includes('*');
  return plain ? null : 'it is a pattern, and patterns are only known in a table of the type refile:';
}

function everything(key: string): boolean {
  return /^\*+(?:@\*+)?$/.test(key);
}

/** Why an entry about one domain does not sign; null: it does, or is for single users that no earlier line matches. */
function shadowOf(tables: Signing, model: Model, domain: string, entry: Entry): string | null {
  const every = tables.lookup.all(domain);
  const [first] = every;
  if (first === undefined || first === entry) return null;
  const say = (other: Entry) => `line ${other.line ?? '?'} ("${printable(other.key)}")`;
  if (!model.multiple) return tables.signing.compare(first, entry) < 0 ? `${say(first)} matches first` : null;
  if (!every.includes(entry) || tables.lookup.find(domain, true).includes(entry)) return null;
  return `OpenDKIM signs by the first and the last line that match only, and ${every.length} do`;
}

function lintEntry(tables: Signing, model: Model, entry: Entry, at: string, file: string): readonly Problem[] {
  const problems: Problem[] = [];
  const key = printable(entry.key);
  const kind = tables.signing.kind;
  const own = ownDomain(entry.key, kind);
  const fault = typeFault(entry, kind);
  if (fault !== null) {
    const message = `${at}: "${key}" never matches: ${fault}`;
    problems.push(
      warning(
        'signing-table-type',
        message,
        kind === 'refile' ? `Write *@${key}.` : 'Put refile: before the path of the table.',
        { file },
      ),
    );
  }
  if (everything(entry.key)) {
    const message = `${at}: "${key}" signs mail from every domain`;
    problems.push(warning('signs-everything', message, 'Name the domains one by one.', { file }));
  }
  const name = keyNameOf(entry.value, own ?? '');
  if (!(entry.value.startsWith('%') && own === null) && tables.keyIndex.named(name) === null) {
    const other = tables.keys.entries().find(each => each.key.toLowerCase() === name.toLowerCase());
    const message = `${at}: there is no key named "${printable(name)}" in the KeyTable: mail that "${key}" matches is deferred`;
    const hint =
      other === undefined
        ? 'Add the key, or take the line out.'
        : `Write ${printable(other.key)}: upper and lower case differ.`;
    problems.push(warning('unknown-key-name', message, hint, { file }));
  }
  const shadow = own === null || kind !== 'refile' ? null : shadowOf(tables, model, own, entry);
  if (shadow !== null) {
    const message = `${at}: "${key}" is never used: ${shadow}`;
    problems.push(warning('entry-shadowed', message, 'Move the line, or take the others out.', { file }));
  }
  return problems;
}

/** refile lines that begin with a blank: the daemon passes them over. */
function lintBlanks(source: TableSource): readonly Problem[] {
  if (source.kind !== 'refile' || source.file === null) return [];
  const file = printable(source.path);
  return splitLines(source.file.content).flatMap(({ text }, index) => {
    if (!/^[ \t]+[^ \t\r#]/.test(text)) return [];
    const message = `${file}:${index + 1} begins with a blank: the line is ignored`;
    return [warning('entry-never-matches', message, 'Take the blanks at the beginning of the line out.', { file })];
  });
}

export function lintTables(tables: Signing, model: Model): readonly Problem[] {
  const { keyTable, signingTable } = model;
  if (keyTable === null || signingTable === null) return [];
  const place = placeIn(signingTable);
  const entries = signingTable.kind === 'other' || keyTable.kind === 'other' ? [] : tables.signing.entries();
  return [
    ...lintKeys(tables, placeIn(keyTable)),
    ...lintBlanks(signingTable),
    ...entries.flatMap(entry => {
      const { at, file } = place(entry);
      return lintEntry(tables, model, entry, at, file);
    }),
  ];
}
