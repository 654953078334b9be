/**
 * The one contract between the engine and whoever uses it: the window (over Electron's IPC or a WebSocket) and the command
 * line. Inputs are zod schemas, parsed by the engine whoever sent them; results are plain types.
 */
import { z } from 'zod';
import type { MailSettings, MailSettingsIntent } from './mail-settings.ts';
import { failingMail } from './mail-settings.ts';
import type { DomainRow, PendingChange, Plan, Step } from './model.ts';
import { keySpecs } from './model.ts';
import type { Failure, Problem } from './problem.ts';
import type { ChangeState, RunEvent, RunRecord } from './run.ts';
import type { Settings } from './settings.ts';
import { dnsDialects, settingsSchema } from './settings.ts';

// A name becomes a key in files and a word in messages: it is kept to what needs no quoting anywhere.
const serverName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'letters, digits, dots, dashes and underscores, at most 63');
const domain = z.string().min(1).max(1024);
const id = z.string().min(1).max(200);
const ids = z.array(id).max(200_000);
const fingerprint = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'SHA256: and 43 characters, as ssh-keygen -lf prints it');
const secret = z.string().min(1).max(4096);
const nothing = z.object({}).default({});

const login = z.discriminatedUnion('method', [
  z.object({ method: z.literal('agent') }),
  z.object({ method: z.literal('key'), identity: z.string().min(1).max(4096) }),
  z.object({ method: z.literal('password') }),
]);

const hostKeyTrust = z.discriminatedUnion('by', [
  z.object({ by: z.literal('fingerprint'), fingerprint }),
  z.object({ by: z.literal('known-hosts'), file: z.string().min(1).max(4096) }),
  z.object({ by: z.literal('first-use') }),
]);

/** Log-in secrets go in and never come out again. */
const secrets = z.object({
  password: secret.optional(),
  passphrase: secret.optional(),
  sudoPassword: secret.optional(),
});

const address = {
  host: z.string().regex(/^[A-Za-z0-9_.:%-]{1,255}$/, 'a host name or an IP address'),
  port: z.int().min(1).max(65_535).default(22),
  jump: serverName.nullable().default(null),
};

/** Rows of the table; a domain without a server means all servers that host it. */
const targets = z.union([z.literal('all'), z.array(z.object({ domain, server: serverName.optional() })).max(200_000)]);

const signing = z.object({
  targets,
  server: serverName.optional(),
  /** `keep` leaves signing as it is and changes policies only. */
  action: z.enum(['on', 'off', 'keep']),
  key: z.enum(keySpecs).optional(),
  selector: z.string().min(1).max(63).optional(),
  /** What is switched; default: DKIM is switched on, and all signatures are switched off. */
  scheme: z.enum(['dkim', 'domainkeys', 'both']).optional(),
  policy: z.enum(['keep', 'sign-all', 'none']).default('keep'),
  adsp: z.enum(['keep', 'none', 'all', 'discardable']).default('keep'),
  dmarc: z.enum(['keep', 'none', 'quarantine', 'reject']).default('keep'),
  /** Hours; default: the setting. */
  graceHours: z.int().min(0).max(8760).optional(),
  /** All or nothing: one refused target, and nothing is staged. */
  strict: z.boolean().default(false),
});

const rotation = z.object({
  targets,
  server: serverName.optional(),
  /** Default: what each key that is replaced is. */
  key: z.enum(keySpecs).optional(),
  /** How long replaced keys stay served, in hours; default: the setting. */
  graceHours: z.int().min(0).max(8760).optional(),
  /**
   * A key that somebody else has: the fingerprint of its public key (as in PendingRow), or the name of a key record that
   * holds it (SELECTOR._domainkey.DOMAIN). It goes from every server and zone that has it, so `targets` is 'all'; without grace.
   */
  compromised: z.string().min(1).max(320).optional(),
  /** All or nothing: one refused target, and nothing is staged. */
  strict: z.boolean().default(false),
});

const onOff = z.enum(['on', 'off']);

