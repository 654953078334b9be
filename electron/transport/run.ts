/** One script on one channel: as root, by sudo where the log-in user is not, with an end that is certain. */
import { randomBytes } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import type { RunResult } from './api.ts';
import { defaultTimeoutMs, openWithin, timedOut } from './channel.ts';
import type { Run } from './channel.ts';
import { connectionLost } from './failures.ts';
import { frameScript, FrameReader, newMarks } from './frame.ts';
import { cancelled } from './limiter.ts';
import { SudoDialogue } from './sudo.ts';
import type { ServerConfig } from '../../shared/model.ts';
import { failed, SignetError } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

const defaultMaxOutput = 64 * 1024 * 1024;
const pieceSize = 128 * 1024;
const environment = 'env LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin';

/**
 * What sshd is asked to run. The login shell parses it first, whichever it is: only words that sh, csh and fish read
 * alike. sudo gets LC_ALL=C for itself too, so that its refusals are in English.
 */
export function execCommand(sudo: ServerConfig['sudo'], nonce: string): string {
  switch (sudo) {
    case 'none':
      return `exec ${environment} /bin/sh -s`;
    case 'nopasswd':
      return `exec env LC_ALL=C sudo -n -- ${environment} /bin/sh -s`;
    case 'password':
      // Only the echo tells that no password was asked for (NOPASSWD): it would become the first line of the script
      return `exec env LC_ALL=C sudo -k -S -p ${nonce} -- ${environment} /bin/sh -c 'echo ready-${nonce}; exec /bin/sh -s'`;
  }
}

/** Complete lines out of pieces. */
function lineSplitter(onLine: (line: string) => void): { push(text: string): void; end(): void } {
  let rest = '';
  return {
    push(text) {
      rest += text;
      for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n')) {
        onLine(rest.slice(0, at));
        rest = rest.slice(at + 1);
      }
    },
    end() {
      if (rest !== '') onLine(rest);
    },
  };
}

/** What came before the script began, as the reason why it did not begin. */
function notStarted(server: ServerConfig, code: number, said: string): SignetError {
  const words = printable(said.trim(), 200);
  return failed(
    'shell-unusable',
    `${server.name}: no shell started for ${server.user} (exit status ${code})${words === '' ? '' : `: ${words}`}`,
    'The log-in user needs a login shell that runs commands, and the server a /bin/sh and env.',
    { server: server.name },
  );
}

