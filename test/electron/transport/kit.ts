/** What the transport's tests share: servers to connect to, and an error as its code. */
import type { SecretSource } from '../../../electron/transport/api.ts';
import type { LoginMethod, PinnedHostKey, ServerConfig, SudoMethod } from '../../../shared/model.ts';
import { SignetError } from '../../../shared/problem.ts';
import type { Problem } from '../../../shared/problem.ts';

export interface Secrets {
  readonly password?: string;
  readonly passphrase?: string;
  readonly sudoPassword?: string;
}

export function secretsOf({ password, passphrase, sudoPassword }: Secrets = {}): SecretSource {
  return {
    password: async () => password ?? null,
    passphrase: async () => passphrase ?? null,
    sudoPassword: async () => sudoPassword ?? null,
  };
}

interface Changes {
  readonly name?: string;
  readonly host?: string;
  readonly user?: string;
  readonly login?: LoginMethod;
  readonly sudo?: SudoMethod;
  readonly jump?: string | null;
  readonly hostKeys?: readonly PinnedHostKey[];
}

export function serverAt(
  fake: { readonly port: number; readonly hostKeys: readonly PinnedHostKey[] },
  changes: Changes = {},
): ServerConfig {
  return {
    name: 'alpha',
    host: '127.0.0.1',
    port: fake.port,
    user: 'root',
    login: { method: 'password' },
    sudo: 'none',
    jump: null,
    hostKeys: fake.hostKeys,
    givenDomains: [],
    ...changes,
  };
}

/** The problem with which a promise rejects; fails the test when it resolves, or rejects with anything else. */
export async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const outcome = await promise.then(
    value => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof SignetError) return outcome.error.problem;
  throw new Error('expected a SignetError', { cause: 'error' in outcome ? outcome.error : outcome.value });
}