/** What is left out stays as it is. */
const mailSettings = z.object({
  server: serverName,
  /** Makes switching domains on possible; signs nothing by itself. Off takes the domains' signing with it. */
  allowSigning: onOff.optional(),
  /** What signing is allowed with. */
  scheme: z.enum(['dkim', 'domainkeys', 'both']).default('dkim'),
  verifyIncoming: onOff.optional(),
  /** What becomes of mail that fails; default: as it is, or reject. */
  failing: z.enum(failingMail).optional(),
  /** Whether the sender's policies count too; default: as it is, or true. */
  policies: z.boolean().optional(),
  /** For the domains that allowSigning off takes with it, in hours; default: the setting. */
  graceHours: z.int().min(0).max(8760).optional(),
});

const planInput = z.object({
  leaveOut: ids.default([]),
  /** Only these pending changes. */
  only: ids.optional(),
  servers: z.array(serverName).optional(),
  /** Adds a unified diff to each file step. */
  diffs: z.boolean().default(false),
});

export const inputs = {
  'servers.list': nothing,
  'servers.hostKey': z.object(address),
  'servers.add': z.object({
    ...address,
    name: serverName,
    user: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/, 'a log-in name'),
    login,
    sudo: z.enum(['none', 'nopasswd', 'password']).default('none'),
    trust: hostKeyTrust,
    secrets: secrets.default({}),
    givenDomains: z.array(domain).max(200_000).default([]),
  }),
  'servers.remove': z.object({ name: serverName }),
  'servers.trust': z.object({ name: serverName, fingerprint }),
  'servers.secrets': z.object({ name: serverName, secrets }),
  'servers.giveDomains': z.object({ name: serverName, domains: z.array(domain).max(200_000) }),
  'servers.previewImport': z.object({
    file: z.string().max(4096).optional(),
    patterns: z.array(z.string().max(255)).default([]),
  }),
  'servers.import': z.object({
    file: z.string().max(4096).optional(),
    patterns: z.array(z.string().max(255)).default([]),
  }),
  'scan.run': z.object({ servers: z.array(serverName).optional() }),
  'domains.list': z.object({
    server: serverName.optional(),
    /** Without, `publicKey` is null in all rows: half of what a table of 100,000 rows weighs, and it shows none of them. */
    publicKeys: z.boolean().default(true),
  }),
  'signing.preview': signing,
  'signing.stage': signing,
  'mailSettings.preview': mailSettings,
  'mailSettings.stage': mailSettings,
  'rotate.preview': rotation,
  'rotate.stage': rotation,
  'pending.list': nothing,
  'pending.drop': z.object({ ids: z.union([z.literal('all'), ids]) }),
  'pending.export': z.object({ passphrase: secret.optional() }),
  'pending.import': z.object({ text: z.string().max(256 * 1024 * 1024), passphrase: secret.optional() }),
  'plan.compute': planInput,
  'apply.run': planInput.omit({ diffs: true, only: true }).extend({
    /** The plan that was reviewed: when the present one differs, nothing is done. */
    plan: id.optional(),
    acknowledge: z.array(z.string().max(100)).default([]),
  }),
  'runs.list': z.object({ domain: domain.optional() }).default({}),
  'runs.show': z.object({ id }),
  'runs.resume': z.object({ id }),
  /** The run under way in this process, whoever started it: stops at the next safe points, as if its caller had. */
  'runs.stop': z.object({ id }),
  'runs.undo': z.object({ id, graceHours: z.int().min(0).max(8760).optional() }),
  'verify.run': z.object({ domains: z.array(domain).max(200_000).default([]) }),
  'records.show': z.object({ domain, dialect: z.enum(dnsDialects).optional() }),
  'settings.get': nothing,
  'settings.set': settingsSchema.partial(),
  'vault.status': nothing,
  'vault.unlock': z.object({ passphrase: secret }),
  'doctor.run': nothing,
} as const;

// ---------------------------------------------------------------- results

