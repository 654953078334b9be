/** The states of a vault as problems. Codes are promised in api.ts. */
import { SignetError, failed, refused } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { VaultKind, VaultState } from './api.ts';

const states: ReadonlyMap<string, VaultState> = new Map([
  ['vault-locked', 'locked'],
  ['vault-master-key-missing', 'missing'],
  ['vault-unavailable', 'unavailable'],
  ['vault-passphrase-needed', 'no-passphrase'],
  ['vault-passphrase-wrong', 'wrong-passphrase'],
  ['vault-foreign', 'foreign'],
  ['vault-damaged', 'damaged'],
]);

/** The state that an error of this folder speaks of; null: of none. */
export function stateOf(error: unknown): VaultState | null {
  return error instanceof SignetError ? (states.get(error.problem.code) ?? null) : null;
}

/** The text of an error of the keychain or the file system: short, and safe to show. */
function textOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}

const noKeychain = 'On a machine without a keychain use SIGNET_VAULT=passphrase with SIGNET_PASSPHRASE.';

export const problems = {
  locked: (cause?: unknown) =>
    refused(
      'vault-locked',
      `the keychain is locked${cause === undefined ? '' : `: ${textOf(cause)}`}`,
      `Unlock it (log in to the desktop, or answer its dialog) and do it again. ${noKeychain}`,
    ),
  unavailable: (cause: unknown) =>
    refused(
      'vault-unavailable',
      `there is no keychain to reach: ${textOf(cause)}`,
      `Start Signet in a desktop session with a keychain (Linux: a Secret Service such as gnome-keyring, and libsecret). ${noKeychain}`,
    ),
  missing: (where: string) =>
    refused(
      'vault-master-key-missing',
      `the master key of this home is gone: ${where} does not hold it, and keys were sealed with it`,
      'Bring it back from a backup. If it is lost for good: drop the pending changes (signet pending drop --all); Signet then makes a new master key.',
    ),
  foreignKey: (where: string) =>
    refused(
      'vault-foreign',
      `the master key in ${where} is not the one that sealed the keys of this home`,
      'Bring the right one back from a backup. If it is lost for good: drop the pending changes (signet pending drop --all); Signet then makes a new master key.',
    ),
  foreignKind: (used: VaultKind, asked: VaultKind) =>
    refused(
      'vault-foreign',
      `the keys of this home are sealed with a master key in the ${used} vault, and the ${asked} vault was asked for`,
      `Set SIGNET_VAULT=${used}, or use another folder with --home. To change the vault, drop the pending changes first.`,
    ),
  passphraseNeeded: () =>
    refused('vault-passphrase-needed', 'the vault needs its passphrase', 'Give it in the variable SIGNET_PASSPHRASE.'),
  passphraseWrong: (file: string) =>
    refused(
      'vault-passphrase-wrong',
      `the passphrase does not open ${file}`,
      'Give the one that this vault was made with, in the variable SIGNET_PASSPHRASE.',
      { file },
    ),
  damaged: (what: string, cause?: unknown) =>
    failed(
      'vault-damaged',
      `${what} is not what Signet wrote`,
      'Bring it back from a backup. Nothing was overwritten.',
      {},
      cause,
    ),
  keysSealed: (count: number) =>
    refused(
      'vault-keys-sealed',
      `${count} key${count === 1 ? ' is' : 's are'} sealed with the master key of this home`,
      'Drop the pending changes first: signet pending drop --all.',
    ),
  notWritten: (file: string, cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const kind =
      code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : code === 'EROFS' || code === 'EACCES' ? 'read-only' : 'failed';
    return failed(
      `vault-write-${kind}`,
      `${file} could not be written: ${textOf(cause)}`,
      'The vault is as it was. Make room or give yourself the right to write there, and do it again.',
      { file },
      cause,
    );
  },
} as const;
