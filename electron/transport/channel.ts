/** Opening a channel for a command: within the limits of the server, of time, and of patience. */
import type { ClientChannel } from 'ssh2';
import type { RunOptions, SecretSource } from './api.ts';
import type { Connection } from './connection.ts';
import { connectionLost } from './failures.ts';
import { cancelled } from './limiter.ts';
import type { ServerConfig } from '../../shared/model.ts';
import { failed, SignetError } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

export const defaultTimeoutMs = 60_000;

/** One script to be run. */
export interface Run {
  readonly connection: Connection;
  readonly server: ServerConfig;
  readonly secrets: SecretSource;
  readonly script: string;
  readonly options: RunOptions;
}

/** Where a channel is opened, and what ends the waiting for it. */
type Place = Pick<Run, 'connection' | 'server'> & { readonly options: Pick<RunOptions, 'signal' | 'timeoutMs'> };

export function timedOut(server: string, limit: number): SignetError {
  return failed(
    'command-timeout',
    `${server}: nothing was heard of a command for ${Math.round(limit / 1000)} s`,
    'The server is overloaded or a program hangs. What was running may still go on.',
    { server },
  );
}

/**
 * Opens the channel. `begin` is called in the same turn in which it opens: a command that ends at once says so in the same
 * packet, and who listens later hears nothing. A channel that opens after we gave up is closed.
 */
function openChannel(place: Place, command: string, begin: (channel: ClientChannel) => void): Promise<void> {
  const { connection, server, options } = place;
  return new Promise((resolve, reject) => {
    let waiting = true;
    const end = (): void => {
      waiting = false;
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    const giveUp = (error: SignetError): void => {
      end();
      reject(error);
    };
    const abort = (): void => giveUp(cancelled(server.name));
    const limit = options.timeoutMs ?? defaultTimeoutMs;
    const timer = setTimeout(() => giveUp(timedOut(server.name, limit)), limit);
    options.signal?.addEventListener('abort', abort, { once: true });
    connection.client.exec(command, (error, channel) => {
      if (!waiting) return error ? undefined : channel.close();
      end();
      if (error) return reject(error);
      begin(channel);
      resolve();
    });
  });
}

/** A server that allows fewer channels than we hold is asked again when one of ours has ended. */
export async function openWithin(
  place: Place,
  command: string,
  begin: (channel: ClientChannel) => void,
): Promise<void> {
  const { connection, server, options } = place;
  for (;;) {
    const release = await connection.channels.acquire(server.name, options.signal);
    try {
      if (connection.lost !== null) throw connection.lost;
      return await openChannel(place, command, channel => {
        // The place is free when the channel is closed, not when the answer is known
        const unwatch = connection.onLost(release);
        channel.once('close', () => {
          unwatch();
          release();
        });
        begin(channel);
      });
    } catch (error) {
      const others = connection.channels.held - 1;
      release();
      if (error instanceof SignetError) throw error;
      if (connection.lost !== null) throw connection.lost;
      if (isGone(error)) throw connectionLost(server.name, 'before a command began', error);
      if (others < 1) throw channelRefused(server.name, error);
      connection.channels.lowerTo(others);
    }
  }
}

function channelRefused(server: string, error: unknown): SignetError {
  const said = printable(error instanceof Error ? error.message : String(error), 100);
  const hint = 'Check MaxSessions and ForceCommand of sshd, and restrictions of the key (authorized_keys).';
  return failed('command-refused', `${server}: sshd does not let us run commands: ${said}`, hint, { server }, error);
}

/** ssh2's words for a connection that has ended but has not been closed yet. */
function isGone(error: unknown): boolean {
  return error instanceof Error && /not connected|no response from server/i.test(error.message);
}
