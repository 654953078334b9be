/** The SSH agent: whether it is there, and an agent that offers one key only (IdentitiesOnly). */
import ssh2, { BaseAgent, createAgent } from 'ssh2';
import type { IdentityCallback, KnownPublicKeys, ParsedKey, SignCallback, SigningRequestOptions } from 'ssh2';
import { failed } from '../../shared/problem.ts';
import type { SignetError } from '../../shared/problem.ts';

type AgentKey = string | Buffer | ParsedKey;

/** Where ssh itself would look: SSH_AUTH_SOCK, on Windows also the pipe of the OpenSSH agent; undefined: nowhere. */
export function defaultAgentSocket(): string | undefined {
  const socket = process.env['SSH_AUTH_SOCK'];
  if (socket !== undefined && socket !== '') return socket;
  return process.platform === 'win32' ? String.raw`\\.\pipe\openssh-ssh-agent` : undefined;
}

function blobOf(key: KnownPublicKeys[number]): Buffer | null {
  if (Buffer.isBuffer(key)) return key;
  if (typeof key === 'object') {
    if ('getPublicSSH' in key) return key.getPublicSSH();
    return 'getPublicSSH' in key.pubKey ? key.pubKey.getPublicSSH() : blobOf(key.pubKey.pubKey);
  }
  const parsed = ssh2.utils.parseKey(key);
  return parsed instanceof Error ? null : parsed.getPublicSSH();
}

/** Too many keys in an agent end in "Too many authentication failures" before the right one was tried. */
class OneKeyAgent extends BaseAgent<AgentKey> {
  readonly #agent: BaseAgent;
  readonly #blob: Buffer;

  constructor(agent: BaseAgent, blob: Buffer) {
    super();
    this.#agent = agent;
    this.#blob = blob;
  }

  override getIdentities(callback: IdentityCallback<AgentKey>): void {
    this.#agent.getIdentities((error, keys) => {
      callback(
        error,
        keys?.filter(key => blobOf(key)?.equals(this.#blob)),
      );
    });
  }

  override sign(
    key: AgentKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, callback);
  }
}

function identities(agent: BaseAgent): Promise<KnownPublicKeys> {
  return new Promise((resolve, reject) => {
    agent.getIdentities((error, keys) => {
      if (error) reject(error);
      else resolve(keys ?? []);
    });
  });
}

function agentUnavailable(server: string, reason: string, cause?: unknown): SignetError {
  return failed(
    'agent-unavailable',
    `${server}: the SSH agent cannot be used: ${reason}`,
    'Start it (eval "$(ssh-agent)"), add the key (ssh-add), or give the server a key file.',
    { server },
    cause,
  );
}

/** An agent that answers and holds a key; rejects with `agent-unavailable` or `agent-empty`. */
export async function openAgent(server: string, socket: string | undefined): Promise<BaseAgent> {
  if (socket === undefined) throw agentUnavailable(server, 'SSH_AUTH_SOCK is not set');
  const agent = createAgent(socket);
  const keys = await identities(agent).catch((error: unknown) => {
    throw agentUnavailable(server, `nothing answers at ${socket}`, error);
  });
  if (keys.length > 0) return agent;
  throw failed('agent-empty', `${server}: the SSH agent holds no key`, 'Add the key with ssh-add.', { server });
}

/** An agent reduced to one public key; null: there is no agent, or it does not hold that key. */
export async function agentWithKey(socket: string | undefined, publicKey: Buffer): Promise<BaseAgent | null> {
  if (socket === undefined) return null;
  const agent = new OneKeyAgent(createAgent(socket), publicKey);
  const keys = await identities(agent).catch(() => []);
  return keys.length > 0 ? agent : null;
}