/** The life of a channel from the command to its result. */
class ScriptRun {
  readonly #run: Run;
  readonly #channel: ClientChannel;
  readonly #marks = newMarks();
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  readonly #out: FrameReader;
  readonly #err: FrameReader;
  readonly #lines: ReturnType<typeof lineSplitter> | null;
  readonly #sudo: SudoDialogue | null;
  readonly #settle: (result: RunResult | SignetError) => void;
  #bytes = 0;
  #exit: number | null = null;
  #settled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(run: Run, channel: ClientChannel, nonce: string, settle: (result: RunResult | SignetError) => void) {
    this.#run = run;
    this.#channel = channel;
    this.#settle = settle;
    this.#lines = run.options.onLine === undefined ? null : lineSplitter(run.options.onLine);
    this.#out = new FrameReader(this.#marks, text => {
      this.#stdout.push(text);
      this.#lines?.push(text);
    });
    this.#err = new FrameReader(this.#marks, text => {
      this.#stderr.push(text);
    });
    const { server, secrets } = run;
    this.#sudo =
      server.sudo === 'password'
        ? new SudoDialogue(nonce, () => secrets.sudoPassword(server.name), server, {
            write: text => channel.write(text),
            ready: () => this.#send(),
            fail: error => this.finish(error),
          })
        : null;
  }

  start(): void {
    const channel = this.#channel;
    channel.on('data', (data: Buffer) => this.#onData(data.toString('latin1'), 'out'));
    channel.stderr.on('data', (data: Buffer) => this.#onData(data.toString('latin1'), 'err'));
    channel.on('exit', (code: number | null, signal?: string) => {
      if (code === null) this.finish(this.#killed(signal ?? 'a signal'));
      this.#exit = code;
      this.#check();
    });
    // The last of stderr may be delivered one turn after the end of stdout
    channel.on('close', () => setImmediate(() => this.finish(this.#endedEarly())));
    this.#touch();
    if (this.#sudo === null) this.#send();
  }

  #onData(text: string, from: 'out' | 'err'): void {
    if (this.#settled) return;
    this.#touch();
    this.#bytes += text.length;
    const limit = this.#run.options.maxOutput ?? defaultMaxOutput;
    if (this.#bytes > limit + 4096) return this.finish(this.#tooLong(limit));
    if (this.#sudo !== null && !this.#out.started) this.#sudo.push(text, from);
    (from === 'out' ? this.#out : this.#err).push(text);
    this.#check();
  }

  /** Piece by piece: each piece taken by the server shows that it lives. */
  #send(): void {
    const bytes = Buffer.from(frameScript(this.#run.script, this.#marks), 'latin1');
    let at = 0;
    const next = (): void => {
      if (this.#settled) return;
      this.#touch();
      if (at >= bytes.length) {
        this.#channel.end();
        return;
      }
      const piece = bytes.subarray(at, at + pieceSize);
      at += pieceSize;
      this.#channel.write(piece, next);
    };
    next();
  }

  #touch(): void {
    clearTimeout(this.#timer);
    const limit = this.#run.options.timeoutMs ?? defaultTimeoutMs;
    this.#timer = setTimeout(() => this.finish(timedOut(this.#run.server.name, limit)), limit);
  }

  /** Complete when both streams have come to their mark and the shell's own end was reported. */
  #check(): void {
    const end = this.#out.end;
    if (this.#exit === null || end === null || this.#err.end === null) return;
    const code = /^ ([0-9]{1,3})$/.exec(end)?.[1];
    if (code === undefined || this.#exit !== 0) return this.finish(this.#endedEarly());
    this.#lines?.end();
    this.finish({ code: Number(code), stdout: this.#stdout.join(''), stderr: this.#stderr.join('') });
  }

  /** Settles the run, once. An error from outside: cancelled, or the connection is gone. */
  finish(result: RunResult | SignetError): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#settle(result);
    this.#channel.close();
  }

  #endedEarly(): SignetError {
    const { server } = this.#run;
    if (this.#exit === null)
      return this.#run.connection.lost ?? connectionLost(server.name, 'while a command was running');
    if (!this.#out.started) {
      const said = this.#err.before.trim() === '' ? this.#out.before : this.#err.before;
      if (server.sudo !== 'none')
        return SudoDialogue.refusal(server, this.#exit, said, this.#sudo?.passwordGiven ?? false);
      return notStarted(server, this.#exit, said);
    }
    return failed(
      'command-incomplete',
      `${server.name}: the shell on the server ended before the script did (exit status ${this.#exit}): ${printable(this.#stderr.join('').trim(), 200)}`,
      'What the script had done until then stands. Look at the server.',
      { server: server.name },
    );
  }

  #killed(signal: string): SignetError {
    const { name } = this.#run.server;
    const hint = 'Was it out of memory? Look at the log of the server.';
    return failed('command-killed', `${name}: the command was ended by ${printable(signal, 40)}`, hint, {
      server: name,
    });
  }

  #tooLong(limit: number): SignetError {
    const { name } = this.#run.server;
    return failed(
      'output-too-long',
      `${name}: a command printed more than ${Math.round(limit / 1024)} KiB and was stopped`,
      'A file or list on the server is larger than it can sensibly be.',
      { server: name },
    );
  }
}

/** See Session.run. */
export function runScript(run: Run): Promise<RunResult> {
  const { connection, options, server } = run;
  const nonce = `signet-${randomBytes(12).toString('hex')}`;
  return new Promise((resolve, reject) => {
    openWithin(run, execCommand(server.sudo, nonce), channel => {
      const end = { watching: (): void => {} };
      const script = new ScriptRun(run, channel, nonce, result => {
        end.watching();
        options.signal?.removeEventListener('abort', abort);
        if (result instanceof SignetError) reject(result);
        else resolve(result);
      });
      const abort = (): void => script.finish(cancelled(server.name));
      options.signal?.addEventListener('abort', abort, { once: true });
      script.start();
      const lost = (): void => script.finish(connectionLost(server.name, 'while a command was running'));
      end.watching = connection.onLost(lost);
      if (options.signal?.aborted === true) abort();
    }).catch(reject);
  });
}
