/** Wires the engine. Hosts get a Client, and nothing of what is behind it. */
import type { Client, EngineEvent, Input, Operation, Result } from '../shared/contract.ts';
import { usage } from '../shared/problem.ts';
import { registry } from './drivers/registry.ts';
import type { Engine } from './ipc/engine.ts';
import { factsCache } from './ipc/engine.ts';
import { call } from './ipc/router.ts';
import { homeDirectory } from './store/home.ts';
import { lockHome } from './store/lock.ts';
import { openStore } from './store/store.ts';
import { createTransport } from './transport/ssh.ts';
import type { Vault, VaultKind } from './vault/api.ts';
import { openVault } from './vault/vault.ts';

export interface EngineOptions {
  /** Default: SIGNET_HOME, then the platform's application-data folder. */
  readonly home?: string | undefined;
  /** What the process is called for others that find the home in use: "signet apply". */
  readonly command: string;
  /** How long to wait for another process of this home. Default 3 s: two commands in a row never collide. */
  readonly waitMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

export interface RunningEngine extends Client {
  readonly home: string;
  close(): Promise<void>;
}

function vaultKind(env: NodeJS.ProcessEnv): VaultKind {
  const wish = env['SIGNET_VAULT'] ?? 'keychain';
  if (wish === 'keychain' || wish === 'passphrase') return wish;
  throw usage(
    'vault-unknown',
    'SIGNET_VAULT is neither "keychain" nor "passphrase".',
    'Leave it out for the keychain.',
  );
}

/** One process of Signet per home: refuses with `home-in-use`. */
export async function startEngine(options: EngineOptions): Promise<RunningEngine> {
  const env = options.env ?? process.env;
  const kind = vaultKind(env);
  const home = homeDirectory(options.home, env);
  const lock = await lockHome(home, { command: options.command, waitMs: options.waitMs ?? 3000 });
  try {
    const store = openStore(home);
    const open = (passphrase: string | null) => openVault({ kind, home, keyCheck: store.keyCheck, passphrase });
    let vault: Vault = open(env['SIGNET_PASSPHRASE'] ?? null);
    const listeners = new Set<(event: EngineEvent) => void>();
    const transport = createTransport({
      secrets: {
        password: server => vault.password(server),
        passphrase: server => vault.passphrase(server),
        sudoPassword: server => vault.sudoPassword(server),
      },
      servers: name => store.servers.get(name) ?? undefined,
      knownHostsFiles: ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'],
      limits: { hostsAtATime: store.settings.get().parallelism },
    });
    const engine: Engine = {
      store,
      get vault() {
        return vault;
      },
      unlockVault: async passphrase => {
        const next = open(passphrase);
        await next.sealer();
        vault.close();
        vault = next;
      },
      transport,
      drivers: registry,
      now: () => new Date(),
      emit: event => {
        for (const listener of listeners) listener(event);
      },
      facts: factsCache(store),
      attempts: new Map(),
      underWay: new Map(),
    };
    return {
      home,
      call: <O extends Operation>(
        operation: O,
        input: Input<O>,
        { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
      ): Promise<Result<O>> => call(engine, operation, input, { signal }),
      subscribe: listener => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: async () => {
        transport.close();
        vault.close();
        store.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
