/**
 * The calls of one window. A call outlives the window that made it: a reload must not stop a run half-way. It is stopped by
 * `cancel` and by the end of the host.
 */
import type { Reply, WindowMessage } from '../../../shared/bridge.ts';
import type { Client, Input, Operation } from '../../../shared/contract.ts';
import type { Failure, Problem } from '../../../shared/problem.ts';
import { SignetError } from '../../../shared/problem.ts';
import { printable } from '../../../shared/text.ts';

/** Far more than a page has open at once: a bound on what a page gone wild can start. */
const callsAtATime = 64;

export class WindowCalls {
  readonly #client: Client;
  readonly #report: (line: string) => void;
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<Reply> }>();
  #ending = false;

  /** `report` gets one line for each defect of Signet itself: it is for the host's log, never for the window. */
  constructor(client: Client, report: (line: string) => void) {
    this.#client = client;
    this.#report = report;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Never rejects: what went wrong is the reply. The id is the caller's, and free again once the reply is there. */
  async call({ id, call: operation, input }: Extract<WindowMessage, { call: string }>): Promise<Reply> {
    if (this.#ending) return reply('refused', 'shutting-down', 'Signet is closing.', 'Start it again.');
    if (this.#running.has(id)) {
      return reply('usage', 'call-id-in-use', 'A call with this id is under way.', 'Give each call its own id.');
    }
    if (this.#running.size >= callsAtATime) {
      return reply(
        'refused',
        'too-many-calls',
        `${callsAtATime} calls are under way already.`,
        'Wait for some of them.',
      );
    }
    const abort = new AbortController();
    const done = this.#work(operation, input, abort.signal);
    this.#running.set(id, { abort, done });
    try {
      return await done;
    } finally {
      this.#running.delete(id);
    }
  }

  /** The call still gets its reply, once it has come to its next safe point. */
  cancel(id: string): void {
    this.#running.get(id)?.abort.abort();
  }

  /** Stops everything and waits until it has come to its safe points. */
  async end(): Promise<void> {
    this.#ending = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ done }) => done));
  }

  async #work(operation: string, input: unknown, signal: AbortSignal): Promise<Reply> {
    try {
      // whether there is such an operation, and what it takes, is the engine's to say
      const result = await this.#client.call(operation as Operation, input as Input<Operation>, { signal });
      return { result };
    } catch (error) {
      if (error instanceof SignetError) return { failure: error.failure, problem: error.problem };
      if (signal.aborted) return reply('incomplete', 'stopped', 'Stopped.', 'Start it again when you like.', 'info');
      const name = error instanceof Error ? printable(error.name, 60) : 'unknown error';
      const place = error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? '') : '';
      this.#report(`${printable(operation, 60)}: ${name} ${printable(place)}`);
      return reply(
        'failed',
        'internal',
        `Signet itself is at fault: ${name} in ${printable(operation, 60)}.`,
        'Please report it with this line and what Signet wrote to its standard error.',
      );
    }
  }
}

function reply(
  failure: Failure,
  code: string,
  message: string,
  hint: string,
  severity: Problem['severity'] = 'stop',
): Reply {
  return { failure, problem: { code, message, hint, severity } };
}
