/** A handle on a pooled connection: see Session. Several handles may share one connection. */
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { ConnectTarget, RunOptions, RunResult, SecretSource, Session } from './api.ts';
import type { Connection } from './connection.ts';
import { orAbort } from './host-slot.ts';
import type { HostSlot } from './host-slot.ts';
import { openRelay } from './relay.ts';
import { runScript } from './run.ts';
import type { ServerConfig } from '../../shared/model.ts';
import { failed, usage } from '../../shared/problem.ts';
import type { SignetError } from '../../shared/problem.ts';
import { isShellText } from '../../shared/shell.ts';
import { printable } from '../../shared/text.ts';

/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1). */
const prohibited = 1;

function describe(target: ConnectTarget): string {
  return 'path' in target ? target.path : `${target.host} port ${target.port}`;
}

function reasonNumber(error: Error): number | undefined {
  return 'reason' in error && typeof error.reason === 'number' ? error.reason : undefined;
}

/** The server did not open the stream: because it must not, or because nothing answers there. */
function streamRefused(server: string, target: ConnectTarget, error: Error): SignetError {
  const what = printable(describe(target));
  if (reasonNumber(error) === prohibited)
    return failed(
      'forward-refused',
      `${server}: sshd does not allow a connection to ${what}`,
      'Allow it with AllowTcpForwarding, AllowStreamLocalForwarding and PermitOpen in sshd_config.',
      { server },
      error,
    );
  return failed(
    'connect-failed',
    `${server}: nothing answers at ${what} as seen from the server: ${printable(error.message, 100)}`,
    'path' in target
      ? 'Is the service running, and is this its socket?'
      : 'Is the service running and listening there?',
    { server },
    error,
  );
}

function open(connection: Connection, target: ConnectTarget): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const opened = (error: Error | undefined, channel: ClientChannel): void => {
      if (error) reject(connection.lost ?? streamRefused(connection.server, target, error));
      else resolve(channel);
    };
    if ('path' in target) connection.client.openssh_forwardOutStreamLocal(target.path, opened);
    else connection.client.forwardOut('127.0.0.1', 0, target.host, target.port, opened);
  });
}

/**
 * A stream through the server, counted by no limit: a jump host carries one for each server behind it, and sshd does not
 * count them among its sessions.
 */
export async function openStream(connection: Connection, target: ConnectTarget): Promise<Duplex> {
  if (connection.lost !== null) throw connection.lost;
  return open(connection, target);
}

export class SshSession implements Session {
  readonly server: string;
  roundTrips = 0;
  readonly #connection: Connection;
  readonly #config: ServerConfig;
  readonly #secrets: SecretSource;
  readonly #slot: HostSlot;
  readonly #closed: () => void;
  #open = true;

  constructor(connection: Connection, config: ServerConfig, secrets: SecretSource, slot: HostSlot, closed: () => void) {
    this.server = config.name;
    this.#connection = connection;
    this.#config = config;
    this.#secrets = secrets;
    this.#slot = slot;
    this.#closed = closed;
  }

  async run(script: string, options: RunOptions = {}): Promise<RunResult> {
    this.#check();
    if (!isShellText(script))
      throw usage(
        'script-not-bytes',
        `${this.server}: a script holds a NUL or a character that is no byte`,
        'This is a defect: please report it.',
      );
    const leave = await this.#slot.enter(this.server, options.signal);
    try {
      this.roundTrips += 1;
      return await runScript({
        connection: this.#connection,
        server: this.#config,
        secrets: this.#secrets,
        script,
        options,
      });
    } finally {
      leave();
    }
  }

  async connect(target: ConnectTarget, signal?: AbortSignal): Promise<Duplex> {
    this.#check();
    if ('path' in target && this.#config.sudo !== 'none') {
      this.roundTrips += 1;
      const { path } = target;
      return await openRelay({
        connection: this.#connection,
        server: this.#config,
        secrets: this.#secrets,
        path,
        signal,
      });
    }
    const release = await this.#connection.channels.acquire(this.server, signal);
    try {
      this.roundTrips += 1;
      const opening = open(this.#connection, target);
      const channel = await orAbort(opening, this.server, signal).catch((error: unknown) => {
        // It may still open, for nobody
        opening.then(
          late => late.close(),
          () => {},
        );
        throw error;
      });
      const unwatch = this.#connection.onLost(release);
      channel.once('close', () => {
        unwatch();
        release();
      });
      return channel;
    } catch (error) {
      release();
      throw error;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closed();
  }

  #check(): void {
    if (this.#connection.lost !== null) throw this.#connection.lost;
    if (this.#open) return;
    throw usage('session-closed', `${this.server}: the session is closed`, 'This is a defect: please report it.');
  }
}
