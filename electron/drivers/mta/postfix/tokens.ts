/** Words of a Postfix list parameter (postconf(5); DATABASE_README; match_list in the source). */
import type { ByteString } from '../../../../shared/text.ts';

/** Splits at blanks and commas, not within braces. Outer braces of a word (`{ inet:host:port, timeout=10s }`) stay. */
export function splitList(text: ByteString): readonly string[] {
  const words: string[] = [];
  let depth = 0;
  let word = '';
  for (const char of text) {
    if (char === '{') depth += 1;
    if (char === '}') depth = Math.max(0, depth - 1);
    // a byte of UTF-8 text is no blank
    if (depth === 0 && /[ \t\r\n,]/.test(char)) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      word += char;
    }
  }
  if (word !== '') words.push(word);
  return words;
}

/**
 * The words of a file that stands in a list (`/etc/postfix/domains`): lines beginning with `#` are comments, a line that
 * begins with a blank continues the one before it.
 */
export function splitListFile(content: ByteString): readonly string[] {
  const lines = content.split('\n').filter(line => !/^[ \t\r]*(#|$)/.test(line));
  return splitList(lines.join('\n'));
}

export type ListWord =
  | { readonly kind: 'name'; readonly name: string; readonly negated: boolean }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'map'; readonly map: string; readonly negated: boolean }
  | { readonly kind: 'opaque'; readonly map: string; readonly reason: string }
  | { readonly kind: 'nothing' };

/** Map types whose keys `postmap -s` lists. */
const listable = new Set(['hash', 'btree', 'lmdb', 'cdb', 'texthash', 'inline', 'dbm', 'sdbm']);

const reasons: Readonly<Record<string, string>> = {
  mysql: 'it is an SQL query',
  pgsql: 'it is an SQL query',
  sqlite: 'it is an SQL query',
  mongodb: 'it is a database query',
  ldap: 'it is an LDAP query',
  regexp: 'it holds patterns, not names',
  pcre: 'it holds patterns, not names',
  cidr: 'it holds address ranges, not names',
  static: 'it matches every name',
  tcp: 'a program answers the look-ups',
  socketmap: 'a program answers the look-ups',
  memcache: 'it is a cache without a list',
  nis: 'it is a NIS map',
  nisplus: 'it is a NIS+ map',
  unix: 'it is the system’s user table',
  environ: 'it is the environment of a process',
  pipemap: 'it is a chain of maps',
  unionmap: 'it is a union of maps',
  randmap: 'it answers at random',
  proxy: 'the map behind proxy: is not named',
};

export function readListWord(text: string): ListWord {
  const negated = text.startsWith('!');
  const word = negated ? text.slice(1) : text;
  if (word.startsWith('/')) return { kind: 'file', path: word };
  const [, type, rest] = /^([a-z][a-z0-9_-]*):(.*)$/s.exec(word) ?? [];
  if (type === undefined || rest === undefined) return { kind: 'name', name: word, negated };
  if (type === 'fail') return { kind: 'nothing' };
  if (type === 'proxy' && rest.includes(':')) {
    const inner = readListWord(rest);
    return inner.kind === 'opaque' ? { ...inner, map: word } : inner;
  }
  if (listable.has(type)) return { kind: 'map', map: word, negated };
  return { kind: 'opaque', map: word, reason: reasons[type] ?? `maps of the type ${type} cannot be listed` };
}
