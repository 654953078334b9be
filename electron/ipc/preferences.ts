/** Settings and the vault. */
import type { VaultStatus } from '../../shared/contract.ts';
import { refused } from '../../shared/problem.ts';
import type { Engine, Handlers } from './engine.ts';

async function vaultStatus(engine: Engine): Promise<VaultStatus> {
  const { state, problem } = await engine.vault.status();
  return { kind: engine.vault.kind, state, problem };
}

export const preferenceHandlers: Handlers = {
  'settings.get': engine => engine.store.settings.get(),
  'settings.set': (engine, changes) => {
    const settings = engine.store.settings.put(changes);
    engine.emit({ type: 'changed', what: 'settings' });
    return settings;
  },
  'vault.status': vaultStatus,
  'vault.unlock': async (engine, { passphrase }) => {
    if (engine.vault.kind !== 'passphrase') {
      throw refused(
        'vault-is-keychain',
        'The vault is the keychain of this system: the system unlocks it.',
        'Unlock your keychain (log in to the desktop, or open its password manager) and try again.',
      );
    }
    await engine.unlockVault(passphrase);
    engine.emit({ type: 'changed', what: 'vault' });
    return await vaultStatus(engine);
  },
};
