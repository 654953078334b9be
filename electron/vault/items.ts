/**
 * Where secrets lie: named texts in the keychain or in the passphrase file. `read` gives null only when it is certain that
 * there is no such item; a place that is locked, out of reach or damaged rejects with the problem of its state.
 */
import type { VaultKind } from './api.ts';

export interface Items {
  readonly kind: VaultKind;
  /** For messages: 'the keychain (service "Signet", account "...")'. */
  place(name: string): string;
  read(name: string): Promise<string | null>;
  write(name: string, value: string): Promise<void>;
  remove(names: readonly string[]): Promise<void>;
  close(): void;
}
