/**
 * Verifies DomainKeys signatures (RFC 4870). No library for this platform does; it is written from the RFC, and shares nothing with
 * the milter that makes them.
 */
import { createPublicKey, verify } from 'node:crypto';
import { parseKeyRecord } from '../../shared/dkim/key-record.ts';
import { keyName } from '../../shared/dkim/names.ts';
import { listOf, parseTagList, valueOf, withoutSpace } from '../../shared/dkim/tag-list.ts';
import { normalizeName } from '../../shared/dns/txt.ts';
import { printable } from '../../shared/text.ts';
import type { LookupTxt, ProbedSignature } from './api.ts';
import type { Header } from './milter-draft.ts';

/** As for DKIM (RFC 8301): RFC 4870 itself would take 512 bits. */
const shortestKey = 1024;

const fieldName = 'domainkey-signature';

interface DomainKeySignature {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  readonly canonicalization: string;
  readonly signature: Buffer;
  /** Names of the signed fields, lower case; null: all that follow. */
  readonly names: ReadonlySet<string> | null;
  /** Where it stands among the fields of the message: only what follows is signed. */
  readonly place: number;
}

/** Every DomainKey-Signature that can be read at all, in the order of the message. */
export function domainKeySignaturesOf(headers: readonly Header[]): readonly DomainKeySignature[] {
  return headers.flatMap((header, place): readonly DomainKeySignature[] => {
    if (header.name.toLowerCase() !== fieldName) return [];
    const tags = parseTagList(header.value);
    const domain = tags === null ? undefined : valueOf(tags, 'd');
    const selector = tags === null ? undefined : valueOf(tags, 's');
    if (tags === null || domain === undefined || selector === undefined) return [];
    const names = listOf(tags, 'h');
    return [
      {
        domain: normalizeName(withoutSpace(domain)),
        selector: normalizeName(withoutSpace(selector)),
        algorithm: valueOf(tags, 'a') ?? 'rsa-sha1',
        canonicalization: valueOf(tags, 'c') ?? 'simple',
        signature: Buffer.from(withoutSpace(valueOf(tags, 'b') ?? ''), 'base64'),
        names: names === null ? null : new Set(names.map(name => name.toLowerCase())),
        place,
      },
    ];
  });
}

/** Byte strings. `nofws` (RFC 4870, 3.4.2.2): lines without any white space; empty lines at the end do not count. */
function signedText(headers: readonly Header[], body: Buffer, { names, place }: DomainKeySignature): string {
  const bare = (text: string) => text.replace(/[ \t\r\n]/g, '');
  const fields = headers
    .slice(place + 1)
    .filter(header => names === null || names.has(header.name.toLowerCase()))
    .map(header => `${bare(`${header.name}:${header.value}`)}\r\n`);
  const lines = body.toString('latin1').split('\r\n').map(bare);
  while (lines.at(-1) === '') lines.pop();
  const text = lines.map(line => `${line}\r\n`).join('');
  return fields.join('') + (text === '' ? '' : `\r\n${text}`);
}

function faultOf(
  headers: readonly Header[],
  body: Buffer,
  signature: DomainKeySignature,
  served: readonly string[] | null,
): string | null {
  const name = keyName(signature.selector, signature.domain);
  if (signature.algorithm !== 'rsa-sha1') return `the algorithm ${printable(signature.algorithm, 40)} is unknown`;
  if (signature.canonicalization !== 'nofws') {
    return `the canonicalization ${printable(signature.canonicalization, 40)} does not survive the way`;
  }
  const [value, ...others] = served ?? [];
  if (value === undefined) return `no key record is served at ${name}`;
  if (others.length > 0) return `several records are served at ${name}`;
  const record = parseKeyRecord(value);
  if (record === null || record.keyType !== 'rsa') return `${name} serves no RSA key`;
  if (record.publicKey === '') return `the key at ${name} is revoked`;
  if (record.hashes !== null) return `the record at ${name} names hashes (h=): DomainKeys verifiers do not take it`;
  try {
    const key = createPublicKey({ key: Buffer.from(record.publicKey, 'base64'), format: 'der', type: 'spki' });
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < shortestKey) {
      return `the key is shorter than ${shortestKey} bits: receivers do not take it`;
    }
    const text = Buffer.from(signedText(headers, body, signature), 'latin1');
    return verify('RSA-SHA1', text, key, signature.signature) ? null : 'bad signature';
  } catch {
    return `the key at ${name} cannot be read`;
  }
}

/** The DomainKeys signatures of the message, verified against the keys as `lookupTxt` gives them. */
export async function verifyDomainKeys(
  headers: readonly Header[],
  body: Buffer,
  lookupTxt: LookupTxt,
): Promise<readonly ProbedSignature[]> {
  return Promise.all(
    domainKeySignaturesOf(headers).map(async (signature): Promise<ProbedSignature> => {
      const name = keyName(signature.selector, signature.domain);
      const served = await lookupTxt(name).then(
        values => ({ values }),
        () => null,
      );
      const reason =
        served === null
          ? `the key record ${name} could not be looked up`
          : faultOf(headers, body, signature, served.values);
      return {
        scheme: 'domainkeys',
        domain: printable(signature.domain),
        selector: printable(signature.selector),
        algorithm: 'rsa',
        verified: reason === null,
        reason: reason === null ? null : printable(reason),
      };
    }),
  );
}
