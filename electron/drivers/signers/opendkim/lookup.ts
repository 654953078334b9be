/**
 * Which signatures a message gets (opendkim.conf(5), SigningTable; seen with 2.11.0, whose daemon matches in any case).
 * Asked for a domain, it means a sender of no name in particular: entries for single users do not count.
 */
import type { Entry, Table } from './table.ts';

const wildcard = /\*/;

/** dkimf_mkregexp leaves these as they are in an extended regular expression: where one stands, anything may match. */
const operator = /[?{}|()^$]/;

/** Patterns are anchored; `*` is any text, everything else is itself, but for `operator` [all seen with 2.11.0]. */
export function matcher(pattern: string, anyCase = true): (address: string) => boolean {
  const compiled = compile(pattern, anyCase);
  // most patterns are "*@example.com": what stands behind the wildcard tells at once that they do not match
  const end = anyCase || operator.test(pattern) ? '' : pattern.slice(pattern.lastIndexOf('*') + 1);
  return address => address.endsWith(end) && (compiled?.test(address) ?? false);
}

/** null: it is no regular expression, and the daemon does not start with such a table. */
function compile(pattern: string, anyCase: boolean): RegExp | null {
  const source = pattern.replace(/[.+[\]\\]/g, '\\$&').replace(/\*+/g, '.*');
  try {
    return new RegExp(`^${source}$`, anyCase ? 'is' : 's');
  } catch {
    return null;
  }
}

/** Of one message, with MultipleSignatures. */
export const mostSignatures = 2;

/** A local part that no pattern names. */
const anybody = '\u0001';

function superdomains(domain: string): readonly string[] {
  const labels = domain.split('.');
  return labels.slice(1).map((_label, index) => labels.slice(index + 1).join('.'));
}

/** "*@*.example.com" -> "example.com"; null: of another form. */
function suffixOf(pattern: string): string | null {
  return pattern.startsWith('*@*.') && !wildcard.test(pattern.slice(4)) ? pattern.slice(4) : null;
}

/** The domain that an entry is about alone: "*@example.com", "bob@example.com", in other tables also "example.com". */
export function ownDomain(key: string, kind: Table['kind']): string | null {
  const lower = key.toLowerCase();
  if (kind === 'refile' && operator.test(lower)) return null;
  const at = lower.lastIndexOf('@');
  if (at < 0) return kind === 'refile' || lower.startsWith('.') || lower === '*' ? null : lower;
  const domain = lower.slice(at + 1);
  return domain === '' || wildcard.test(domain) || domain.startsWith('.') ? null : domain;
}

function put<K>(map: Map<K, Entry[]>, key: K, entry: Entry): void {
  const found = map.get(key);
  if (found === undefined) map.set(key, [entry]);
  else found.push(entry);
}

function drop<K>(map: Map<K, Entry[]>, key: K, entry: Entry): void {
  const found = map.get(key);
  const index = found?.indexOf(entry) ?? -1;
  if (found !== undefined && index >= 0) found.splice(index, 1);
}

/** Follows a table through its edits: whoever edits the table tells it. */
export class Lookup {
  readonly #table: Table;
  readonly #keys = new Map<string, Entry[]>();
  readonly #owned = new Map<string, Entry[]>();
  readonly #suffixes = new Map<string, Entry[]>();
  readonly #patterns = new Map<'all', Entry[]>([['all', []]]);
  readonly #compiled = new Map<string, RegExp | null>();

  constructor(table: Table) {
    this.#table = table;
    for (const entry of table.entries()) this.add(entry);
  }

  add(entry: Entry): void {
    this.#place(entry, put);
  }

  remove(entry: Entry): void {
    this.#place(entry, drop);
  }

  /** The entries that match mail of the domain, in the order in which they are tried. */
  all(domain: string): readonly Entry[] {
    return this.#table.kind === 'refile' ? this.#inOrder(this.#covering(domain)) : this.#bySteps(domain);
  }

  /**
   * The entries that make mail of the domain signed: the first, and with MultipleSignatures also the last. Those between
   * are lost, though the manual says that all are applied: dkimf_add_signrequest never moves the tail of its list on.
   */
  find(domain: string, multiple: boolean): readonly Entry[] {
    const found = this.all(domain);
    return multiple && found.length > mostSignatures
      ? [...found.slice(0, 1), ...found.slice(-1)]
      : found.slice(0, multiple ? mostSignatures : 1);
  }

  /** Entries about this domain alone, those for single users among them. */
  owned(domain: string): readonly Entry[] {
    return this.#inOrder(this.#owned.get(domain) ?? []);
  }

  /** The entries for every user of exactly this domain. */
  exact(domain: string): readonly Entry[] {
    const key = this.#table.kind === 'refile' ? `*@${domain}` : domain;
    return this.#inOrder(this.#keys.get(key) ?? []);
  }

  /** Patterns that are about more than one domain. */
  shared(): readonly Entry[] {
    const patterns = [...(this.#patterns.get('all') ?? []), ...[...this.#suffixes.values()].flat()];
    return this.#inOrder(patterns.filter(entry => ownDomain(entry.key, this.#table.kind) === null));
  }

  #inOrder(entries: readonly Entry[]): readonly Entry[] {
    return entries.length < 2 ? entries : entries.toSorted((a, b) => this.#table.compare(a, b));
  }

  #place(entry: Entry, change: <K>(map: Map<K, Entry[]>, key: K, entry: Entry) => void): void {
    const key = entry.key.toLowerCase();
    change(this.#keys, key, entry);
    const own = ownDomain(key, this.#table.kind);
    if (own !== null) change(this.#owned, own, entry);
    if (this.#table.kind !== 'refile') return;
    if (operator.test(key)) {
      change(this.#patterns, 'all', entry);
      return;
    }
    if (!wildcard.test(key)) return;
    const suffix = suffixOf(key);
    if (suffix !== null) change(this.#suffixes, suffix, entry);
    else if (own === null || key !== `*@${own}`) change(this.#patterns, 'all', entry);
  }

  #covering(domain: string): readonly Entry[] {
    const address = `${anybody}@${domain}`;
    return [
      ...(this.#keys.get(`*@${domain}`) ?? []),
      ...superdomains(domain).flatMap(parent => this.#suffixes.get(parent) ?? []),
      ...(this.#patterns.get('all') ?? []).filter(entry => this.#matches(entry.key, address)),
    ];
  }

  #matches(pattern: string, address: string): boolean {
    let compiled = this.#compiled.get(pattern);
    if (compiled === undefined) {
      compiled = compile(pattern, true);
      this.#compiled.set(pattern, compiled);
    }
    return compiled?.test(address) ?? false;
  }

  /** host, .domain of every superdomain, `*`: of several entries with one key the first. */
  #bySteps(domain: string): readonly Entry[] {
    const steps = [domain, ...superdomains(domain).map(parent => `.${parent}`), '*'];
    return steps.flatMap(step => this.#inOrder(this.#keys.get(step) ?? []).slice(0, 1));
  }
}
