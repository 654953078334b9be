/** Logging in: which methods are tried, in which order, and what it means when they fail. */
import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware, Prompt } from 'ssh2';
import type { SecretSource } from './api.ts';
import { openAgent } from './agent.ts';
import { readIdentity } from './key-file.ts';
import type { ServerConfig } from '../../shared/model.ts';
import { failed, SignetError } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /** Why it failed, where that is known better than "refused". */
  readonly problem: () => SignetError | null;
  /** What the server would have accepted, as it said last. */
  readonly offered: () => readonly string[];
}

async function firstMethod(
  server: ServerConfig,
  secrets: SecretSource,
  agentSocket: string | undefined,
): Promise<AnyAuthMethod> {
  const username = server.user;
  switch (server.login.method) {
    case 'agent':
      return { type: 'agent', username, agent: await openAgent(server.name, agentSocket) };
    case 'key': {
      const identity = await readIdentity(server.name, server.login.identity, secrets, agentSocket);
      return 'key' in identity
        ? { type: 'publickey', username, key: identity.key }
        : { type: 'agent', username, agent: identity.agent };
    }
    case 'password':
      // "none" makes the server list its methods: the password is sent at most once, by a method that it takes
      return { type: 'none', username };
  }
}

/** State of one log-in attempt. A password is given once: a second try of the same one only feeds a lock-out. */
class Attempt {
  readonly #server: ServerConfig;
  readonly #secrets: SecretSource;
  readonly #first: AnyAuthMethod;
  #begun = false;
  #passwordGiven = false;
  problem: SignetError | null = null;
  offered: readonly string[] = [];

  constructor(server: ServerConfig, secrets: SecretSource, first: AnyAuthMethod) {
    this.#server = server;
    this.#secrets = secrets;
    this.#first = first;
  }

  async next(left: readonly AuthenticationType[] | null, partial: boolean | null): Promise<AnyAuthMethod | false> {
    if (!this.#begun) {
      this.#begun = true;
      return this.#first;
    }
    // After the keys of an agent ssh2 does not say what the server would accept
    if (left === null) return false;
    this.offered = left;
    const wantsPassword = this.#server.login.method === 'password' || partial === true;
    if (!wantsPassword || this.#passwordGiven) return false;
    const interactive = left.includes('keyboard-interactive');
    if (!left.includes('password') && !interactive) return false;
    const password = await this.#password();
    this.#passwordGiven = true;
    const username = this.#server.user;
    if (left.includes('password')) return { type: 'password', username, password };
    return {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _lang, prompts, finish) => finish(this.#answers(prompts, password)),
    };
  }

  async #password(): Promise<string> {
    const { name } = this.#server;
    const password = await this.#secrets.password(name);
    if (password !== null) return password;
    const hint = 'Store the password with the server.';
    throw failed('password-needed', `${name}: the log-in wants a password, and none is stored`, hint, { server: name });
  }

  #asked = 0;

  /** One hidden question is the password. Anything else (a one-time code, a new password) is beyond us. */
  #answers(prompts: readonly Prompt[], password: string): string[] {
    const [prompt] = prompts;
    this.#asked += 1;
    if (this.#asked === 1 && prompts.length === 1 && prompt !== undefined && prompt.echo !== true) return [password];
    const { name } = this.#server;
    this.problem ??= failed(
      'login-needs-more',
      `${name}: the server asks for more than a password: "${printable(prompts.map(each => each.prompt).join(' '), 100)}"`,
      'Use a key or the agent for this server.',
      { server: name },
    );
    return prompts.map(() => '');
  }
}

/** Reads key or agent first, so that their problems show before anything is sent. */
export async function prepareLogin(
  server: ServerConfig,
  secrets: SecretSource,
  agentSocket: string | undefined,
): Promise<Login> {
  const attempt = new Attempt(server, secrets, await firstMethod(server, secrets, agentSocket));
  return {
    // The types lack `false` (no more methods) and the nulls of the first call
    handler: (left: AuthenticationType[] | null, partial: boolean | null, next) => {
      const proceed = next as (method: AnyAuthMethod | false) => void;
      attempt.next(left, partial).then(proceed, (error: unknown) => {
        attempt.problem ??=
          error instanceof SignetError
            ? error
            : failed(
                'vault-failed',
                `${server.name}: the stored password cannot be read`,
                'Unlock the vault.',
                {
                  server: server.name,
                },
                error,
              );
        proceed(false);
      });
    },
    problem: () => attempt.problem,
    offered: () => attempt.offered,
  };
}
