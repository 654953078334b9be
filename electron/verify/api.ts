/** Proof, not hope: what DNS serves, and what the signer does. The types that callers see. */
import type { Duplex } from 'node:stream';
import type { Gate, KeyAlgorithm, KeyScheme, Probe } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { ConnectTarget } from '../transport/api.ts';

/** Session.connect: a stream to an address as seen from a server, through its SSH connection. */
export type Connect = (target: ConnectTarget, signal?: AbortSignal) => Promise<Duplex>;

// ---------------------------------------------------------------- DNS

export interface NameServer {
  readonly name: string;
  readonly address: string;
}

/** The zone that holds a name, and the addresses of its name servers. */
export interface Delegation {
  readonly zone: string;
  readonly servers: readonly NameServer[];
  /** Name servers whose address could not be asked for just now (one that has none is left out: nobody can use it). */
  readonly unresolved: readonly string[];
}

/** Why a name server gave no answer. Texts are printable. */
export type Unanswered =
  | { readonly kind: 'refused' | 'servfail' | 'timeout' }
  | { readonly kind: 'unreachable' | 'malformed'; readonly detail: string };

export type TxtOutcome =
  /** `alias`: the name is a CNAME, and the values stand there; null: they stand at the name itself. */
  | { readonly kind: 'values'; readonly values: readonly string[]; readonly alias: string | null }
  /** The name does not exist, or has no TXT. */
  | { readonly kind: 'nxdomain' | 'nodata' }
  /** An alias of a name in a zone that this server does not hold. */
  | { readonly kind: 'cname'; readonly target: string }
  /** It answered, but not as an authority for the zone. */
  | { readonly kind: 'lame' }
  | Unanswered;

export interface ServerAnswer {
  readonly server: string;
  readonly address: string;
  readonly outcome: TxtOutcome;
}

export interface GateResult {
  readonly gate: Gate;
  readonly passed: boolean;
  /** One sentence that names the server and address which is not there yet. */
  readonly message: string;
  readonly perServer: readonly ServerAnswer[];
}

/** What the authoritative servers serve at a name. `null` values: no TXT there. */
export type Served =
  | { readonly state: 'agreed'; readonly values: readonly string[] | null; readonly alias: string | null }
  /** They differ: a change that is not everywhere yet, or a broken secondary. */
  | { readonly state: 'differs'; readonly perServer: readonly ServerAnswer[] }
  /** Nobody could be asked. */
  | { readonly state: 'unknown'; readonly reason: string; readonly perServer: readonly ServerAnswer[] };

// ---------------------------------------------------------------- probe

export interface ProbedSignature {
  readonly scheme: KeyScheme;
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: KeyAlgorithm | 'unknown';
  /** An independent verifier found it good, with the key as served. */
  readonly verified: boolean;
  /** Why not; null: it is good. */
  readonly reason: string | null;
}

export interface ProbeResult {
  readonly domain: string;
  /** All that the probe asked for holds: signed and verified with each selector, or not signed. */
  readonly ok: boolean;
  /** Which kind of message came back signed: from the server itself, or from a user who logged in. null: neither. */
  readonly signedAs: 'local' | 'authenticated' | null;
  readonly signatures: readonly ProbedSignature[];
  readonly problem: Problem | null;
}

export type ProbeWish = Probe;

/** The values of the TXT records at a name, as served; null: there are none. Rejects when nobody could be asked. */
export type LookupTxt = (name: string) => Promise<readonly string[] | null>;
