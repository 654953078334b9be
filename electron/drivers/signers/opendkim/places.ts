/** Where new keys go and what they are called: as the keys that are there already. Pure. */
import { posix } from 'node:path';
import { isKeyPath, readKeyEntry, type KeyEntry } from './key-table.ts';
import type { Table } from './table.ts';

/** Debian's place (README.PrivateKeys of the package). */
const usualPath = '/etc/dkimkeys/{d}/{s}.private';
const usualName = '{s}._domainkey.{d}';

/** How many of the last entries say what the style of a table is. */
const sample = 200;

function replaceLast(text: string, part: string, by: string, from = 0): string | null {
  const index = text.toLowerCase().lastIndexOf(part.toLowerCase());
  return index < from ? null : `${text.slice(0, index)}${by}${text.slice(index + part.length)}`;
}

/** "/etc/opendkim/keys/a.example/mail.private" -> "/etc/opendkim/keys/{d}/{s}.private". The selector counts in the last part only. */
function pathTemplate({ path, domain, selector }: KeyEntry): string {
  const named = replaceLast(path, domain, '{d}');
  if (named === null) return `${posix.dirname(path)}/{s}`;
  return replaceLast(named, selector, '{s}', named.lastIndexOf('/') + 1) ?? named;
}

/** "mail._domainkey.a.example" -> "{s}._domainkey.{d}" */
function nameTemplate({ name, domain, selector }: KeyEntry): string | null {
  const named = replaceLast(name, domain, '{d}');
  return named === null ? null : replaceLast(named, selector, '{s}');
}

function mostFrequent(templates: readonly (string | null)[]): string | null {
  const counts = new Map<string, number>();
  for (const template of templates) if (template !== null) counts.set(template, (counts.get(template) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

function isComplete(template: string): boolean {
  return template.includes('{d}') && template.includes('{s}');
}

function fill(template: string, domain: string, selector: string): string {
  return template.replaceAll('{d}', () => domain).replaceAll('{s}', () => selector);
}

export interface Places {
  /** Everything above what is named after a domain or selector. */
  readonly base: string;
  readonly pathFor: (domain: string, selector: string) => string;
  readonly nameFor: (domain: string, selector: string) => string;
}

/** `directories` are those that are there. */
export function readPlaces(keys: Table, directories: ReadonlySet<string>): Places {
  const entries = keys
    .entries()
    .slice(-sample)
    .flatMap(entry => readKeyEntry(entry) ?? [])
    .filter(key => key.domain !== '%' && isKeyPath(key.path));
  const paths = entries.filter(key => key.path.startsWith('/'));
  const frequent = mostFrequent(paths.map(pathTemplate));
  let path = usualPath;
  if (frequent !== null && isComplete(frequent)) {
    path = frequent;
  } else if (frequent !== null) {
    // keys named after the domain or the selector alone would collide: beside them, in a directory for each domain
    path = `${posix.dirname(frequent.replace(/\{[ds]\}.*$/, '_'))}/{d}/{s}.private`;
  } else if (!directories.has('/etc/dkimkeys') && directories.has('/etc/opendkim/keys')) {
    path = '/etc/opendkim/keys/{d}/{s}.private';
  }
  const frequentName = mostFrequent(entries.map(nameTemplate));
  const name = frequentName !== null && isComplete(frequentName) ? frequentName : usualName;
  return {
    base: posix.dirname(path.replace(/\{[ds]\}.*$/, '_')),
    pathFor: (domain, selector) => fill(path, domain, selector),
    nameFor: (domain, selector) => fill(name, domain, selector).toLowerCase(),
  };
}
