/** The transport over ssh2: a pool of connections, one a server, with jump hosts below them. */
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type { HostKey, SecretSource, Session, Transport } from './api.ts';
import { defaultAgentSocket } from './agent.ts';
import { connect, dial, HostKeyRejected, presentedKey } from './connection.ts';
import type { Connection } from './connection.ts';
import { expandHome } from './key-file.ts';
import { mayHaveAnother } from './host-key.ts';
import { checkJumps, unknownJump, viaJump } from './jump.ts';
import type { JumpTarget } from './jump.ts';
import { HostSlot, orAbort } from './host-slot.ts';
import { lookup } from './known-hosts.ts';
import { Limiter } from './limiter.ts';
import { prepareLogin } from './login.ts';
import { openStream, SshSession } from './session.ts';
import type { ServerConfig } from '../../shared/model.ts';
import { SignetError } from '../../shared/problem.ts';

export interface TransportOptions {
  readonly secrets: SecretSource;
  /** Servers by name, for jump hosts. */
  readonly servers: (name: string) => ServerConfig | undefined;
  /** known_hosts files whose `@revoked` lines are honoured. A file that is not there holds none. */
  readonly knownHostsFiles?: readonly string[];
  readonly limits?: {
    /** Hosts that are connected to or run a command at the same time. Default 8. */
    readonly hostsAtATime?: number;
    /** Commands and streams at a time on one host. Default 8: sshd's MaxSessions is 10. */
    readonly channels?: number;
    /** How long a connection without a session is kept. Default 30 s. */
    readonly idleMs?: number;
  };
  /** Path of the agent's socket. Default: as ssh finds it. */
  readonly agentSocket?: string;
}

