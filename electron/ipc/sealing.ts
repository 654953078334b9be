/** Sealing private keys, also after the master key was lost. */
import { SignetError } from '../../shared/problem.ts';
import type { Sealer } from '../vault/api.ts';
import type { Engine } from './engine.ts';

const lost = new Set(['vault-master-key-missing', 'vault-foreign']);

/** For new keys: where the master key is lost and nothing is sealed under it any more, a new one is made. */
export async function sealerForNewKeys(engine: Engine): Promise<Sealer> {
  try {
    return await engine.vault.sealer();
  } catch (error) {
    const renewable = error instanceof SignetError && lost.has(error.problem.code);
    if (!renewable || engine.store.keys.sealedCount() > 0) throw error;
    await engine.vault.renew();
    return await engine.vault.sealer();
  }
}
