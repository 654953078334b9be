/**
 * Does things with the keychain vault of a home, in a process of its own (see test/tools/keyring.ts): argv is the home and a
 * JSON list of calls; standard output is the JSON list of what each gave, or the code of its problem.
 */
import { z } from 'zod';
import { openStore } from '../../../electron/store/store.ts';
import type { Vault } from '../../../electron/vault/api.ts';
import { openVault } from '../../../electron/vault/vault.ts';
import { SignetError } from '../../../shared/problem.ts';

const binding = { server: 'mx1', domain: 'example.com', selector: 's1' };

const calls = {
  status: async (vault: Vault) => (await vault.status()).state,
  get: (vault: Vault) => vault.password('mx1'),
  set: (vault: Vault) => vault.set('mx1', 'password', 'geheim ✓'),
  delete: (vault: Vault) => vault.delete('mx1'),
  renew: (vault: Vault) => vault.renew(),
  seal: async (vault: Vault) => (await vault.sealer()).seal('PEM', binding).toString('base64'),
  open: async (vault: Vault, sealed: string) => (await vault.sealer()).open(Buffer.from(sealed, 'base64'), binding),
} as const;

const asked = z
  .array(z.object({ call: z.enum(['status', 'get', 'set', 'delete', 'renew', 'seal', 'open']), argument: z.string() }))
  .parse(JSON.parse(process.argv[3] ?? '[]'));

const store = openStore(process.argv[2] ?? '');
const vault = openVault({ kind: 'keychain', home: store.home, keyCheck: store.keyCheck });
const results: unknown[] = [];
for (const { call, argument } of asked) {
  try {
    results.push((await calls[call](vault, argument)) ?? null);
  } catch (error) {
    if (!(error instanceof SignetError)) throw error;
    results.push({ code: error.problem.code, message: error.problem.message, hint: error.problem.hint });
  }
}
vault.close();
store.close();
process.stdout.write(JSON.stringify(results));
