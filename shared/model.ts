/**
 * The words of the project (see ARCHITECTURE.md) as types. Everything here is plain JSON: it is stored, exported, and
 * crosses the contract. No secret stands in any of it; a secret is referred to by a `SecretRef`.
 */
import type { Content } from './text.ts';
import type { MailSettingsIntent, SettingsEffect } from './mail-settings.ts';
import type { Problem } from './problem.ts';

export type Sha256 = string;

/** A private key in the vault, by the id of its row. */
export interface SecretRef {
  readonly secret: string;
}

// ---------------------------------------------------------------- servers

export type LoginMethod =
  | { readonly method: 'agent' }
  | { readonly method: 'key'; readonly identity: string }
  | { readonly method: 'password' };

export type SudoMethod = 'none' | 'nopasswd' | 'password';

/** A host key that is accepted for a server: OpenSSH's fingerprint ("SHA256:...", base64 without padding). */
export interface PinnedHostKey {
  readonly fingerprint: string;
  /** "ssh-ed25519", "ssh-rsa", ...; null where only the fingerprint is known. */
  readonly type: string | null;
}

export interface ServerConfig {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly login: LoginMethod;
  readonly sudo: SudoMethod;
  /** The name of the server to go through (ProxyJump). */
  readonly jump: string | null;
  readonly hostKeys: readonly PinnedHostKey[];
  /** Domains that the admin gave because the server's own list cannot be enumerated. */
  readonly givenDomains: readonly string[];
}

// ---------------------------------------------------------------- DNS

/** All TXT records of one name. A value is the joined character-strings of one record (RFC 6376, 3.6.2.2), as a byte string. */
export interface TxtRRset {
  /** Absolute, lower case, without the final dot; IDN as A-labels. */
  readonly name: string;
  /** Seconds; null: the zone's default. */
  readonly ttl: number | null;
  readonly values: readonly string[];
}

// ---------------------------------------------------------------- keys

export const keySpecs = ['rsa2048', 'rsa4096', 'rsa1024', 'ed25519', 'rsa2048+ed25519'] as const;
export type KeySpec = (typeof keySpecs)[number];
export type KeyAlgorithm = 'rsa' | 'ed25519';
export type Scheme = 'dkim' | 'domainkeys' | 'both';
/** What a key is for. DomainKeys (RFC 4870) has selectors of its own: it breaks where a record names hashes. */
export type KeyScheme = Exclude<Scheme, 'both'>;

/** A key that Signet made. Belongs to one (domain, server). The private half is in the vault until it is installed and proven. */
export interface StagedKey {
  readonly ref: SecretRef;
  readonly domain: string;
  readonly server: string;
  readonly selector: string;
  readonly algorithm: KeyAlgorithm;
  readonly bits: number;
  /** The `p=` of the key record: base64 of the SubjectPublicKeyInfo (RSA) or of the raw 32 bytes (Ed25519, RFC 8463). */
  readonly publicKey: string;
  readonly scheme: KeyScheme;
}

// ---------------------------------------------------------------- pending changes

export type PolicyWish = 'keep' | 'sign-all' | 'none';
/** ADSP (RFC 5617) is historic: it changes only where it is asked for, and where `none` or switching off withdraws all policies. */
export type AdspWish = 'keep' | 'none' | 'all' | 'discardable';
export type DmarcWish = 'keep' | 'none' | 'quarantine' | 'reject';

/**
 * A key in use that is to be taken away once mail under way can no longer need it.
 * `notBefore` (ISO) is when; before it the task is shown, and no plan holds it.
 */
export interface RetireIntent {
  readonly kind: 'retire';
  readonly selector: string;
  readonly notBefore: string;
}

export interface SigningOnIntent {
  readonly kind: 'signing-on';
  readonly scheme: Scheme;
  readonly keys: readonly StagedKey[];
  /** Selectors of keys that are on the server already and are used instead of new ones (adoption). */
  readonly adopt: readonly string[];
  readonly policy: PolicyWish;
  /** Absent: kept. */
  readonly adsp?: AdspWish;
  readonly dmarc: DmarcWish;
}