export interface ServerRow {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly login: 'agent' | 'key' | 'password';
  readonly sudo: 'none' | 'nopasswd' | 'password';
  readonly jump: string | null;
  readonly hostKey: string | null;
  readonly roles: readonly ('mail' | 'dns')[];
  readonly mta: string | null;
  readonly signer: string | null;
  readonly dns: string | null;
  readonly os: string | null;
  readonly domains: number;
  readonly givenDomains: number;
  /** As the last scan found them; null: it has no mail server that Signet knows, or was not scanned. */
  readonly mailSettings: MailSettings | null;
  readonly lastScan: string | null;
  /** How the last attempt to reach it ended; null: not tried yet. */
  readonly reachable: boolean | null;
  readonly problems: readonly Problem[];
}

export interface ScanResult {
  readonly server: string;
  readonly ok: boolean;
  readonly domains: number;
  readonly zones: number;
  readonly roundTrips: number;
  readonly milliseconds: number;
  readonly problem: Problem | null;
  /** What is wrong with the server as a whole, where it was read. */
  readonly warnings: readonly Problem[];
  /** The class of the problem. */
  readonly failure: Failure | null;
}

export interface Target {
  readonly domain: string;
  readonly server: string;
}

/** A domain on a server, or (null) the server as a whole. */
export interface Subject {
  readonly domain: string | null;
  readonly server: string;
}

export interface StageResult {
  readonly staged: readonly PendingRow[];
  /** Pending changes that the call took back: staging on and then off cancels out. */
  readonly cancelled: readonly Subject[];
  /** There is nothing to do: it is so already, or staged already. */
  readonly unchanged: readonly (Subject & { readonly reason: string })[];
  readonly refused: readonly (Partial<Target> & { readonly problem: Problem })[];
  readonly keys: number;
}

export interface PendingRow {
  readonly id: string;
  readonly intent: PendingChange['intent']['kind'];
  /** null: of the whole server. */
  readonly domain: string | null;
  readonly server: string;
  readonly createdAt: string;
  /** One line: "RSA 2048, selector mx1-202611, policy: sign-all". */
  readonly summary: string;
  /** A due task is in no plan before this moment; null: now. */
  readonly notBefore: string | null;
  readonly selectors: readonly string[];
  readonly fingerprints: readonly string[];
  /** Of mail settings: what is staged. */
  readonly mailSettings?: MailSettingsIntent;
}

/** A plan as it is shown: file steps have their unified diff when asked for. */
export interface PlanView extends Omit<Plan, 'changes'> {
  readonly changes: readonly (Omit<Plan['changes'][number], 'steps'> & { readonly steps: readonly StepView[] })[];
  /** Due tasks whose time has not come. */
  readonly later: readonly PendingRow[];
}

export type StepView = Step & { readonly diff?: string };

export interface ExportResult {
  readonly text: string;
  readonly changes: number;
  readonly keysIncluded: boolean;
}

export interface ImportResult {
  readonly imported: readonly PendingRow[];
  readonly unchanged: readonly (Subject & { readonly reason: string })[];
  readonly refused: readonly (Partial<Target> & { readonly problem: Problem })[];
  /** Keys that the file did not hold and that were made here. */
  readonly newKeys: number;
}

export interface ImportPreview {
  readonly servers: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly login: 'agent' | 'key';
    readonly identity: string | null;
    readonly jump: string | null;
    readonly hostKeys: readonly string[];
    /** Why it is not added: there already, no user, ...; null: it is. */
    readonly skipped: string | null;
  }[];
  readonly notImported: readonly { readonly text: string; readonly reason: string }[];
}

export interface RunSummary {
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: RunRecord['outcome'];
  readonly servers: readonly string[];
  readonly domains: number;
  readonly changes: number;
  readonly applied: number;
  readonly canUndo: boolean;
  readonly canResume: boolean;
}

/** What a run has not done for a domain, and why. */
export interface LeftOver extends Subject {
  readonly pending: string;
  readonly change: string;
  readonly state: ChangeState;
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
}

