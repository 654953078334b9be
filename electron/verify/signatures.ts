/** Finds the signatures that a signer added. Those of DKIM are verified by a library that Signet did not write. */
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import type { DKIMResult } from 'mailauth';
import { keyName } from '../../shared/dkim/names.ts';
import { parseTagList, valueOf, withoutSpace } from '../../shared/dkim/tag-list.ts';
import { normalizeName } from '../../shared/dns/txt.ts';
import type { KeyAlgorithm } from '../../shared/model.ts';
import { printable } from '../../shared/text.ts';
import type { LookupTxt, ProbedSignature } from './api.ts';
import { domainKeySignaturesOf, verifyDomainKeys } from './domainkeys.ts';
import type { Header } from './milter-draft.ts';

/** RFC 8301, 3.2: signatures of shorter keys are not taken. */
const shortestKey = 1024;

interface Signature {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: KeyAlgorithm | 'unknown';
}

function algorithmOf(value: string | undefined): Signature['algorithm'] {
  const [type] = (value ?? '').split('-');
  return type === 'rsa' || type === 'ed25519' ? type : 'unknown';
}

/** null: a DKIM-Signature that no verifier can read. */
function parseSignature(header: Header): Signature | null {
  const tags = parseTagList(header.value);
  const domain = tags === null ? undefined : valueOf(tags, 'd');
  const selector = tags === null ? undefined : valueOf(tags, 's');
  if (tags === null || domain === undefined || selector === undefined) return null;
  return {
    domain: normalizeName(withoutSpace(domain)),
    selector: normalizeName(withoutSpace(selector)),
    algorithm: algorithmOf(valueOf(tags, 'a')),
  };
}

/** Every signature of the message that can be read at all, by either scheme. */
export function signaturesOf(headers: readonly Header[]): readonly Pick<Signature, 'domain' | 'selector'>[] {
  return [...dkimSignaturesOf(headers), ...domainKeySignaturesOf(headers)];
}

function dkimSignaturesOf(headers: readonly Header[]): readonly Signature[] {
  return headers
    .filter(header => header.name.toLowerCase() === 'dkim-signature')
    .map(parseSignature)
    .filter(signature => signature !== null);
}

function dnsError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Answers mailauth from what the authoritative servers serve, and never from the laptop's resolver. */
function createResolver(lookupTxt: LookupTxt) {
  const reasons = new Map<string, string>();
  const give = (name: string, reason: string, code: string): Error => {
    reasons.set(name, reason);
    return dnsError(code, reason);
  };
  return {
    reasonFor: (name: string) => reasons.get(name),
    async resolve(asked: string, type: string): Promise<string[][]> {
      const name = normalizeName(asked);
      if (type !== 'TXT') throw dnsError('ENOTFOUND', 'only TXT is asked for');
      let values: readonly string[] | null;
      try {
        values = await lookupTxt(name);
      } catch {
        throw give(name, `the key record ${name} could not be looked up`, 'ETIMEOUT');
      }
      const [value, ...others] = values ?? [];
      if (value === undefined) throw give(name, `no key record is served at ${name}`, 'ENOTFOUND');
      if (others.length > 0) throw give(name, `several records are served at ${name}`, 'EINVALIDVAL');
      return [[value]];
    },
  };
}

function reasonOf(result: DKIMResult | undefined, lookup: string | undefined): string {
  if (lookup !== undefined) return printable(lookup);
  const { status } = result ?? {};
  if (status?.result === 'policy') {
    return `the key is shorter than ${shortestKey} bits, or the signature uses SHA-1: receivers do not take it`;
  }
  return printable(status?.comment || status?.result || 'the verifier does not take it for a signature');
}

function isFor(result: DKIMResult, signature: Signature): boolean {
  return (
    normalizeName(result.signingDomain ?? '') === signature.domain &&
    normalizeName(result.selector ?? '') === signature.selector &&
    algorithmOf(result.algo) === signature.algorithm
  );
}

/** The signatures of the message, those of DKIM first, verified against the keys as `lookupTxt` gives them. */
export async function verifySignatures(
  headers: readonly Header[],
  body: Buffer,
  lookupTxt: LookupTxt,
): Promise<readonly ProbedSignature[]> {
  const [dkim, domainkeys] = await Promise.all([
    verifyDkim(headers, body, lookupTxt),
    verifyDomainKeys(headers, body, lookupTxt),
  ]);
  return [...dkim, ...domainkeys];
}

async function verifyDkim(
  headers: readonly Header[],
  body: Buffer,
  lookupTxt: LookupTxt,
): Promise<readonly ProbedSignature[]> {
  const signatures = dkimSignaturesOf(headers);
  if (signatures.length === 0) return [];
  const head = headers.map(header => `${header.name}:${header.value}\r\n`).join('');
  const resolver = createResolver(lookupTxt);
  const verified = await dkimVerify(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]), {
    resolver: (name, type) => resolver.resolve(name, type),
    minBitLength: shortestKey,
    rejectRsaSha1: true,
  });
  return signatures.map(signature => {
    const results = verified.results.filter(result => isFor(result, signature));
    const bad = results.find(result => result.status.result !== 'pass');
    const good = results.length > 0 && bad === undefined;
    const lookup = resolver.reasonFor(keyName(signature.selector, signature.domain));
    return {
      scheme: 'dkim',
      domain: printable(signature.domain),
      selector: printable(signature.selector),
      algorithm: signature.algorithm,
      verified: good,
      reason: good ? null : reasonOf(bad, lookup),
    };
  });
}
