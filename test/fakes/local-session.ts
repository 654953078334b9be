/** A session on this machine: scripts run in a real shell of choice, as the user of the tests, who passes for root. */
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { RunOptions, RunResult, Session } from '../../electron/transport/api.ts';

export class LocalSession implements Session {
  readonly server = 'local';
  roundTrips = 0;
  /** The scripts that were run, in order. */
  readonly scripts: string[] = [];
  readonly #shell: readonly string[];
  readonly #prelude: string;

  /** `prelude` is run before each script: it may define functions that stand for other tools. */
  constructor(shell: readonly string[] = ['/bin/sh'], prelude = '') {
    this.#shell = shell;
    this.#prelude = prelude;
  }

  run(script: string, options: RunOptions = {}): Promise<RunResult> {
    this.roundTrips += 1;
    this.scripts.push(script);
    const [command = '/bin/sh', ...args] = this.#shell;
    const child = spawn(command, [...args, '-s'], { env: { LC_ALL: 'C', PATH: '/usr/sbin:/sbin:/usr/bin:/bin' } });
    const outputs = [child.stdout, child.stderr].map(stream => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      return pieces;
    });
    child.stdin.on('error', () => {});
    child.stdin.end(Buffer.from(`id() { echo 0; }\n${this.#prelude}\n(\n${script}\n) </dev/null\nexit $?\n`, 'latin1'));
    options.signal?.addEventListener('abort', () => child.kill());
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', code => {
        const [stdout = '', stderr = ''] = outputs.map(pieces => Buffer.concat(pieces).toString('latin1'));
        if (code === null) reject(new Error('the shell was killed'));
        else resolve({ code, stdout, stderr });
      });
    });
  }

  connect(): Promise<Duplex> {
    return Promise.reject(new Error('a local session has no streams'));
  }

  close(): void {}
}