export interface SigningOffIntent {
  readonly kind: 'signing-off';
  /** Only the signatures of this scheme end, and others go on; absent: all of them. */
  readonly scheme?: KeyScheme;
  readonly policy: PolicyWish;
  /** Absent: kept. */
  readonly adsp?: AdspWish;
  readonly dmarc: DmarcWish;
  /** How long the key stays served for mail under way, in hours. */
  readonly graceHours: number;
  /** The signer goes away too: private keys are removed at once, while their records stay served. */
  readonly removeKeys?: boolean;
}

/** Whether no signature of the domain is left once it is carried out. */
export function endsSigning(intent: { readonly kind: string; readonly scheme?: unknown }): boolean {
  return intent.kind === 'signing-off' && intent.scheme === undefined;
}

/** Signing stays as it is; only the policies change. */
export interface PolicyIntent {
  readonly kind: 'policy';
  readonly policy: PolicyWish;
  /** Absent: kept. */
  readonly adsp?: AdspWish;
  readonly dmarc: DmarcWish;
}

/**
 * The keys that the domain is signed with give way to new ones; what they were stays served for mail under way. With
 * `compromised`: records of these keys are revoked at once (`p=` empty, RFC 6376, 3.6.1), whoever made them, and stay so.
 */
export interface RotateIntent {
  readonly kind: 'rotate';
  readonly keys: readonly StagedKey[];
  /** Selectors in use that the new keys replace. Empty: nothing here is signed with a compromised key. */
  readonly replaces: readonly string[];
  /** How long a replaced key stays served, in hours. */
  readonly graceHours: number;
  /** Keys that somebody else has; empty: an ordinary rotation. */
  readonly compromised: readonly CompromisedKey[];
}

export interface CompromisedKey {
  readonly selector: string;
  /** As in StagedKey. */
  readonly publicKey: string;
  readonly algorithm: KeyAlgorithm;
}

/** Takes back what `run` did for this domain on this server, or for the server as a whole. */
export interface UndoIntent {
  readonly kind: 'undo';
  readonly run: string;
  readonly effect: Effect;
  readonly graceHours: number;
}

export type DomainIntent = SigningOnIntent | SigningOffIntent | PolicyIntent | RotateIntent | RetireIntent | UndoIntent;
export type Intent = DomainIntent | MailSettingsIntent;

/** The new keys that a pending change brings. */
export function newKeysOf(intent: Intent): readonly StagedKey[] {
  return intent.kind === 'signing-on' || intent.kind === 'rotate' ? intent.keys : [];
}

interface Pending {
  readonly id: string;
  readonly server: string;
  readonly createdAt: string;
}

export interface DomainChange extends Pending {
  readonly domain: string;
  readonly intent: DomainIntent;
}

/** Of the whole server. */
export interface ServerChange extends Pending {
  readonly domain: null;
  readonly intent: MailSettingsIntent | UndoIntent;
}

export type PendingChange = DomainChange | ServerChange;

export function isDomainChange(change: PendingChange): change is DomainChange {
  return change.domain !== null;
}

// ---------------------------------------------------------------- plans

export interface FileStep {
  readonly kind: 'file';
  readonly path: string;
  /** Hash of the content that the plan was computed from; null: the file must not exist. */
  readonly before: Sha256 | null;
  /** The content behind `before`, for the diff and for undo; null: there was no file, or it is a secret. */
  readonly old: Content | null;
  /** null: the file is removed. */
  readonly after: Content | SecretRef | null;
  /** Permission bits for a new file; an existing one keeps its own. */
  readonly mode: number;
  /** "user:group" for a new file; an existing one keeps its own. */
  readonly owner: string;
  /**
   * What to write instead of the backup when the step is taken back after activation (BIND: the old zone with a serial
   * higher than the one that was live). Absent: the backup.
   */
  readonly rollback?: Content;
}

