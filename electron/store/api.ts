/**
 * What is kept on the laptop, in one SQLite file. Every method is synchronous, and durable when it returns: what it wrote
 * survives a SIGKILL and a power cut. Every method may throw a SignetError: `store-corrupt`, `store-full`,
 * `store-read-only`, `store-failed`.
 *
 * No secret stands in any of it but private keys, sealed by the vault.
 */
import type { PendingChange, Plan, ServerConfig, Sha256, StagedKey } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { RunChange, RunEvent, RunOutcome, RunRecord } from '../../shared/run.ts';
import type { Settings } from '../../shared/settings.ts';

export interface ServerTable {
  /** In the order of their names. */
  list(): readonly ServerConfig[];
  get(name: string): ServerConfig | null;
  /** Adds the server, or replaces the one of that name. */
  put(server: ServerConfig): void;
  /**
   * Forgets the server, its facts and its probes; what Signet made there stays known (ManagedTable), so that it is still
   * ours when the server comes back. Refused with `server-is-jump` while another server goes through it, and with
   * `server-has-pending` while it has pending changes, unless they are to be dropped with it (their keys are erased).
   */
  remove(name: string, options?: { readonly dropPending?: boolean }): void;
}

/** The least that the store knows of facts; what else they hold is their owner's matter (ServerFacts of drivers/api.ts). */
export interface StoredFacts {
  readonly server: string;
  readonly scannedAt: string;
  readonly mta: StoredPart | null;
  readonly signers: readonly StoredPart[];
  readonly dns: readonly StoredPart[];
}

/** What one driver found; `facts` is read from the file only when somebody looks at it. */
export interface StoredPart {
  readonly facts: unknown;
}

export interface FactsTable<F extends StoredFacts> {
  /** In the order of the servers' names. */
  list(): readonly F[];
  get(server: string): F | null;
  put(facts: F): void;
  remove(server: string): void;
}

export interface PendingEdit {
  /** Ids of pending changes that go. Unknown ones are ignored. Their keys are erased unless a change of `put` uses them. */
  readonly drop?: readonly string[];
  readonly put?: readonly PendingChange[];
  /** The sealed private keys that `put` refers to. */
  readonly keys?: readonly SealedKey[];
}

export interface PendingTable {
  /** In the order of creation, then domain and server. */
  list(): readonly PendingChange[];
  get(id: string): PendingChange | null;
  /**
   * All of it or nothing, in one transaction: first drops, then puts. At most one change that is not a retire task stands
   * for one (domain, server), and one retire task for one (domain, server, selector): `pending-twice` otherwise.
   */
  edit(edit: PendingEdit): void;
  /**
   * Changes that were carried out leave the list. Their keys are not erased by it: see KeyTable.erase. What a due retire
   * task or the like leaves behind is put in the same transaction.
   */
  done(ids: readonly string[], put?: readonly PendingChange[]): void;
}

export interface SealedKey {
  readonly key: StagedKey;
  /** What Vault's Sealer.seal returned. */
  readonly sealed: Uint8Array;
}

/** `staged`: only here; `installed`: on the server, not proven yet; `erased`: no private half is here any more. */
export type KeyState = 'staged' | 'installed' | 'erased';

export interface KeyRow {
  readonly key: StagedKey;
  readonly state: KeyState;
  readonly stagedAt: string;
}

export interface KeyTable {
  list(filter?: { readonly server?: string; readonly state?: KeyState }): readonly KeyRow[];
  get(id: string): KeyRow | null;
  /** The sealed private half. Refuses with `key-unknown` or `key-erased`. */
  sealed(id: string): Uint8Array;
  put(keys: readonly SealedKey[]): void;
  /** Keys that are on their server now. Erased ones stay erased. */
  installed(ids: readonly string[]): void;
  /** Overwrites the sealed private halves (secure_delete); the public rows stay. */
  erase(ids: readonly string[]): void;
  /** How many private halves are here. */
  sealedCount(): number;
}

/** A selector that Signet made or adopted, and may therefore change and retire (law 5). */
export interface ManagedSelector {
  readonly domain: string;
  readonly server: string;
  readonly selector: string;
  /** Of the public key: see publicKeyFingerprint. A key that was replaced by hand is no longer ours. */
  readonly fingerprint: string;
  readonly since: string;
}

export interface ManagedTable {
  list(server?: string): readonly ManagedSelector[];
  get(domain: string, server: string, selector: string): ManagedSelector | null;
  /** Adds; a known (domain, server, selector) gets the new fingerprint. */
  put(selectors: readonly ManagedSelector[]): void;
  remove(selectors: readonly Pick<ManagedSelector, 'domain' | 'server' | 'selector'>[]): void;
}

