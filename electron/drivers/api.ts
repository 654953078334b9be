/**
 * What a driver is. Gather, then compute: `detect` and `scan` read a server through a HostReader and return facts (plain
 * JSON, no secret in it); everything else is a pure function of those facts.
 *
 * Adding a driver is adding one file below signers/, dns/ or mta/ (and its fixtures and lab host): the registry finds it.
 */
import type { FailingMail } from '../../shared/mail-settings.ts';
import type {
  FileRequirement,
  KeyAlgorithm,
  KeyScheme,
  SecretRef,
  Sha256,
  Step,
  TxtRRset,
} from '../../shared/model.ts';
import type { ByteString } from '../../shared/text.ts';
import type { Problem } from '../../shared/problem.ts';
import type { ConnectTarget } from '../transport/api.ts';

// ---------------------------------------------------------------- reading a server

export interface FileFact {
  /** As asked for. */
  readonly path: string;
  /** The path behind symbolic links: this is the one to write. */
  readonly real: string;
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly sha256: Sha256;
  readonly content: ByteString;
}

export interface StatFact {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'other';
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface ExecFact {
  readonly code: number;
  readonly stdout: ByteString;
  readonly stderr: ByteString;
}

/**
 * Reads a server. Calls that are made before the next turn of the event loop travel together in one round trip: a driver
 * asks for all that it can ask for at once (`Promise.all`), and the number of round trips is the depth of its questions,
 * never the number of domains.
 */
export interface HostReader {
  readonly server: string;
  /** null: there is no such file. Rejects for what cannot be read (a directory, no permission, over 16 MiB). */
  file(path: string): Promise<FileFact | null>;
  stat(path: string): Promise<StatFact | null>;
  /** Files matching a shell pattern whose only special characters are `*` and `?`, sorted. */
  glob(pattern: string): Promise<readonly string[]>;
  /** Runs a command that changes nothing. A command that is not installed has code 127. */
  exec(argv: readonly string[], options?: { readonly stdin?: string }): Promise<ExecFact>;
  /** What the generic first look found; no round trip. */
  readonly host: HostFacts;
}

/** The generic first look at a server. */
export interface HostFacts {
  readonly hostname: string;
  readonly os: { readonly id: string; readonly version: string; readonly name: string };
  readonly init: 'systemd' | 'openrc' | 'sysv' | 'unknown';
  /** Seconds since the epoch on the server's clock, and the laptop's at the same moment. */
  readonly clock: { readonly server: number; readonly laptop: number };
}

/** Facts of one driver as they are stored. */
export interface DriverFacts<F = unknown, V = unknown> {
  readonly driver: string;
  readonly facts: F;
  readonly view: V;
}

export interface ServerFacts {
  readonly server: string;
  readonly scannedAt: string;
  /** A run has changed the server since, and it could not be read after that: nothing is planned from these facts. */
  readonly changedSince?: string;
  readonly host: HostFacts;
  readonly mta: DriverFacts<unknown, MtaView> | null;
  readonly signers: readonly DriverFacts<unknown, SignerView>[];
  readonly dns: readonly DriverFacts<unknown, DnsView>[];
  /** Addresses of the resolvers that the server itself uses (resolv.conf(5)). */
  readonly resolvers: readonly string[];
  /** What the authoritative servers served at scan time, by "name" (absolute, lower case): values of each TXT record. */
  readonly served: Readonly<Record<string, readonly string[] | null>>;
  /** The zone that holds each domain as DNS says it, and its authoritative servers; null where DNS could not be asked. */
  readonly delegations: Readonly<Record<string, { readonly zone: string; readonly servers: readonly string[] } | null>>;
  readonly problems: readonly Problem[];
}

/** Common to every kind of driver. */
interface Driver<F, V> {
  readonly id: string;
  /** Whether this software is on the host. Cheap: one round trip at most, shared with every other driver's. */
  detect(host: HostReader): Promise<boolean>;
  scan(host: HostReader): Promise<F>;
  /** The driver-independent reading of the facts, with the problems that the linter found. */
  view(facts: F): V;
}

// ---------------------------------------------------------------- MTA

export interface HostedDomain {
  readonly domain: string;
  /** Where it was found: "mydestination", "virtual_alias_domains (/etc/postfix/virtual_domains)", ... */
  readonly source: string;
}

export interface MtaView {
  readonly name: string;
  readonly version: string | null;
  readonly domains: readonly HostedDomain[];
  /** Lists that cannot be enumerated (SQL, LDAP, regexp): named, so that the admin can give the domains. */
  /** As SettingsContext has them. */
  readonly own?: SettingsContext['own'];
  readonly chroot?: SettingsContext['chroot'];
  readonly notEnumerable: readonly { readonly source: string; readonly reason: string }[];
  /** Filters that see outgoing mail, in their order: for "two signers in the path" and "signer not in the path". */
  readonly milters: readonly { readonly endpoint: ConnectTarget; readonly text: string }[];
  readonly problems: readonly Problem[];
}

/** Whether mail passes through a filter. The filter is named by where the MTA reaches it. */
export interface MtaEdit {
  readonly kind: 'wire' | 'unwire';
  readonly endpoint: ConnectTarget;
}

export interface MtaDriver<F = unknown> extends Driver<F, MtaView> {
  /** Pure. An edit that is fulfilled already yields no step. What services of their own settings do is respected. */
  plan(facts: F, edits: readonly MtaEdit[]): DriverPlan<F>;
  /** Pure: the same as SignerDriver.restore. */
  restore(facts: F, files: readonly RestoreFile[]): DriverPlan<F>;
}

// ---------------------------------------------------------------- signer

/** `dkim` and `domainkeys`: what it signs with. */
export type SignerAbility = 'dkim' | 'dualSign' | 'ed25519' | 'domainkeys' | 'verifyIncoming' | 'adopt';

export interface SignerKey {
  readonly domain: string;
  readonly selector: string;
  readonly path: string;
  readonly algorithm: KeyAlgorithm | 'unknown';
  readonly bits: number | null;
  /** `p=` of the record that belongs to it; null where the key could not be read. */
  readonly publicKey: string | null;
  readonly scheme: KeyScheme;
}

export interface SignerView {
  readonly name: string;
  readonly version: string | null;
  readonly can: readonly SignerAbility[];
  /** Every key that the signer's configuration names. */
  readonly keys: readonly SignerKey[];
  /** For each mail domain that is signed: the selectors that a message from user@domain is signed with, in order. */
  readonly signs: Readonly<Record<string, readonly string[]>>;
  /** The selectors of a domain that is not in `signs`: a pattern for every domain signs it too. Absent or empty: unsigned. */
  readonly signsOthers?: readonly string[];
  /** Why domains cannot be switched on here; null: they can. */
  readonly unavailable: Problem | null;
  /** Whether incoming mail whose signature fails is dealt with (discarded, rejected or tagged) by its configuration. */
  readonly verifiesIncoming: boolean;
  /** What becomes of it; absent: it is tagged, where it is verified. */
  readonly failing?: FailingMail;
  /** Whether the sender's policies count; absent: signatures alone do. */
  readonly policies?: boolean;
  /** Whether its configuration lets it sign at all (no domain need be signed); absent: it does. */
  readonly allowsSigning?: boolean;
  /** Where the MTA talks to it (a milter), for the probe; null: it has no such socket. */
  readonly endpoint: ConnectTarget | null;
  readonly problems: readonly Problem[];
}

/** A key to be installed: its private half is referred to, never held. */
export interface InstallKey {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: KeyAlgorithm;
  readonly bits: number;
  readonly publicKey: string;
  readonly scheme: KeyScheme;
  readonly secret: SecretRef;
}

/** What a signer is to do, one item a domain. Items of one call belong to one phase. */
export type SignerEdit =
  | { readonly kind: 'install'; readonly key: InstallKey }
  /** From now on `domain` is signed with exactly these selectors (installed, or there already). */
  | { readonly kind: 'activate'; readonly domain: string; readonly selectors: readonly string[] }
  /** From now on `domain` is not signed. Keys stay where they are. */
  | { readonly kind: 'deactivate'; readonly domain: string }
  /** The key and its entries go. It is in use by nothing. */
  | { readonly kind: 'remove'; readonly domain: string; readonly selector: string };

/** The outcome of planning one phase with one driver. */
export interface DriverPlan<F> {
  readonly steps: readonly Step[];
  /** Files that are not changed but that the steps depend on (a daemon's configuration, ...). */
  readonly requires: readonly FileRequirement[];
  /** The facts as they will be once the steps are done: the next phase is planned on them. */
  readonly after: F;
  /** Edits that cannot be done safely: the domain (signer) or record name (DNS), and why. They have no part in `steps`. */
  readonly refused: readonly { readonly subject: string; readonly problem: Problem }[];
}

// ---------------------------------------------------------------- what a signer does for a server as a whole

/** What a signer can be set up to do. */
export interface SignerOffice {
  readonly signs: 'dkim' | 'domainkeys';
  /** How it judges incoming mail: by the signatures that are there, or by the sender's policies too. */
  readonly judges: 'signatures' | 'policies';
}

/** What one signer is to do once the plan is carried out. Neither: it is out of the path, and its files are as they were. */
export interface SettingsWish {
  readonly sign: boolean;
  /** null: it verifies nothing. */
  readonly verify: { readonly failing: FailingMail } | null;
}

/** What a signer's driver may need to know of a server on which its software is not there yet. */
export interface SettingsContext {
  readonly server: string;
  readonly host: HostFacts;
  /** How packages are installed there; null: by nothing that Signet knows. */
  readonly packages: 'apt' | 'dnf' | null;
  /** Networks (CIDR) whose mail is the server's own, beside its loopback addresses: signed, and not verified. */
  readonly own: readonly string[];
  /** Where the MTA is jailed, if it is: only sockets below the directory, and ports, can be reached. */
  readonly chroot: { readonly queueDirectory: string; readonly chroot: boolean } | null;
}

export interface SettingsPlan<F> {
  /**
   * Packages, directories, files, checks, `activate` and `verify` commands. The MTA's own steps are added after them where
   * the signer comes into the path, and before them where it goes out of it.
   */
  readonly steps: readonly Step[];
  readonly requires: readonly FileRequirement[];
  /** null: the software is not there, and will not be. */
  readonly after: F | null;
  /** Where the MTA reaches it, once it is in the path, or as long as it was. */
  readonly endpoint: ConnectTarget;
  readonly refused: Problem | null;
}

export interface SignerDriver<F = unknown> extends Driver<F, SignerView> {
  /** Absent: it is used where it is, and set up nowhere. */
  readonly office?: SignerOffice;
  /**
   * Pure: sets the signer up, or takes it out. `facts` null: the software is not there. A wish that is fulfilled yields no
   * step. A domain that is signed still is the caller's to refuse.
   */
  settings?(facts: F | null, wish: SettingsWish, context: SettingsContext): SettingsPlan<F>;
  /** Pure. An edit that is fulfilled already yields no step. */
  plan(facts: F, edits: readonly SignerEdit[]): DriverPlan<F>;
  /**
   * Pure: the steps that give configuration files exactly the content that they had before, with the commands that this
   * takes; for undo. A file that is not as `after` says any more is refused (subject: its path).
   */
  restore(facts: F, files: readonly RestoreFile[]): DriverPlan<F>;
}

// ---------------------------------------------------------------- DNS

export type DnsAbility = 'static' | 'dynamic' | 'views' | 'inlineSigning';

export interface DnsZone {
  /** Absolute, lower case, without the final dot. */
  readonly name: string;
  readonly view: string | null;
  /** "static", "dynamic", "secondary", ...: a word for the table. */
  readonly kind: string;
  readonly file: string | null;
  readonly role: 'primary' | 'secondary' | 'other';
  /** The servers a secondary transfers from. */
  readonly primaries: readonly string[];
  readonly signed: boolean;
  readonly serial: number | null;
  /** Why it cannot be edited; null: it can. */
  readonly refusal: Problem | null;
  /** It is this server's to edit and is not well: nothing may rest on it until it is mended. Otherwise records are pasted. */
  readonly broken: boolean;
  /** The TXT RRsets at `_domainkey`, `_dmarc` and `_adsp` names, and CNAMEs there (a name that another holds). */
  readonly txt: readonly TxtRRset[];
  readonly cnames: readonly string[];
}

export interface DnsView {
  readonly name: string;
  readonly version: string | null;
  readonly can: readonly DnsAbility[];
  readonly zones: readonly DnsZone[];
  readonly problems: readonly Problem[];
}

/** Replace the TXT RRset at `name`. `before` is what the facts hold: a driver refuses when it differs. */
export interface DnsEdit {
  readonly zone: string;
  readonly name: string;
  readonly before: TxtRRset | null;
  readonly after: TxtRRset | null;
}

export interface DnsDriver<F = unknown> extends Driver<F, DnsView> {
  /** Pure. Several edits of one zone are one change of it (one serial). A zone in several views is edited in each. */
  plan(facts: F, edits: readonly DnsEdit[]): DriverPlan<F>;
  /** Pure: the same as SignerDriver.restore for zone files, but for a serial that must grow. A driver without files refuses. */
  restore(facts: F, files: readonly RestoreFile[]): DriverPlan<F>;
}

export interface RestoreFile {
  readonly path: string;
  /** null: there was no such file. */
  readonly before: ByteString | null;
  /** null: it was removed. */
  readonly after: Sha256 | null;
}

/** The drivers that are there, found by folder (see registry.ts). */
export interface Drivers {
  readonly mta: readonly MtaDriver[];
  readonly signers: readonly SignerDriver[];
  readonly dns: readonly DnsDriver[];
}
