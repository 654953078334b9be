/** What a probe proves. Pure. */
import type { Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { ProbedSignature, ProbeResult, ProbeWish } from './api.ts';
import { MilterError } from './milter-packet.ts';

export interface ProbePlace {
  readonly server: string;
  /** The signer's socket, for people. */
  readonly endpoint: string;
}

export interface ProbeFinding {
  readonly signedAs: ProbeResult['signedAs'];
  readonly signatures: readonly ProbedSignature[];
  /** How the signer refused the message; null: it let it pass. */
  readonly refusal: string | null;
}

type Complaint = Pick<Problem, 'code' | 'message' | 'hint'>;

function resultOf(
  wish: ProbeWish,
  place: ProbePlace,
  finding: Pick<ProbeFinding, 'signedAs' | 'signatures'>,
  complaint: Complaint | null,
): ProbeResult {
  const where = { severity: 'stop', domain: wish.domain, server: place.server } as const;
  const { signedAs, signatures } = finding;
  const problem = complaint === null ? null : { ...complaint, ...where };
  return { domain: wish.domain, ok: problem === null, signedAs, signatures, problem };
}

function refusedMail({ domain }: ProbeWish, { endpoint }: ProbePlace, refusal: string): Complaint {
  return {
    code: 'probe-refused',
    message: `the signer at ${endpoint} does not let mail of ${domain} pass: ${refusal}`,
    hint: 'The log of the signer says why; often a key that it may not read.',
  };
}

function stillSigned({ domain }: ProbeWish, { endpoint }: ProbePlace, own: readonly ProbedSignature[]): Complaint {
  const selectors = own.map(signature => signature.selector).join(', ');
  return {
    code: 'probe-still-signed',
    message: `mail of ${domain} is still signed (selector ${selectors}) by the signer at ${endpoint}`,
    hint: 'Look for another entry that signs the domain, and whether the signer has read its configuration again.',
  };
}

function badSignature({ domain }: ProbeWish, { selector, reason }: ProbedSignature): Complaint {
  return {
    code: 'probe-bad-signature',
    message: `the signature of ${domain} with selector ${selector} does not verify: ${reason ?? 'unknown'}`,
    hint: 'Compare the key file with the published record.',
  };
}

function notSigned({ domain }: ProbeWish, { endpoint }: ProbePlace): Complaint {
  return {
    code: 'probe-not-signed',
    message: `mail of ${domain} comes back unsigned from the signer at ${endpoint}`,
    hint: 'The log of the signer says why: an entry that does not match, a key that it may not read, or old configuration.',
  };
}

function otherSelector({ domain }: ProbeWish, selector: string, own: readonly ProbedSignature[]): Complaint {
  const selectors = own.map(signature => signature.selector).join(', ');
  return {
    code: 'probe-other-selector',
    message: `mail of ${domain} is signed with ${selectors}, not with ${selector}`,
    hint: 'The signer may not have read its configuration again, or another entry comes first.',
  };
}

function complaintOf(wish: ProbeWish, place: ProbePlace, finding: ProbeFinding): Complaint | null {
  const own = finding.signatures.filter(signature => signature.domain === wish.domain);
  if (finding.refusal !== null) return refusedMail(wish, place, finding.refusal);
  if (wish.unsigned === true) return own.length === 0 ? null : stillSigned(wish, place, own);
  const [first] = own;
  if (first === undefined) return notSigned(wish, place);
  for (const selector of wish.selectors) {
    const made = own.filter(signature => signature.selector === selector);
    const bad = made.find(signature => !signature.verified);
    if (made.length === 0) return otherSelector(wish, selector, own);
    if (bad !== undefined) return badSignature(wish, bad);
  }
  return own.some(signature => signature.verified) ? null : badSignature(wish, first);
}

/** `selectors` empty: any signature of the domain that verifies will do. */
export function judge(wish: ProbeWish, place: ProbePlace, finding: ProbeFinding): ProbeResult {
  return resultOf(wish, place, finding, complaintOf(wish, place, finding));
}

/** The probe could not be made. */
export function brokenProbe(wish: ProbeWish, place: ProbePlace, error: Error): ProbeResult {
  const text = printable(error.message);
  const complaint: Complaint =
    error instanceof MilterError
      ? {
          code: 'probe-broken',
          message: `the probe of ${wish.domain} at ${place.endpoint} broke: ${text}`,
          hint: 'See the log of the signer, then probe again.',
        }
      : {
          code: 'signer-unreachable',
          message: `the signer at ${place.endpoint} cannot be reached: ${text}`,
          hint: 'Is the signer running, and is this its socket?',
        };
  return resultOf(wish, place, { signedAs: null, signatures: [] }, complaint);
}
