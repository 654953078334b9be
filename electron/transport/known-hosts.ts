/**
 * OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain and hashed names, `[host]:port`, wildcards,
 * negation, comma lists, `@revoked`, `@cert-authority`. Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { PinnedHostKey } from '../../shared/model.ts';
import { fingerprint, keyType } from './fingerprint.ts';

export interface KnownHostsLine {
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | null;
  /** The first field: names and patterns separated by commas, or one hashed name. */
  readonly names: string;
  readonly key: PinnedHostKey;
}

export interface KnownHosts {
  readonly pinned: readonly PinnedHostKey[];
  readonly revoked: readonly PinnedHostKey[];
  /** Lines for this host that are recognised but cannot be used: certificate authorities. By line number. */
  readonly unsupported: readonly { readonly line: number; readonly reason: string }[];
}

const markers = { '@revoked': 'revoked', '@cert-authority': 'cert-authority' } as const;

function isMarker(word: string): word is keyof typeof markers {
  return Object.hasOwn(markers, word);
}

function parseLine(text: string, line: number): KnownHostsLine | null {
  const words = text.split(/[ \t]+/).filter(word => word !== '');
  const first = words[0];
  if (first === undefined || first.startsWith('#')) return null;
  const marked = first.startsWith('@');
  if (marked && !isMarker(first)) return null;
  const [names, type, base64] = marked ? words.slice(1) : words;
  if (names === undefined || type === undefined || base64 === undefined) return null;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
  const blob = Buffer.from(base64, 'base64');
  // OpenSSH ignores a line whose key is not of the type that it names
  if (keyType(blob) !== type) return null;
  const marker = isMarker(first) ? markers[first] : null;
  return { line, marker, names, key: { fingerprint: fingerprint(blob), type } };
}

/** The lines that hold a key; comments, empty and malformed lines (SSH version 1 keys among them) are left out, as ssh does. */
export function parseKnownHosts(text: string): readonly KnownHostsLine[] {
  return text.split(/\r?\n/).flatMap((lineText, index) => parseLine(lineText, index + 1) ?? []);
}

/** `*` any run of characters, `?` one character (ssh_config(5), PATTERNS). Linear in the text, whatever the pattern. */
export function matchesPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    const c = pattern[p];
    if (c === '*') {
      star = p;
      mark = t;
      p += 1;
    } else if (c !== undefined && (c === '?' || c === text[t])) {
      p += 1;
      t += 1;
    } else if (star !== -1) {
      p = star + 1;
      mark += 1;
      t = mark;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** A pattern list: some pattern matches and no negated one does. The order does not matter (match_pattern_list). */
export function matchesList(patterns: readonly string[], text: string): boolean {
  let positive = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), text)) return false;
    } else if (matchesPattern(pattern, text)) {
      positive = true;
    }
  }
  return positive;
}

/** `|1|salt|hash`: HMAC-SHA1 of the name under the salt. */
function matchesHashed(field: string, name: string): boolean {
  const [, version, salt, hash, ...rest] = field.split('|');
  if (version !== '1' || salt === undefined || hash === undefined || rest.length > 0) return false;
  const wanted = Buffer.from(hash, 'base64');
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

/** The name that ssh looks for: lower case; with another port than 22 in brackets. */
export function knownHostsName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

function matchesNames(field: string, name: string): boolean {
  if (field.startsWith('|')) return matchesHashed(field, name);
  return matchesList(field.toLowerCase().split(','), name);
}

/** The keys that `text` holds for a host, each once, in their order. A revoked key is not pinned, wherever it stands. */
export function lookup(text: string, host: string, port: number): KnownHosts {
  const name = knownHostsName(host, port);
  const lines = parseKnownHosts(text).filter(line => matchesNames(line.names, name));
  const keys = (marker: KnownHostsLine['marker']): readonly PinnedHostKey[] => {
    const found = new Map<string, PinnedHostKey>();
    for (const line of lines) if (line.marker === marker) found.set(line.key.fingerprint, line.key);
    return [...found.values()];
  };
  const revoked = keys('revoked');
  const bad = new Set(revoked.map(key => key.fingerprint));
  return {
    pinned: keys(null).filter(key => !bad.has(key.fingerprint)),
    revoked,
    unsupported: lines
      .filter(line => line.marker === 'cert-authority')
      .map(line => ({ line: line.line, reason: 'host certificates (@cert-authority) are not supported' })),
  };
}