/** A connection of the pool and who uses it: sessions, and connections that go through it. */
interface Entry {
  readonly config: string;
  readonly connecting: Promise<Connection>;
  readonly abort: AbortController;
  readonly slot: HostSlot;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** What makes a connection another one. */
function identityOf(server: ServerConfig): string {
  const { host, port, user, login, sudo, jump, hostKeys } = server;
  return JSON.stringify([host, port, user, login, sudo, jump, hostKeys]);
}

/** See Transport. Nothing is connected until it is asked for. */
export function createTransport(options: TransportOptions): Transport {
  return new SshTransport(options);
}

class SshTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #hosts: Limiter;
  readonly #pool = new Map<string, Entry>();
  readonly #all = new Set<Entry>();
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#hosts = new Limiter(options.limits?.hostsAtATime ?? 8);
  }

  async open(server: ServerConfig, signal?: AbortSignal): Promise<Session> {
    checkJumps(server, this.#options.servers);
    const { entry, connection, leave } = await this.#use(server, signal);
    return new SshSession(connection, server, this.#options.secrets, entry.slot, leave);
  }

  async hostKey(server: JumpTarget, signal?: AbortSignal): Promise<HostKey> {
    checkJumps(server, this.#options.servers);
    const { stream, leave } = await this.#stream(server, signal);
    try {
      return await presentedKey(server, stream, signal);
    } finally {
      leave();
    }
  }

  close(): void {
    this.#closed = true;
    for (const entry of this.#all) this.#discard(entry);
  }

  /** A live connection from the pool, or a new one. `leave` gives it back. */
  async #use(
    server: ServerConfig,
    signal: AbortSignal | undefined,
  ): Promise<{ entry: Entry; connection: Connection; leave: () => void }> {
    const entry = this.#entry(server);
    clearTimeout(entry.idle);
    entry.users += 1;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      entry.users -= 1;
      if (entry.users === 0) this.#rest(server.name, entry);
    };
    try {
      const connection = await orAbort(entry.connecting, server.name, signal);
      return { entry, connection, leave };
    } catch (error) {
      leave();
      // Nobody waits for it any more: do not finish a log-in that no one wants
      if (entry.users === 0) this.#discard(entry);
      throw error;
    }
  }

  #entry(server: ServerConfig): Entry {
    const config = identityOf(server);
    const present = this.#pool.get(server.name);
    if (present !== undefined && present.config === config) return present;
    if (present !== undefined && present.users === 0) this.#discard(present);
    const abort = new AbortController();
    const slot = new HostSlot(this.#hosts);
    const connecting = this.#connect(server, slot, abort.signal);
    const entry: Entry = { config, connecting, abort, slot, users: 0, idle: undefined };
    this.#pool.set(server.name, entry);
    this.#all.add(entry);
    connecting.then(
      connection => connection.onLost(() => this.#forget(entry)),
      (error: unknown) => {
        this.#forget(entry);
        if (isHostKeyProblem(error)) this.#stop(server.name);
      },
    );
    return entry;
  }

  /** A key that is not the server's ends everything that goes on with that server. */
  #stop(name: string): void {
    for (const entry of this.#all) {
      void entry.connecting.then(
        connection => connection.server === name && this.#discard(entry),
        () => {},
      );
    }
  }

  #rest(name: string, entry: Entry): void {
    if (this.#pool.get(name) !== entry || this.#closed) return this.#discard(entry);
    entry.idle = setTimeout(() => this.#discard(entry), this.#options.limits?.idleMs ?? 30_000);
    entry.idle.unref();
  }

  #forget(entry: Entry): void {
    clearTimeout(entry.idle);
    this.#all.delete(entry);
    for (const [name, each] of this.#pool) if (each === entry) this.#pool.delete(name);
  }

  #discard(entry: Entry): void {
    this.#forget(entry);
    entry.abort.abort();
    entry.connecting.then(
      connection => connection.end(),
      () => {},
    );
  }

  /** Key types are tried one after the other only where a pin does not say its type. */
  async #connect(server: ServerConfig, slot: HostSlot, signal: AbortSignal): Promise<Connection> {
    const revoked = await this.#revoked(server);
    const exclude: string[] = [];
    let first: HostKeyRejected | null = null;
    for (;;) {
      try {
        return await this.#attempt(server, slot, signal, revoked, exclude);
      } catch (error) {
        if (error instanceof HostKeyRejected) {
          first ??= error;
          exclude.push(error.presented.type);
          if (error.verdict === 'other' && mayHaveAnother(server.hostKeys) && exclude.length < 5) continue;
          throw first.refusal;
        }
        if (first !== null && error instanceof SignetError && error.problem.code === 'no-common-algorithm')
          throw first.refusal;
        throw error;
      }
    }
  }

  async #attempt(
    server: ServerConfig,
    slot: HostSlot,
    signal: AbortSignal,
    revoked: ReadonlySet<string>,
    exclude: readonly string[],
  ): Promise<Connection> {
    const { secrets, agentSocket = defaultAgentSocket(), limits } = this.#options;
    const login = await prepareLogin(server, secrets, agentSocket);
    // The jump host first: it takes a place of its own, and two places held at once could wait for each other
    const jump = await this.#jump(server, signal);
    try {
      const done = await slot.enter(server.name, signal);
      try {
        const stream = await this.#dial(server, jump?.connection, signal);
        const channels = limits?.channels ?? 8;
        const connection = await connect({ server, stream, login, revoked, exclude, channels, signal });
        if (jump !== null) connection.onLost(jump.leave);
        return connection;
      } finally {
        done();
      }
    } catch (error) {
      jump?.leave();
      throw error;
    }
  }

  async #jump(
    target: JumpTarget,
    signal: AbortSignal | undefined,
  ): Promise<{ connection: Connection; leave: () => void } | null> {
    if (target.jump === null) return null;
    const server = this.#options.servers(target.jump);
    if (server === undefined) throw unknownJump(target.name, target.jump);
    return this.#use(server, signal);
  }

  async #stream(target: JumpTarget, signal: AbortSignal | undefined): Promise<{ stream: Duplex; leave: () => void }> {
    const jump = await this.#jump(target, signal);
    try {
      const stream = await this.#dial(target, jump?.connection, signal);
      return { stream, leave: () => jump?.leave() };
    } catch (error) {
      jump?.leave();
      throw error;
    }
  }

  async #dial(target: JumpTarget, jump: Connection | undefined, signal: AbortSignal | undefined): Promise<Duplex> {
    if (jump === undefined) return dial(target, signal);
    try {
      return await orAbort(openStream(jump, target), target.name, signal);
    } catch (error) {
      throw viaJump(target, jump.server, error);
    }
  }

  async #revoked(server: ServerConfig): Promise<ReadonlySet<string>> {
    const files = this.#options.knownHostsFiles ?? [];
    const texts = await Promise.all(files.map(file => readFile(expandHome(file), 'latin1').catch(() => '')));
    const keys = texts.flatMap(text => lookup(text, server.host, server.port).revoked);
    return new Set(keys.map(key => key.fingerprint));
  }
}

function isHostKeyProblem(error: unknown): boolean {
  return error instanceof SignetError && ['host-key-changed', 'host-key-revoked'].includes(error.problem.code);
}
