/** What a command works with: the engine while it is needed, the output, and the exit code that it settles on. */
import { text as readAll } from 'node:stream/consumers';
import type { EngineEvent, Input, Operation, Result } from '../../../shared/contract.ts';
import { exitCodes, usage } from '../../../shared/problem.ts';
import type { RunningEngine } from '../../compose.ts';
import { startEngine } from '../../compose.ts';
import type { Output } from './output.ts';
import { createOutput } from './output.ts';

export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

export interface GlobalOptions {
  readonly home?: string;
  readonly json?: boolean;
}

export class CommandContext {
  readonly streams: Streams;
  readonly signal: AbortSignal;
  exitCode = 0;
  #engine: Promise<RunningEngine> | null = null;
  #output: Output;

  constructor(streams: Streams, signal: AbortSignal) {
    this.streams = streams;
    this.signal = signal;
    this.#output = createOutput(false, streams);
  }

  get output(): Output {
    return this.#output;
  }

  begin(options: GlobalOptions, command: string): void {
    this.#output = createOutput(options.json === true, this.streams);
    this.#engine = startEngine({ home: options.home, command });
    // awaited by the first call; a command that ends before it must not die of it
    this.#engine.catch(() => {});
  }

  async engine(): Promise<RunningEngine> {
    if (this.#engine === null) throw new Error('no command was begun');
    return await this.#engine;
  }

  async call<O extends Operation>(operation: O, input: Input<O>): Promise<Result<O>> {
    return await (await this.engine()).call(operation, input, { signal: this.signal });
  }

  async subscribe(listener: (event: EngineEvent) => void): Promise<void> {
    (await this.engine()).subscribe(listener);
  }

  fail(failure: keyof typeof exitCodes): void {
    this.exitCode = exitCodes[failure];
  }

  /** Secrets come on standard input, never as arguments: {"password", "passphrase", "sudoPassword"}. */
  async readJson(): Promise<unknown> {
    const text = await readAll(this.streams.stdin);
    try {
      return JSON.parse(text);
    } catch {
      throw usage('secrets-invalid', 'Standard input is not a JSON document.', 'Write {"password": "..."} to it.');
    }
  }

  async close(): Promise<void> {
    const engine = await this.#engine?.catch(() => null);
    await engine?.close();
  }
}
