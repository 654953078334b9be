/** What the rest of the engine knows of SSH. The implementation (ssh2) is behind it; tests put an in-memory host here. */
import type { Duplex } from 'node:stream';
import type { ServerConfig } from '../../shared/model.ts';

export interface RunOptions {
  /** Milliseconds of silence (no output, no input taken) after which the command counts as lost. Default 60 s. */
  readonly timeoutMs?: number;
  /** More output than this (bytes, both streams) ends the command with the problem `output-too-long`. Default 64 MiB. */
  readonly maxOutput?: number;
  readonly signal?: AbortSignal;
  /** Called with each complete line of standard output as it comes (byte string, without the newline). */
  readonly onLine?: (line: string) => void;
}

export interface RunResult {
  /** Exit status. A command that ended by a signal, or whose end was never reported, is an error and not a result. */
  readonly code: number;
  /** Byte strings (one unit a byte). */
  readonly stdout: string;
  readonly stderr: string;
}

export type ConnectTarget = { readonly host: string; readonly port: number } | { readonly path: string };

/** One connection to one server, as root (directly or by sudo). */
export interface Session {
  readonly server: string;
  /** Round trips so far: commands run and channels opened. */
  readonly roundTrips: number;
  /**
   * Runs a POSIX sh script as root, given on standard input: it never stands in an argument. LC_ALL=C, a fixed PATH. The
   * script is a byte string (use `fromContent`); its commands read /dev/null, data for them stands in here-documents.
   * It runs only once it has arrived as a whole. What the shell or a profile prints besides it is left out.
   */
  run(script: string, options?: RunOptions): Promise<RunResult>;
  /**
   * A stream to a TCP port or a Unix socket as seen from the server, opened with the rights of the log-in user (a socket
   * that only root may open is out of reach for a sudo user). Rejects: `forward-refused` (sshd must not),
   * `connect-failed` (nothing answers there). Ending the stream frees its channel.
   */
  connect(target: ConnectTarget, signal?: AbortSignal): Promise<Duplex>;
  close(): void;
}

/** Log-in secrets, asked for when they are needed. null: there is none in the vault. */
export interface SecretSource {
  password(server: string): Promise<string | null>;
  passphrase(server: string): Promise<string | null>;
  sudoPassword(server: string): Promise<string | null>;
}

export interface HostKey {
  readonly type: string;
  readonly fingerprint: string;
}

export interface Transport {
  /** A session from the pool, or a new one. Rejects with a SignetError: see docs/problems.md for the codes. */
  open(server: ServerConfig, signal?: AbortSignal): Promise<Session>;
  /** The key that the server presents, without logging in. */
  hostKey(server: Pick<ServerConfig, 'name' | 'host' | 'port' | 'jump'>, signal?: AbortSignal): Promise<HostKey>;
  /** Ends all connections. */
  close(): void;
}
