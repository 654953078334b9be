/**
 * A stream to a Unix socket with root's rights. sshd opens forwarded sockets as the log-in user, who often may not; where
 * sudo makes us root, a few lines of Perl or Python on the server connect the channel with the socket.
 */
import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import type { SecretSource } from './api.ts';
import type { Connection } from './connection.ts';
import { connectionLost } from './failures.ts';
import { cancelled } from './limiter.ts';
import { shellQuote } from '../../shared/shell.ts';
import { openWithin } from './channel.ts';
import { execCommand } from './run.ts';
import { SudoDialogue } from './sudo.ts';
import type { ServerConfig } from '../../shared/model.ts';
import { failed, SignetError } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

const noTool = 96;
const noSocket = 97;

const perl = `use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0) && connect(S, pack_sockaddr_un($ARGV[0])) or do { print STDERR "$!\\n"; exit ${noSocket} };
sub put { my ($to, $data) = @_; while (length $data) { my $n = syswrite($to, $data); exit 0 unless $n; substr($data, 0, $n) = "" } }
put(*STDOUT, "$ARGV[1]\\n"); my $open = 1;
for (;;) { my $set = ""; vec($set, 0, 1) = 1 if $open; vec($set, fileno(S), 1) = 1; select(my $ready = $set, undef, undef, undef);
if ($open && vec($ready, 0, 1)) { my $n = sysread(STDIN, my $data, 65536); if ($n) { put(*S, $data) } else { $open = 0; shutdown(S, 1) } }
if (vec($ready, fileno(S), 1)) { my $n = sysread(S, my $data, 65536); last unless $n; put(*STDOUT, $data) } }`;

const python = `import os, select, socket, sys
s = socket.socket(socket.AF_UNIX)
try: s.connect(sys.argv[1])
except OSError as error:
    sys.stderr.write(error.strerror + "\\n"); sys.exit(${noSocket})
def put(data):
    while data: data = data[os.write(1, data):]
put((sys.argv[2] + "\\n").encode()); watched = [0, s]
while True:
    ready = select.select(watched, [], [])[0]
    if 0 in ready:
        data = os.read(0, 65536)
        if data: s.sendall(data)
        else: watched = [s]; s.shutdown(socket.SHUT_WR)
    if s in ready:
        data = s.recv(65536)
        if not data: break
        put(data)`;

/** Nothing is sent behind it before the mark has come: a shell may read ahead. */
function relayScript(path: string, mark: string): string {
  const words = `${shellQuote(path)} ${mark}`;
  return [
    `if command -v perl >/dev/null 2>&1; then exec perl -e ${shellQuote(perl)} ${words}`,
    `elif command -v python3 >/dev/null 2>&1; then exec python3 -c ${shellQuote(python)} ${words}`,
    `fi; exit ${noTool}`,
    '',
  ].join('\n');
}

interface RelayOptions {
  readonly connection: Connection;
  readonly server: ServerConfig;
  readonly secrets: SecretSource;
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

class Relay extends Duplex {
  readonly #channel: ClientChannel;
  constructor(channel: ClientChannel) {
    super({ allowHalfOpen: true });
    this.#channel = channel;
    channel.on('data', (data: Buffer) => {
      if (!this.push(data)) channel.pause();
    });
    channel.on('close', () => {
      this.push(null);
      // what came before is read first
      this.once('end', () => this.destroy());
    });
  }
  override _read(): void {
    this.#channel.resume();
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(chunk, done);
  }
  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end(done);
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.close();
    done(error);
  }
}

function refusal({ server, path }: RelayOptions, code: number | null, said: string): SignetError {
  const { name } = server;
  if (code === noTool) {
    return failed(
      'relay-missing',
      `${name}: ${printable(path)} can only be opened by root, and neither Perl nor Python is there to do it`,
      `Let ${server.user} open the socket (its group), install perl-base, or log in as root.`,
      { server: name },
    );
  }
  return failed(
    'connect-failed',
    `${name}: nothing answers at ${printable(path)}: ${printable(said.trim(), 100)}`,
    'Is the service running, and is this its socket?',
    { server: name },
  );
}

/** Resolves once the socket is connected. Takes one of the connection's channels until the stream is closed. */
export function openRelay(options: RelayOptions): Promise<Duplex> {
  const { connection, server, secrets, path, signal } = options;
  const nonce = `signet-${randomBytes(12).toString('hex')}`;
  const mark = `signet-relay-${randomBytes(16).toString('hex')}`;
  return new Promise((resolve, reject) => {
    const begin = (channel: ClientChannel): void => {
      let before = '';
      let errors = '';
      let exit: number | null = null;
      let settled = false;
      const settle = (outcome: Duplex | SignetError): void => {
        if (settled) return;
        settled = true;
        signal?.removeEventListener('abort', abort);
        channel.removeListener('data', onData);
        if (outcome instanceof SignetError) {
          reject(outcome);
          channel.close();
        } else resolve(outcome);
      };
      const abort = (): void => settle(cancelled(server.name));
      const send = (): void => {
        channel.write(relayScript(path, mark));
      };
      const sudo =
        server.sudo === 'password'
          ? new SudoDialogue(nonce, () => secrets.sudoPassword(server.name), server, {
              write: text => channel.write(text),
              ready: send,
              fail: settle,
            })
          : null;
      const onData = (data: Buffer): void => {
        const text = data.toString('latin1');
        sudo?.push(text, 'out');
        before = (before + text).slice(-65_536);
        const at = before.indexOf(`${mark}\n`);
        if (at === -1) return;
        const rest = before.slice(at + mark.length + 1);
        const relay = new Relay(channel);
        if (rest !== '') relay.push(Buffer.from(rest, 'latin1'));
        settle(relay);
      };
      channel.on('data', onData);
      channel.stderr.on('data', (data: Buffer) => {
        const text = data.toString('latin1');
        sudo?.push(text, 'err');
        errors = (errors + text).slice(-2000);
      });
      channel.on('exit', (code: number | null) => {
        exit = code;
      });
      channel.on('close', () =>
        setImmediate(() => {
          if (exit === noTool || exit === noSocket) return settle(refusal(options, exit, errors));
          if (exit === null || server.sudo === 'none') {
            return settle(connection.lost ?? connectionLost(server.name, `while ${printable(path)} was being opened`));
          }
          settle(SudoDialogue.refusal(server, exit, errors, sudo?.passwordGiven ?? false));
        }),
      );
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted === true) abort();
      else if (sudo === null) send();
    };
    openWithin(
      { connection, server, options: signal === undefined ? {} : { signal } },
      execCommand(server.sudo, nonce),
      begin,
    ).catch(reject);
  });
}
