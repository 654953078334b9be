/** Key records (RFC 6376, 3.6.1; RFC 8463; RFC 4870, 3.2.3). Works in a browser. */
import type { KeyAlgorithm, Published, Scheme } from '../model.ts';
import { keyInfo } from './public-key.ts';
import type { Tag } from './tag-list.ts';
import { formatTagList, listOf, parseTagList, setTag, valueOf, withoutSpace } from './tag-list.ts';

export interface KeyRecord {
  /** `k=`; "rsa" where it is absent. */
  readonly keyType: string;
  /** `p=` without white space; empty: revoked. */
  readonly publicKey: string;
  /** `h=`; null: any. */
  readonly hashes: readonly string[] | null;
  /** `s=`; null: any. */
  readonly services: readonly string[] | null;
  /** `t=`: "y" testing, "s" no subdomains in `i=`. */
  readonly flags: readonly string[];
  readonly notes: string | null;
  readonly tags: readonly Tag[];
}

/** null: no verifier would take it for a key record (not a tag-list, another version, `v=` not first, no `p=`). */
export function parseKeyRecord(text: string): KeyRecord | null {
  const tags = parseTagList(text);
  const publicKey = tags === null ? undefined : valueOf(tags, 'p');
  if (tags === null || publicKey === undefined) return null;
  const version = valueOf(tags, 'v');
  if (version !== undefined && (version !== 'DKIM1' || tags[0]?.name !== 'v')) return null;
  return {
    keyType: valueOf(tags, 'k') ?? 'rsa',
    publicKey: withoutSpace(publicKey),
    hashes: listOf(tags, 'h'),
    services: listOf(tags, 's'),
    flags: listOf(tags, 't') ?? [],
    notes: valueOf(tags, 'n') ?? null,
    tags,
  };
}

/**
 * The record for a key, as Signet publishes it: good for DKIM and for DomainKeys. No `h=`: it would break DomainKeys, and
 * DKIM without it is as safe (RFC 8301 forbids rsa-sha1 anyway).
 */
export function keyRecord(key: {
  readonly algorithm: KeyAlgorithm;
  readonly publicKey: string;
  readonly testMode?: boolean;
}): string {
  return formatTagList([
    { name: 'v', value: 'DKIM1' },
    { name: 'k', value: key.algorithm },
    ...(key.testMode === true ? [{ name: 't', value: 'y' }] : []),
    { name: 'p', value: key.publicKey },
  ]);
}

/**
 * `missing`: no TXT there; `several`: more than one, so that verifiers may take the wrong one (RFC 6376, 3.6.2.2);
 * `invalid`: no key record; `revoked`: `p=` is empty; `test-mode`: the key is right but `t=y` asks verifiers to ignore it;
 * `mismatch`: another key, or one that may not be used for this.
 */
export type KeyComparison = 'match' | 'mismatch' | 'missing' | 'several' | 'invalid' | 'revoked' | 'test-mode';

function sameKey(expected: KeyRecord, served: KeyRecord): boolean {
  if (expected.keyType !== served.keyType) return false;
  if (expected.publicKey === served.publicKey) return true;
  const wanted = keyInfo(expected.publicKey, expected.keyType);
  return wanted !== null && wanted.identity === keyInfo(served.publicKey, served.keyType)?.identity;
}

/** Whether the text is a record of this very key, whatever else it says. */
export function holdsKey(text: string, key: { readonly algorithm: KeyAlgorithm; readonly publicKey: string }): boolean {
  const [held, wanted] = [parseKeyRecord(text), parseKeyRecord(keyRecord(key))];
  return held !== null && wanted !== null && held.publicKey !== '' && sameKey(wanted, held);
}

/** The same key record with an empty `p=`: the key is revoked (RFC 6376, 3.6.1). */
export function revokedRecord(text: string): string {
  return setTag(text, 'p', '', null);
}

function usable(record: KeyRecord, scheme: Scheme): boolean {
  if (record.services !== null && !record.services.some(service => service === '*' || service === 'email'))
    return false;
  if (record.hashes === null) return true;
  // a DomainKeys verifier refuses a record that names hashes
  return scheme === 'dkim' && record.hashes.includes('sha256');
}

/**
 * Whether the values of the TXT records at a selector do what `expected` does. Tag by tag: white space, order, a missing
 * `v=`, notes, unknown tags and the way the string was split make no difference. `scheme`: what the key is used for.
 */
export function compareKeyRecord(
  expected: string,
  served: readonly string[] | null,
  scheme: Scheme = 'dkim',
): KeyComparison {
  const [only, ...others] = served ?? [];
  if (only === undefined) return 'missing';
  if (others.length > 0) return 'several';
  const record = parseKeyRecord(only);
  const wanted = only === expected ? record : parseKeyRecord(expected);
  if (record === null) return 'invalid';
  if (wanted === null) return 'mismatch';
  if (record.publicKey === '') return wanted.publicKey === '' ? 'match' : 'revoked';
  if (!sameKey(wanted, record) || !usable(record, scheme)) return 'mismatch';
  return record.flags.includes('y') && !wanted.flags.includes('y') ? 'test-mode' : 'match';
}

/** The word of the table. Test mode is the right key, with a problem of its own. */
export function publishedOf(comparison: KeyComparison): Published {
  if (comparison === 'match' || comparison === 'test-mode') return 'match';
  return comparison === 'missing' ? 'missing' : 'mismatch';
}
