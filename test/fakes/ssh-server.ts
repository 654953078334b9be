/**
 * A real SSH server (ssh2's) on loopback, in this process, that hands commands to a real login shell. What it does wrong,
 * it does because a test asks for it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type {
  Connection,
  KeyboardAuthContext,
  PasswordAuthContext,
  Prompt,
  PublicKeyAuthContext,
  ServerChannel,
  Session,
} from 'ssh2';
import { fingerprint, keyType } from '../../electron/transport/fingerprint.ts';
import type { PinnedHostKey } from '../../shared/model.ts';

export interface FakeServerOptions {
  /** Private host keys in OpenSSH format; default: one new Ed25519 key. */
  readonly hostKeys?: readonly string[];
  readonly banner?: string;
  readonly password?: string;
  /** Public keys that may log in, as blobs. */
  readonly publicKeys?: readonly Buffer[];
  /** Asks by keyboard-interactive instead of "password"; the answers must be these. */
  readonly interactive?: { readonly prompts: readonly Prompt[]; readonly answers: readonly string[] };
  /** After a public key the password is wanted too. */
  readonly both?: boolean;
  /** What the login shell runs before the command: a profile, an rc file. */
  readonly profile?: string;
  readonly loginShell?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly maxSessions?: number;
  readonly forwarding?: boolean;
  /** Takes the place of the login shell. `connection` can be cut with destroy(). */
  readonly exec?: (channel: ServerChannel, command: string, socket: Socket) => void;
}

export interface FakeServer {
  readonly port: number;
  readonly hostKeys: readonly PinnedHostKey[];
  /** Commands as they were sent, in order. */
  readonly commands: readonly string[];
  /** Passwords that were tried, in order. */
  readonly passwords: readonly string[];
  readonly connections: number;
  readonly mostSessions: number;
  /** Cuts all connections without a goodbye. */
  cut(): void;
  close(): Promise<void>;
}

export function newHostKey(type: 'ed25519' | 'rsa' | 'ecdsa' = 'ed25519'): string {
  if (type === 'rsa') return ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }).private;
  if (type === 'ecdsa') return ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).private;
  // of 256 Ed25519 keys that it makes, ssh2 writes one so that it cannot read it again
  for (;;) {
    const { private: key } = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
}

export function pinOf(privateKey: string): PinnedHostKey {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  const blob = parsed.getPublicSSH();
  return { fingerprint: fingerprint(blob), type: keyType(blob) };
}

class FakeSshServer implements FakeServer {
  readonly commands: string[] = [];
  readonly passwords: string[] = [];
  readonly hostKeys: readonly PinnedHostKey[];
  connections = 0;
  mostSessions = 0;
  readonly #options: FakeServerOptions;
  readonly #sockets = new Set<Socket>();
  readonly #listener: NetServer;
  #sessions = 0;

