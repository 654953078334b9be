/**
 * A DNS client over TCP. The streams come from Session.connect, so that questions are asked from a mail server's place in
 * the network and no firewall in front of the laptop matters.
 */
import type { Duplex } from 'node:stream';
import { printable } from '../../shared/text.ts';
import type { Connect, Unanswered } from './api.ts';
import type { Answer, Question } from './dns-message.ts';
import type { ServerLink } from './dns-server.ts';
import { createServerLink } from './dns-server.ts';

export interface DnsClientOptions {
  /** Milliseconds for a connection, and for one answer. Default 5 s. */
  readonly timeoutMs?: number;
  /** Milliseconds for all questions of one call. Default 60 s. */
  readonly totalMs?: number;
  /** Connections open at a time: they are SSH channels, of which servers allow few. Default 4. */
  readonly connections?: number;
}

export interface DnsClient {
  /**
   * One answer for each question, in their order. Never rejects. Everything asked of one server before the next turn of the
   * event loop shares a connection.
   */
  query(
    server: { readonly address: string; readonly port?: number },
    questions: readonly Question[],
  ): Promise<readonly Answer[]>;
  /** Ends all connections; open questions are answered `unreachable`. */
  close(): void;
}

/** A number of places; `enter` waits for one, and gives false when it was called off meanwhile. */
function createPlaces(count: number) {
  let free = count;
  const queue: (() => void)[] = [];
  return {
    async enter(signal: AbortSignal): Promise<boolean> {
      if (free === 0) await new Promise<void>(resolve => queue.push(resolve));
      else free -= 1;
      if (signal.aborted) this.leave();
      return !signal.aborted;
    },
    leave(): void {
      const next = queue.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}

async function connectWithin(
  connect: Connect,
  target: { readonly host: string; readonly port: number },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex | Unanswered> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const connecting = connect(target, limit);
  const ended = new Promise<Unanswered>(resolve => {
    const end = () => resolve({ kind: 'timeout' });
    if (limit.aborted) end();
    limit.addEventListener('abort', end, { once: true });
  });
  const opened = connecting.catch((error: unknown): Unanswered => {
    if (limit.aborted) return { kind: 'timeout' };
    return { kind: 'unreachable', detail: printable(error instanceof Error ? error.message : String(error)) };
  });
  const first = await Promise.race([opened, ended]);
  if ('kind' in first) {
    void opened.then(late => {
      if (late !== first && !('kind' in late)) late.on('error', () => {}).destroy();
    });
  }
  return first;
}

export function createDnsClient(connect: Connect, options: DnsClientOptions = {}): DnsClient {
  const { timeoutMs = 5000, totalMs = 60_000, connections = 4 } = options;
  const places = createPlaces(connections);
  const links = new Map<string, ServerLink>();

  function linkTo(host: string, port: number): ServerLink {
    const key = `${host} ${port}`;
    const known = links.get(key);
    if (known !== undefined) return known;
    const link = createServerLink(
      async signal => {
        if (!(await places.enter(signal))) return { kind: 'timeout' };
        const opened = await connectWithin(connect, { host, port }, timeoutMs, signal);
        if ('kind' in opened) places.leave();
        return opened;
      },
      () => places.leave(),
      timeoutMs,
    );
    links.set(key, link);
    return link;
  }

  return {
    query: (server, questions) => {
      const link = linkTo(server.address, server.port ?? 53);
      const deadline = Date.now() + totalMs;
      return Promise.all(questions.map(question => link.ask(question, deadline)));
    },
    close: () => {
      for (const link of links.values()) link.close();
      links.clear();
    },
  };
}
