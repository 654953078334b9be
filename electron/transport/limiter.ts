/** Takes turns: at most `limit` holders at a time, first come, first served. */
import { failed } from '../../shared/problem.ts';
import type { SignetError } from '../../shared/problem.ts';

export type Release = () => void;

export function cancelled(server: string): SignetError {
  return failed('cancelled', `${server}: cancelled`, 'Start it again when you want it.', { server });
}

export class Limiter {
  #limit: number;
  #held = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = Math.max(1, limit);
  }

  get held(): number {
    return this.#held;
  }

  /** The other side allows fewer than we thought: from now on at most `limit` (at least one). */
  lowerTo(limit: number): void {
    this.#limit = Math.max(1, Math.min(this.#limit, limit));
  }

  /** Resolves when it is our turn. Calling the release again does nothing. `server` is named when it is cancelled. */
  async acquire(server: string, signal?: AbortSignal): Promise<Release> {
    if (signal?.aborted) throw cancelled(server);
    if (this.#held < this.#limit) this.#held += 1;
    else await this.#turn(server, signal);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#handOver();
    };
  }

  /** The place goes from its holder to the next in the queue without ever being free for a third. */
  #handOver(): void {
    const next = this.#held > this.#limit ? undefined : this.#waiting.shift();
    if (next === undefined) this.#held -= 1;
    else next();
  }

  #turn(server: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(cancelled(server));
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.#waiting.push(go);
    });
  }
}