  constructor(options: FakeServerOptions) {
    this.#options = options;
    const keys = options.hostKeys ?? [newHostKey()];
    this.hostKeys = keys.map(pinOf);
    const banner = options.banner === undefined ? {} : { banner: options.banner };
    const server = new ssh2.Server({ hostKeys: [...keys], ...banner }, (connection, { port }) => {
      const socket = [...this.#sockets].find(each => each.remotePort === port);
      if (socket !== undefined) this.#serve(connection, socket);
    });
    this.#listener = createServer(socket => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
      server.injectSocket(socket);
    });
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  async listen(): Promise<this> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    return this;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #serve(connection: Connection, socket: Socket): void {
    connection.on('error', () => {});
    let keyAccepted = false;
    connection.on('authentication', context => {
      if (context.method === 'password') this.#password(context, keyAccepted);
      else if (context.method === 'publickey') keyAccepted = this.#publicKey(context) || keyAccepted;
      else if (context.method === 'keyboard-interactive') this.#interactive(context);
      else context.reject(this.#methods());
    });
    connection.on('session', (accept, reject) => {
      if (this.#sessions >= (this.#options.maxSessions ?? 10)) return reject();
      this.#session(accept(), socket);
    });
    connection.on('tcpip', (accept, reject, info) => {
      if (this.#options.forwarding !== true) return reject();
      const target = connect(info.destPort, info.destIP);
      target.once('error', () => reject());
      target.once('connect', () => {
        const channel = accept();
        channel.pipe(target).pipe(channel);
        channel.on('close', () => target.destroy());
        target.on('error', () => channel.close());
      });
    });
  }

  #methods(): ('password' | 'publickey' | 'keyboard-interactive')[] {
    if (this.#options.interactive !== undefined) return ['keyboard-interactive'];
    if (this.#options.password !== undefined && this.#options.both !== true) return ['publickey', 'password'];
    return ['publickey'];
  }

  #password(context: PasswordAuthContext, keyAccepted: boolean): void {
    this.passwords.push(context.password);
    const allowed = context.password === this.#options.password && (this.#options.both !== true || keyAccepted);
    if (allowed) context.accept();
    else context.reject(this.#methods());
  }

  /** Whether the key has been proven. Without a signature the client only asks whether it would do. */
  #publicKey(context: PublicKeyAuthContext): boolean {
    const { data } = context.key;
    const known = (this.#options.publicKeys ?? []).some(key => key.equals(data));
    const { signature, blob } = context;
    if (!known || signature === undefined || blob === undefined) {
      if (known) context.accept();
      else context.reject(this.#methods());
      return false;
    }
    const parsed = ssh2.utils.parseKey(data);
    const hash = 'hashAlgo' in context && typeof context.hashAlgo === 'string' ? context.hashAlgo : undefined;
    const proven = !(parsed instanceof Error) && parsed.verify(blob, signature, hash);
    if (!proven) context.reject(this.#methods());
    else if (this.#options.both === true) context.reject(['password'], true);
    else context.accept();
    return proven;
  }

  #interactive(context: KeyboardAuthContext): void {
    const { interactive } = this.#options;
    if (interactive === undefined) return context.reject(this.#methods());
    context.prompt([...interactive.prompts], answers => {
      const given = Array.isArray(answers) ? answers : [];
      this.passwords.push(...given);
      if (given.join('\n') === interactive.answers.join('\n')) context.accept();
      else context.reject(['keyboard-interactive']);
    });
  }

  #session(session: Session, socket: Socket): void {
    this.#sessions += 1;
    this.mostSessions = Math.max(this.mostSessions, this.#sessions);
    session.on('close', () => {
      this.#sessions -= 1;
    });
    session.on('exec', (accept, _reject, info) => {
      this.commands.push(info.command);
      const channel = accept();
      channel.on('error', () => {});
      if (this.#options.exec !== undefined) this.#options.exec(channel, info.command, socket);
      else this.#shell(channel, info.command);
    });
  }

  /** As sshd does it: the login shell with -c and the command. */
  #shell(channel: ServerChannel, command: string): void {
    const [shell = '/bin/sh', ...args] = this.#options.loginShell ?? ['/bin/sh'];
    const { profile } = this.#options;
    const child = spawn(shell, [...args, '-c', profile === undefined ? command : `${profile}\n${command}`], {
      env: { PATH: '/usr/bin:/bin', HOME: '/tmp', ...this.#options.environment },
    });
    channel.on('close', () => child.kill('SIGHUP'));
    child.stdin.on('error', () => {});
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    // ssh2's server loses what is written to stderr while stdout waits for the window: it goes in its turn
    child.stderr.on('data', (data: Buffer) => {
      channel.write('', () => channel.stderr.write(data));
    });
    // As sshd does: the exit status as soon as the shell is gone, the end when nothing holds its streams any more
    child.on('exit', (code, signal) => {
      if (code === null) channel.exit(String(signal).replace('SIG', ''));
      else channel.exit(code);
    });
    child.on('close', () => channel.write('', () => channel.end()));
  }
}

export async function startFakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  return new FakeSshServer(options).listen();
}
