/** Entries of a KeyTable: `name domain:selector:path` (opendkim.conf(5)). Names are told apart by case. */
import type { Entry, Table } from './table.ts';

export interface KeyEntry {
  readonly entry: Entry;
  readonly name: string;
  /** Lower case; "%" is the domain of the message. */
  readonly domain: string;
  readonly selector: string;
  /** As written. Begins with "/" or "./"; else the entry holds the key itself. */
  readonly path: string;
}

export function isKeyPath(text: string): boolean {
  return /^(?:\/|\.\.?\/)/.test(text);
}

/** null: it has not the three fields. */
export function readKeyEntry(entry: Entry): KeyEntry | null {
  const [, domain, selector, path] = /^([^:]+):([^:]+):(.+)$/s.exec(entry.value) ?? [];
  if (domain === undefined || selector === undefined || path === undefined) return null;
  return { entry, name: entry.key, domain: domain.trim().toLowerCase(), selector: selector.trim(), path };
}

/** The key that a SigningTable value names for mail of `domain`: the field before a colon (the rest is `i=`), "%" the domain. */
export function keyNameOf(value: string, domain: string): string {
  const name = value.split(':', 1)[0] ?? '';
  return name === '%' ? domain : name;
}

/** Follows a table through its edits: whoever edits the table tells it. */
export class KeyIndex {
  readonly #names = new Map<string, KeyEntry[]>();
  readonly #keys = new Map<string, KeyEntry[]>();
  readonly #paths = new Map<string, number>();

  constructor(table: Table) {
    for (const entry of table.entries()) this.add(entry);
  }

  add(entry: Entry): void {
    const key = readKeyEntry(entry);
    if (key === null) return;
    for (const [map, id] of [
      [this.#names, key.name],
      [this.#keys, `${key.selector.toLowerCase()} ${key.domain}`],
    ] as const) {
      map.set(id, [...(map.get(id) ?? []), key]);
    }
    this.#paths.set(key.path, (this.#paths.get(key.path) ?? 0) + 1);
  }

  remove(key: KeyEntry): void {
    for (const [map, id] of [
      [this.#names, key.name],
      [this.#keys, `${key.selector.toLowerCase()} ${key.domain}`],
    ] as const) {
      map.set(
        id,
        (map.get(id) ?? []).filter(each => each.entry !== key.entry),
      );
    }
    this.#paths.set(key.path, (this.#paths.get(key.path) ?? 1) - 1);
  }

  /** Of several with one name the daemon takes the first. */
  named(name: string): KeyEntry | null {
    return this.#names.get(name)?.[0] ?? null;
  }

  of(domain: string, selector: string): readonly KeyEntry[] {
    return this.#keys.get(`${selector.toLowerCase()} ${domain}`) ?? [];
  }

  /** How many entries name this key file. */
  uses(path: string): number {
    return this.#paths.get(path) ?? 0;
  }
}
