/**
 * Record data in one spelling, as `named-compilezone` prints it, for the types whose data hold names or strings. Other
 * types keep their tokens: they are only ever compared with themselves.
 */
import { quoteTxtString, unescapeToken } from '../../../../shared/dns/txt.ts';
import type { Token } from './scan-lines.ts';
import { canonicalName } from './name.ts';
import { parseTtl } from './ttl.ts';

/** Positions of names in the data of the types that hold them. */
const namePositions: Readonly<Record<string, readonly number[]>> = {
  NS: [0],
  CNAME: [0],
  DNAME: [0],
  PTR: [0],
  MX: [1],
  KX: [1],
  AFSDB: [1],
  SRV: [3],
  SOA: [0, 1],
  RP: [0, 1],
  NAPTR: [5],
};

/** The character-strings of a TXT record; null where a token is none. */
export function txtStrings(tokens: readonly Token[]): readonly string[] | null {
  const strings: string[] = [];
  for (const token of tokens) {
    const bytes = unescapeToken(token.text);
    if (bytes === null || bytes.length > 255) return null;
    strings.push(bytes);
  }
  return strings.length === 0 ? null : strings;
}

/** null: the data cannot be those of the type. */
export function canonicalRdata(type: string, tokens: readonly Token[], origin: string): string | null {
  if (tokens.length === 0) return null;
  // RFC 3597: \# LENGTH HEX stands for the data of any type
  if (tokens[0]?.text === '\\#') return tokens.map(token => token.text).join(' ');
  if (type === 'TXT' || type === 'SPF') return txtStrings(tokens)?.map(quoteTxtString).join(' ') ?? null;
  const positions = namePositions[type];
  const words: string[] = [];
  for (const [index, token] of tokens.entries()) {
    if (positions?.includes(index) === true) {
      const name = canonicalName(token.text, origin);
      if (name === null) return null;
      words.push(`${name}.`);
    } else if (type === 'SOA' && index > 2) {
      const seconds = token.quoted ? null : parseTtl(token.text);
      if (seconds === null) return null;
      words.push(String(seconds));
    } else {
      words.push(token.quoted ? `"${token.text}"` : token.text);
    }
  }
  if (type === 'SOA' && (words.length !== 7 || !/^\d{1,10}$/.test(words[2] ?? ''))) return null;
  return words.join(' ');
}