/** A directory that a file of the same change needs. Made when missing; removed again on undo when it was made and is empty. */
export interface DirectoryStep {
  readonly kind: 'directory';
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  /** false: the directory is to be removed if it is empty. */
  readonly present: boolean;
}

/** A change of one RRset by a protocol that is atomic by itself (nsupdate with a prerequisite, pdnsutil, knotc). */
export interface RecordsStep {
  readonly kind: 'records';
  readonly zone: string;
  readonly name: string;
  readonly before: TxtRRset | null;
  readonly after: TxtRRset | null;
  /**
   * How it is done, and how it is taken back: argv and standard input. Both must fail, and change nothing, unless what
   * they find is exactly `before` (for `apply`) or `after` (for `revert`).
   */
  readonly apply: CommandLine;
  readonly revert: CommandLine;
}

export interface CommandLine {
  readonly argv: readonly string[];
  readonly stdin?: string;
}

/**
 * A package of the distribution, installed before files are compared a second time and written: a file step with `before`
 * null may then take the place of a file that came with it, which is kept beside it (PATH.dpkg-dist). It stays installed,
 * also where the change is taken back.
 */
export interface PackageStep {
  readonly kind: 'package';
  readonly manager: 'apt' | 'dnf';
  readonly name: string;
}

/**
 * A command without lasting effect of its own. `check` runs before anything is live: in its argv `{new:/path}` stands for
 * the staged new file of a file step of the same change. `activate` makes daemons read the new files (and, after a
 * rollback, the old ones). `verify` runs after activation; failing, it rolls back. Exit status 0 is success.
 */
export interface CommandStep {
  readonly kind: 'command';
  readonly phase: 'check' | 'activate' | 'verify';
  readonly argv: readonly string[];
  readonly stdin?: string;
  /** Seconds after which it counts as failed. */
  readonly timeout?: number;
}

export type Step = FileStep | DirectoryStep | RecordsStep | PackageStep | CommandStep;

/**
 * The order of law 2. A change belongs to exactly one phase; phases of one domain run strictly in this order.
 * `withdraw` (policies off), `prepare` (a signer set up and put into the path of mail), `install` (key files), `publish`
 * (key records), `switch` (signing on and off, after the gates), `policy` (policies on), `unpublish` (key records of retired
 * keys), `remove` (their key files), `dismantle` (a signer out of the path of mail). `prepare` and `dismantle` are the
 * phases of server-wide changes.
 */
export const phases = [
  'withdraw',
  'prepare',
  'install',
  'publish',
  'switch',
  'policy',
  'unpublish',
  'remove',
  'dismantle',
] as const;
export type Phase = (typeof phases)[number];

/** Before a change begins, every authoritative server of `zone` must serve exactly `expect` at `name` (null: no such TXT). */
export interface Gate {
  readonly domain: string;
  readonly zone: string;
  readonly name: string;
  /** How served and expected are compared. */
  readonly compare: 'key' | 'policy' | 'dmarc';
  readonly expect: string | null;
  /** The server through whose connection DNS is asked. */
  readonly via: string;
  /** Nobody but the admin can publish it: paste it at the provider. */
  readonly external: boolean;
}

/** After a change, a message from `domain` driven through the signer must come back signed with each of these selectors. */
export interface Probe {
  readonly domain: string;
  readonly selectors: readonly string[];
  /** No signature of the domain may come back. */
  readonly unsigned?: boolean;
}

export interface FileRequirement {
  readonly path: string;
  /** null: there must be no such file. */
  readonly before: Sha256 | null;
}

