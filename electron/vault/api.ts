/**
 * Secrets on the laptop: what servers ask for at log-in, and the master key that seals staged private keys. In the
 * keychain of the system, or (for machines without one) in a file under a passphrase.
 *
 * Methods that need the vault reject with a SignetError that says which state it is in:
 *
 * | state            | code                       |
 * |------------------|----------------------------|
 * | locked           | `vault-locked`             |
 * | missing          | `vault-master-key-missing` |
 * | unavailable      | `vault-unavailable`        |
 * | no-passphrase    | `vault-passphrase-needed`  |
 * | wrong-passphrase | `vault-passphrase-wrong`   |
 * | foreign          | `vault-foreign` (the master key there is not the one that sealed this home's keys, or another kind of vault did) |
 * | damaged          | `vault-damaged` (the file or the item is not what Signet wrote) |
 */
import type { Problem } from '../../shared/problem.ts';

export type SecretKind = 'password' | 'passphrase' | 'sudoPassword';
export const secretKinds: readonly SecretKind[] = ['password', 'passphrase', 'sudoPassword'];

export type VaultKind = 'keychain' | 'passphrase';

export type VaultState =
  'ready' | 'locked' | 'missing' | 'unavailable' | 'no-passphrase' | 'wrong-passphrase' | 'foreign' | 'damaged';

/** Where a sealed key belongs. Moved to another place it does not open. */
export interface KeyBinding {
  readonly server: string;
  readonly domain: string;
  readonly selector: string;
}

/** Holds the master key: synchronous, so that it can be used inside a transaction of the store. */
export interface Sealer {
  seal(privateKeyPem: string, binding: KeyBinding): Buffer;
  /** Refuses with `sealed-key-foreign` (another binding, another master key or other bytes), `sealed-key-newer`, `sealed-key-damaged` (no such format). */
  open(sealed: Uint8Array, binding: KeyBinding): string;
}

export interface Vault {
  readonly kind: VaultKind;
  /** Asks for everything that is needed to be `ready`; makes the master key of a new home. Never rejects for a state. */
  status(): Promise<{ readonly state: VaultState; readonly problem: Problem | null }>;
  /** Makes the master key on the first call for a home; never again while the store's key-check row says that there was one. */
  sealer(): Promise<Sealer>;
  /** null: there is none. A locked vault rejects: it never looks like an empty one. */
  get(server: string, kind: SecretKind): Promise<string | null>;
  set(server: string, kind: SecretKind, value: string): Promise<void>;
  /** Without kinds: all of the server. */
  delete(server: string, ...kinds: SecretKind[]): Promise<void>;
  /** The transport's SecretSource. */
  password(server: string): Promise<string | null>;
  passphrase(server: string): Promise<string | null>;
  sudoPassword(server: string): Promise<string | null>;
  /**
   * A new master key after the old one was lost for good (state `missing` or `foreign`). Refuses with `vault-keys-sealed` as
   * long as the store holds keys that only the old one opens: drop those pending changes first.
   */
  renew(): Promise<void>;
  /** Forgets the master key and the passphrase in memory. */
  close(): void;
}

/** The store's KeyCheckPort (electron/store/api.ts), as the vault sees it. */
export interface KeyCheckPort {
  readonly homeId: string;
  get(): Uint8Array | null;
  set(check: Uint8Array): void;
  sealedCount(): number;
}

/**
 * The functions of this folder:
 *
 *     openVault(options: VaultOptions): Vault             vault.ts     touches nothing until it is used
 *     generateKeys(requests, options?): Promise<readonly GeneratedKey[]>   generate.ts
 */
export interface VaultOptions {
  readonly kind: VaultKind;
  /** The folder of the store; the passphrase vault keeps `vault.json` there. */
  readonly home: string;
  readonly keyCheck: KeyCheckPort;
  /** For kind `passphrase`. */
  readonly passphrase?: string | null;
}

export type KeyRequest =
  { readonly algorithm: 'rsa'; readonly bits: 1024 | 2048 | 4096 } | { readonly algorithm: 'ed25519' };

export interface GeneratedKey {
  /** RSA: PKCS#1; Ed25519: PKCS#8. What OpenDKIM, Exim, rspamd and Mail::DKIM all read. */
  readonly privateKeyPem: string;
  /** The `p=` of the key record: see StagedKey. */
  readonly publicKey: string;
  readonly algorithm: 'rsa' | 'ed25519';
  /** Ed25519: 256. */
  readonly bits: number;
}

export interface GenerateOptions {
  /** Called as each key is made, with its index among the requests. */
  readonly onKey?: (index: number, key: GeneratedKey) => void;
  /** Aborting rejects with the signal's reason; no key of the call is kept. */
  readonly signal?: AbortSignal;
}
