import { randomBytes } from 'node:crypto';
import { SignetError, refused } from '../../shared/problem.ts';
import type { SecretKind, Sealer, Vault, VaultOptions } from './api.ts';
import { secretKinds } from './api.ts';
import type { Items } from './items.ts';
import { fits, makeKeyCheck, readKeyCheck } from './key-check.ts';
import { keychainItems } from './keychain.ts';
import { passphraseItems } from './passphrase.ts';
import { problems, stateOf } from './problems.ts';
import { makeSealer } from './sealed-key.ts';

const masterItem = 'master-key';
const masterLength = 32;

/** Touches neither keychain nor file until a secret is needed. */
export function openVault(options: VaultOptions): Vault {
  const { keyCheck } = options;
  const items: Items =
    options.kind === 'keychain'
      ? keychainItems(keyCheck.homeId)
      : passphraseItems(options.home, options.passphrase ?? null);
  let opened: Promise<Buffer> | null = null;

  const master = (): Promise<Buffer> => {
    opened ??= openMaster(items, options).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  const sealer = async (): Promise<Sealer> => makeSealer(await master());
  const get = (server: string, kind: SecretKind) => items.read(secretItem(server, kind));

  return {
    kind: options.kind,
    status: async () => {
      try {
        await sealer();
        return { state: 'ready', problem: null };
      } catch (error) {
        const state = stateOf(error);
        if (state === null || !(error instanceof SignetError)) throw error;
        return { state, problem: error.problem };
      }
    },
    sealer,
    get,
    set: (server, kind, value) => items.write(secretItem(server, kind), value),
    delete: (server, ...kinds) =>
      items.remove((kinds.length === 0 ? secretKinds : kinds).map(kind => secretItem(server, kind))),
    password: server => get(server, 'password'),
    passphrase: server => get(server, 'passphrase'),
    sudoPassword: server => get(server, 'sudoPassword'),
    renew: async () => {
      try {
        await master();
        return;
      } catch (error) {
        if (!['missing', 'foreign'].includes(stateOf(error) ?? '')) throw error;
      }
      const sealed = keyCheck.sealedCount();
      if (sealed > 0) throw problems.keysSealed(sealed);
      await makeMaster(items, options);
    },
    close: () => {
      void opened?.then(
        key => key.fill(0),
        () => {},
      );
      opened = null;
      items.close();
    },
  };
}

function secretItem(server: string, kind: SecretKind): string {
  return `server/${server}/${kind}`;
}

async function openMaster(items: Items, { keyCheck, kind }: VaultOptions): Promise<Buffer> {
  const row = keyCheck.get();
  const check = row === null ? null : readKeyCheck(row);
  if (check !== null && check.kind !== kind) throw problems.foreignKind(check.kind, kind);
  const stored = await items.read(masterItem);
  if (stored === null) {
    if (check !== null) throw problems.missing(items.place(masterItem));
    return makeMaster(items, { keyCheck, kind });
  }
  const key = Buffer.from(stored, 'base64');
  if (key.length !== masterLength) throw problems.damaged(items.place(masterItem));
  // no row: the process that made the key died before it wrote it
  if (check === null) keyCheck.set(makeKeyCheck(kind, key));
  else if (!fits(check, key)) throw problems.foreignKey(items.place(masterItem));
  return key;
}

/** The key is in its place, and read back, before the store says that there is one. */
async function makeMaster(items: Items, { keyCheck, kind }: Pick<VaultOptions, 'keyCheck' | 'kind'>): Promise<Buffer> {
  const key = randomBytes(masterLength);
  const text = key.toString('base64');
  await items.write(masterItem, text);
  if ((await items.read(masterItem)) !== text) {
    throw refused(
      'vault-unavailable',
      `${items.place(masterItem)} does not keep what is written to it`,
      'Use SIGNET_VAULT=passphrase with SIGNET_PASSPHRASE.',
    );
  }
  keyCheck.set(makeKeyCheck(kind, key));
  return key;
}
