/**
 * The limit of hosts at a time. A host counts while it is being connected to or runs a command, not while a session merely
 * waits: sessions may be held for as long as one likes, and none can keep another from working.
 */
import { cancelled } from './limiter.ts';
import type { Limiter, Release } from './limiter.ts';

export class HostSlot {
  readonly #hosts: Limiter;
  #inside = 0;
  #place: Promise<Release> | null = null;

  constructor(hosts: Limiter) {
    this.#hosts = hosts;
  }

  /** Resolves when the host may work. All of its commands share one place. */
  async enter(server: string, signal?: AbortSignal): Promise<Release> {
    if (signal?.aborted) throw cancelled(server);
    this.#inside += 1;
    const place = (this.#place ??= this.#hosts.acquire(server));
    const leave = (): void => {
      this.#inside -= 1;
      if (this.#inside > 0) return;
      this.#place = null;
      place.then(
        release => release(),
        () => {},
      );
    };
    try {
      await orAbort(place, server, signal);
    } catch (error) {
      leave();
      throw error;
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      leave();
    };
  }
}

/** The promise, or `cancelled` as soon as the signal says so. The promise itself goes on for others who wait for it. */
export function orAbort<T>(promise: Promise<T>, server: string, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(cancelled(server));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