/** What the change does, by the kinds of its intents: "signing-on", "signing-off+signing-on", ... */
export interface Change {
  /** Deterministic: "<phase>@<server>". */
  readonly id: string;
  readonly intent: string;
  readonly server: string;
  readonly phase: Phase;
  /** The pending changes that it carries out, and their domains. */
  readonly pending: readonly string[];
  readonly domains: readonly string[];
  readonly dependsOn: readonly string[];
  readonly gates: readonly Gate[];
  /** Files that are not changed but that the steps were computed from: a difference makes the change stale. */
  readonly requires: readonly FileRequirement[];
  readonly steps: readonly Step[];
  readonly probes: readonly Probe[];
  readonly reason: string;
}

/** A record that nobody but the admin can publish, with the text to paste. */
export interface ManualRecord {
  readonly pending: string;
  readonly domain: string;
  readonly server: string;
  readonly action: 'publish' | 'remove';
  readonly rrset: TxtRRset;
  readonly reason: string;
}

/** The facts that the plan was computed from. */
export interface FactDigest {
  readonly server: string;
  readonly scannedAt: string;
  readonly digest: Sha256;
}

/** One record as a pending change finds and leaves it. */
export interface RecordEffect {
  readonly phase: 'withdraw' | 'publish' | 'policy' | 'unpublish';
  /** The managed name server; null: DNS is elsewhere, and the admin does it. */
  readonly server: string | null;
  readonly zone: string | null;
  readonly name: string;
  readonly before: TxtRRset | null;
  readonly after: TxtRRset | null;
}

/** What a pending change means for its domain (or server), in one place: shown in reviews, and what undo takes back. */
export interface Effect {
  readonly pending: string;
  /** null: of the server as a whole; then `settings` is there, and the rest is empty. */
  readonly domain: string | null;
  readonly server: string;
  readonly intent: Intent['kind'];
  /** Selectors that the domain's mail is signed with; null: not touched. */
  readonly selectors: { readonly before: readonly string[]; readonly after: readonly string[] } | null;
  readonly records: readonly RecordEffect[];
  readonly installed: readonly { readonly selector: string; readonly publicKey: string }[];
  readonly removed: readonly string[];
  /** Selectors whose records are revoked: undo never signs with them again. Absent: none. */
  readonly revoked?: readonly string[];
  /** Only of server-wide changes. */
  readonly settings?: SettingsEffect;
  /** Selectors that become due tasks once the change is carried out, and after how many hours. */
  readonly retire: readonly { readonly selector: string; readonly graceHours: number }[];
}

export interface Plan {
  /** SHA-256 over the changes: the same facts and pending changes give the same id. */
  readonly id: string;
  readonly createdAt: string;
  readonly basis: readonly FactDigest[];
  readonly effects: readonly Effect[];
  readonly changes: readonly Change[];
  readonly manual: readonly ManualRecord[];
  readonly problems: readonly Problem[];
}

// ---------------------------------------------------------------- the table

export type Published = 'match' | 'mismatch' | 'missing' | 'unknown';

export interface DomainKey {
  readonly selector: string;
  readonly algorithm: KeyAlgorithm | 'unknown';
  readonly bits: number | null;
  readonly scheme: KeyScheme;
  readonly published: Published;
  /** Signet made it or adopted it. */
  readonly managed: boolean;
  /** Mail of the domain is signed with it now. */
  readonly inUse: boolean;
  readonly publicKey: string | null;
  readonly path: string;
  /** When it was made or first seen (ISO 8601); absent or null: not known. */
  readonly since?: string | null;
}

export interface DomainRow {
  readonly domain: string;
  readonly server: string;
  readonly mta: string | null;
  readonly signer: string | null;
  readonly signing: 'on' | 'off' | 'unavailable';
  readonly allowSigning: boolean;
  readonly verifyIncoming: boolean;
  readonly keys: readonly DomainKey[];
  readonly zone: { readonly kind: string; readonly server: string | null; readonly name: string | null };
  readonly policy: { readonly domainkeys: string | null; readonly adsp: string | null; readonly dmarc: string | null };
  readonly probe: { readonly signed: boolean; readonly at: string } | null;
  readonly pending: readonly string[];
  readonly problems: readonly Problem[];
  readonly scannedAt: string;
}
