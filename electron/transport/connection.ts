/** One SSH connection: the host key is judged, the log-in done, and its end is noticed. */
import { connect as tcpConnect } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client } from 'ssh2';
import type { HostKey } from './api.ts';
import { connectionLost, handshakeFailure, unreachable } from './failures.ts';
import type { Address } from './failures.ts';
import { fingerprint, keyType } from './fingerprint.ts';
import { hostKeyAlgorithms, hostKeyRefusal, judge } from './host-key.ts';
import type { Verdict } from './host-key.ts';
import { cancelled, Limiter } from './limiter.ts';
import type { Login } from './login.ts';
import type { ServerConfig } from '../../shared/model.ts';
import { failed, SignetError } from '../../shared/problem.ts';

const connectTimeoutMs = 15_000;
const handshakeTimeoutMs = 30_000;
const keepaliveIntervalMs = 15_000;
const keepaliveCountMax = 3;

/** A TCP connection to the server; rejects with `host-unreachable` or `cancelled`. */
export function dial(address: Address, signal?: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled(address.name));
    const socket = tcpConnect({ host: address.host, port: address.port, keepAlive: true, noDelay: true });
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const fail = (error: unknown): void => {
      end();
      socket.destroy();
      reject(error instanceof SignetError ? error : unreachable(address, error));
    };
    const abort = (): void => fail(cancelled(address.name));
    const timer = setTimeout(() => fail(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), connectTimeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      end();
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** Which key was presented, and what was thought of it. */
interface Presented {
  readonly key: HostKey;
  readonly verdict: Verdict;
}

export class HostKeyRejected extends Error {
  readonly presented: HostKey;
  readonly verdict: Exclude<Verdict, 'accepted'>;
  readonly refusal: SignetError;
  constructor(presented: HostKey, verdict: Exclude<Verdict, 'accepted'>, refusal: SignetError) {
    super(refusal.message);
    this.presented = presented;
    this.verdict = verdict;
    this.refusal = refusal;
  }
}

export class Connection {
  readonly server: string;
  readonly client: Client;
  readonly channels: Limiter;
  #lost: SignetError | null = null;
  readonly #watchers = new Set<(error: SignetError) => void>();

  constructor(server: string, client: Client, channels: number) {
    this.server = server;
    this.client = client;
    this.channels = new Limiter(channels);
    let reason: unknown;
    client.on('error', error => {
      reason ??= error;
    });
    client.on('close', () => this.#end(reason));
  }

  /** Why it ended; null: it lives. */
  get lost(): SignetError | null {
    return this.#lost;
  }

  /** Calls back at once if the connection has ended already. Returns how to stop watching. */
  onLost(watcher: (error: SignetError) => void): () => void {
    if (this.#lost !== null) watcher(this.#lost);
    else this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  end(): void {
    this.client.end();
    // A peer that is gone answers no goodbye
    setTimeout(() => this.client.destroy(), 1000).unref();
  }

  #end(reason: unknown): void {
    if (this.#lost !== null) return;
    this.#lost = connectionLost(this.server, 'while it was in use', reason);
    for (const watcher of this.#watchers) watcher(this.#lost);
    this.#watchers.clear();
  }
}

export interface ConnectOptions {
  readonly server: ServerConfig;
  readonly stream: Duplex;
  readonly login: Login;
  readonly revoked: ReadonlySet<string>;
  /** Host key types that were presented before and did not match. */
  readonly exclude: readonly string[];
  readonly channels: number;
  readonly signal?: AbortSignal | undefined;
}

function passwordExpired({ name, user }: ServerConfig): SignetError {
  const hint = 'Change it with ssh on a terminal, then store the new one.';
  return failed('password-expired', `${name}: the password of ${user} has expired`, hint, { server: name });
}

/** Speaks SSH on a stream and logs in. Rejects with a SignetError, or with HostKeyRejected (nothing was sent then). */
export function connect(options: ConnectOptions): Promise<Connection> {
  const { server, stream, login, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled(server.name));
    const client = new Client();
    let presented: Presented | null = null;
    let failure: unknown = null;
    const done = (): void => signal?.removeEventListener('abort', abort);
    const fail = (error: Error): void => {
      done();
      client.destroy();
      stream.destroy();
      reject(error);
    };
    const abort = (): void => fail(cancelled(server.name));
    const explain = (error: unknown): Error => {
      if (presented !== null && presented.verdict !== 'accepted') {
        const refusal = hostKeyRefusal(presented.verdict, server.name, presented.key, server.hostKeys);
        return new HostKeyRejected(presented.key, presented.verdict, refusal);
      }
      const known = login.problem();
      if (known !== null) return known;
      return error === null
        ? connectionLost(server.name, 'during the log-in')
        : handshakeFailure(server, error, login.offered());
    };
    signal?.addEventListener('abort', abort, { once: true });
    // ssh2 goes on after an error of one agent key: what counts is how it ends
    client.on('error', error => {
      failure ??= error;
      if (!('level' in error) || error.level !== 'agent') fail(explain(error));
    });
    client.once('close', () => fail(explain(failure)));
    client.once('change password', () => fail(passwordExpired(server)));
    client.once('ready', () => {
      done();
      client.removeAllListeners('close');
      client.removeAllListeners('error');
      resolve(new Connection(server.name, client, options.channels));
    });
    client.connect({
      sock: stream,
      username: server.user,
      authHandler: login.handler,
      hostVerifier: (blob: Buffer) => {
        const key = { type: keyType(blob) ?? 'unknown', fingerprint: fingerprint(blob) };
        presented = { key, verdict: judge(key, server.hostKeys, options.revoked) };
        return presented.verdict === 'accepted';
      },
      algorithms: { serverHostKey: [...hostKeyAlgorithms(server.hostKeys, options.exclude)] as never },
      readyTimeout: handshakeTimeoutMs,
      keepaliveInterval: keepaliveIntervalMs,
      keepaliveCountMax,
      // Other servers may know OpenSSH's stream forwarding too: let them say so themselves
      strictVendor: false,
    });
  });
}

/** The key that the server presents; the connection ends before anything of us but a key exchange was sent. */
export function presentedKey(address: Address, stream: Duplex, signal?: AbortSignal): Promise<HostKey> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    let key: HostKey | null = null;
    const finish = (error: unknown): void => {
      signal?.removeEventListener('abort', abort);
      client.destroy();
      stream.destroy();
      if (key !== null) resolve(key);
      else reject(error instanceof SignetError ? error : handshakeFailure({ ...anonymous, ...address }, error, []));
    };
    const abort = (): void => finish(cancelled(address.name));
    signal?.addEventListener('abort', abort, { once: true });
    client.on('error', finish);
    client.once('close', () => finish(new Error('Connection lost before handshake')));
    client.connect({
      sock: stream,
      username: 'nobody',
      hostVerifier: (blob: Buffer) => {
        key = { type: keyType(blob) ?? 'unknown', fingerprint: fingerprint(blob) };
        return false;
      },
      algorithms: { serverHostKey: [...hostKeyAlgorithms([])] as never },
      readyTimeout: handshakeTimeoutMs,
    });
  });
}

const anonymous: Omit<ServerConfig, 'name' | 'host' | 'port'> = {
  user: 'nobody',
  login: { method: 'agent' },
  sudo: 'none',
  jump: null,
  hostKeys: [],
  givenDomains: [],
};