export interface UndoResult {
  readonly staged: readonly PendingRow[];
  readonly refused: readonly (Partial<Target> & { readonly problem: Problem })[];
}

export interface VerifyRow {
  readonly domain: string;
  readonly server: string;
  /** The configuration says that mail is signed. */
  readonly file: boolean;
  /** A probe came back signed and verified. */
  readonly probe: boolean;
  /** Every authoritative server serves the matching key. */
  readonly dns: boolean;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
}

export interface RecordView {
  readonly domain: string;
  readonly server: string;
  readonly name: string;
  readonly type: 'TXT';
  readonly ttl: number | null;
  readonly value: string;
  /** The text to paste, in the dialect asked for. */
  readonly text: string;
  /** "in use", "staged", "policy". */
  readonly why: string;
}

export interface VaultStatus {
  readonly kind: 'keychain' | 'passphrase';
  readonly state:
    'ready' | 'locked' | 'missing' | 'unavailable' | 'no-passphrase' | 'wrong-passphrase' | 'foreign' | 'damaged';
  readonly problem: Problem | null;
}

export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint: string | null;
}

export interface Results {
  'servers.list': readonly ServerRow[];
  'servers.hostKey': { readonly type: string; readonly fingerprint: string };
  'servers.add': ServerRow;
  'servers.remove': { readonly dropped: number };
  'servers.trust': ServerRow;
  'servers.secrets': { readonly stored: readonly string[] };
  'servers.giveDomains': ServerRow;
  'servers.previewImport': ImportPreview;
  'servers.import': { readonly added: readonly ServerRow[]; readonly preview: ImportPreview };
  'scan.run': readonly ScanResult[];
  'domains.list': readonly DomainRow[];
  'signing.preview': StageResult;
  'signing.stage': StageResult;
  'mailSettings.preview': StageResult;
  'mailSettings.stage': StageResult;
  'rotate.preview': StageResult;
  'rotate.stage': StageResult;
  'pending.list': readonly PendingRow[];
  'pending.drop': { readonly dropped: number };
  'pending.export': ExportResult;
  'pending.import': ImportResult;
  'plan.compute': PlanView;
  'apply.run': RunRecord;
  'runs.list': readonly RunSummary[];
  'runs.show': RunRecord & { readonly events: readonly RunEvent[]; readonly left: readonly LeftOver[] };
  'runs.resume': RunRecord;
  'runs.stop': { readonly stopping: boolean };
  'runs.undo': UndoResult;
  'verify.run': readonly VerifyRow[];
  'records.show': readonly RecordView[];
  'settings.get': Settings;
  'settings.set': Settings;
  'vault.status': VaultStatus;
  'vault.unlock': VaultStatus;
  'doctor.run': readonly DoctorCheck[];
}

export type Operation = keyof typeof inputs & keyof Results;
/** What a caller writes: fields with a default may be left out. */
export type Input<O extends Operation> = z.input<(typeof inputs)[O]>;
/** What a handler gets. */
export type Parsed<O extends Operation> = z.output<(typeof inputs)[O]>;
export type Result<O extends Operation> = Results[O];

// ---------------------------------------------------------------- events

/** What happens while an operation works. Every host passes all of them to all of its windows. */
export type EngineEvent =
  | { readonly type: 'run'; readonly event: RunEvent }
  | {
      readonly type: 'scan';
      readonly server: string;
      readonly state: 'started' | 'done' | 'failed';
      readonly message: string;
    }
  | { readonly type: 'staging'; readonly done: number; readonly total: number }
  | { readonly type: 'changed'; readonly what: 'servers' | 'domains' | 'pending' | 'runs' | 'settings' | 'vault' };

/**
 * The engine as a caller sees it. Long operations resolve at their end; aborting `signal` stops them at the next safe
 * point. Rejects with an error whose `problem` is a Problem (SignetError in the engine's own process).
 */
export interface Client {
  call<O extends Operation>(
    operation: O,
    input: Input<O>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Result<O>>;
  subscribe(listener: (event: EngineEvent) => void): () => void;
}