export interface SavedPlan {
  readonly plan: Plan;
  /** SHA-256 (hex) of the plan's JSON. */
  readonly digest: Sha256;
  /** The run that applies or applied it. */
  readonly appliedBy: string | null;
}

export interface PlanTable {
  /**
   * Saves under plan.id. The same id with other changes is refused with `plan-changed`; the same changes computed again
   * replace the older copy, unless a run has it. Of plans that no run has, the latest 20 are kept.
   */
  save(plan: Plan): SavedPlan;
  get(id: string): SavedPlan | null;
  /** The plan saved last. */
  latest(): SavedPlan | null;
}

export type RunSummary = Omit<RunRecord, 'plan' | 'changes' | 'problems'> & { readonly plan: string };

/** The journal of runs: what is to be done is written here before it is done. */
export interface RunTable {
  /**
   * Writes the run ("running", every change "planned") and marks its plan as applied, in one transaction. A plan is applied
   * once: `plan-applied` otherwise; a run that is over and left nothing behind (all rolled back, stale, waiting, skipped)
   * does not count. The plan is saved if it was not.
   */
  begin(run: { readonly id: string; readonly startedAt: string; readonly plan: Plan }): void;
  /** Takes up an interrupted or incomplete run: it is "running" again, by this process. `run-unknown`, `run-running`, `run-finished` (applied, or refused). */
  resume(id: string): void;
  /** Replaces what is known of one change. Called with "started" before the server is touched. */
  change(id: string, change: RunChange): void;
  append(event: RunEvent): void;
  finish(id: string, end: RunEnd): void;
  /** Newest first. */
  list(): readonly RunSummary[];
  /** A run that a process began which is no longer there reads as "interrupted". */
  get(id: string): RunRecord | null;
  events(id: string): readonly RunEvent[];
}

export interface RunEnd {
  readonly outcome: RunOutcome;
  readonly finishedAt: string;
  readonly problems: readonly Problem[];
}

export interface StoredProbe {
  readonly domain: string;
  readonly server: string;
  readonly at: string;
  readonly signed: boolean;
  /** The selectors whose signatures came back and verified. */
  readonly selectors: readonly string[];
  readonly problem: Problem | null;
}

export interface ProbeTable {
  list(server?: string): readonly StoredProbe[];
  get(domain: string, server: string): StoredProbe | null;
  /** The last result for each (domain, server). */
  put(probes: readonly StoredProbe[]): void;
}

export interface SettingsTable {
  get(): Settings;
  /** Changes the given ones, keeps the others. Throws `setting-invalid` (usage). */
  put(settings: Partial<Settings>): Settings;
}

/** Which master key seals the keys of this home, without saying anything about the key: the vault's port to the store. */
export interface KeyCheckPort {
  /** Random, made with the home: tells the keychain items of one home from another's. */
  readonly homeId: string;
  get(): Uint8Array | null;
  set(check: Uint8Array): void;
  /** Private halves that only this master key opens. */
  sealedCount(): number;
}

export interface Store {
  /** The folder that it lives in, absolute. */
  readonly home: string;
  readonly servers: ServerTable;
  /** The caller says the type; the store checks `server` and `scannedAt`. */
  facts<F extends StoredFacts>(): FactsTable<F>;
  readonly pending: PendingTable;
  readonly keys: KeyTable;
  readonly managed: ManagedTable;
  readonly plans: PlanTable;
  readonly runs: RunTable;
  readonly probes: ProbeTable;
  readonly settings: SettingsTable;
  readonly keyCheck: KeyCheckPort;
  /** All that `work` does is one transaction: whole when it returns, nothing of it when it throws. May be nested. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export interface HomeHolder {
  readonly pid: number;
  /** "signet apply" */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** One process of Signet per home. The operating system releases it when the process ends, however it ends. */
export interface HomeLock {
  release(): void;
}

/**
 * The functions of this folder:
 *
 *     homeDirectory(override?: string): string                  home.ts   override, then SIGNET_HOME, then the platform's data folder
 *     lockHome(home: string, options?: LockOptions): Promise<HomeLock>    lock.ts   refuses with `home-in-use`
 *     openStore(home: string): Store                            store.ts  `store-newer`, `store-corrupt`, `store-full`, `store-read-only`
 *     publicKeyFingerprint(publicKey: string): string           fingerprint.ts
 */
export interface LockOptions {
  /** What the holder is called for others: "signet apply". Never with arguments: they are the user's. */
  readonly command?: string;
  /** How long to wait for another process to end. Default 0. */
  readonly waitMs?: number;
}
