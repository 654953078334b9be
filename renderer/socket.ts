/**
 * A bridge over a WebSocket that comes back by itself. The token in the address is accepted once and is taken out of the
 * address bar at once; what opens the next socket is the session from the host's welcome (kept per tab, so that a reload works).
 */
import type { Bridge, Hello, HostMessage, Reply, WindowMessage } from '../shared/bridge.ts';
import { closeCodes, socketPath } from '../shared/bridge-wire.ts';
import type { EngineEvent } from '../shared/contract.ts';
import type { Problem } from '../shared/problem.ts';
import type { Connection } from './client.ts';
import { readSession, writeSession } from './app/storage.ts';
import { texts } from './texts.ts';

const sessionKey = 'signet.session';
const firstDelay = 500;
const longestDelay = 10_000;

interface Waiting {
  readonly resolve: (reply: Reply) => void;
}

function takeToken(location: Location): string | null {
  const match = /^#token=(.+)$/.exec(location.hash);
  if (!match?.[1]) return null;
  window.history.replaceState(null, '', location.pathname + location.search);
  return decodeURIComponent(match[1]);
}

function problem(code: string, words: { readonly message: string; readonly hint: string }): Problem {
  return { code, severity: 'stop', ...words };
}

export class SocketBridge implements Bridge {
  readonly #url: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #watchers = new Set<() => void>();
  #queue: string[] = [];
  #socket: WebSocket | null = null;
  #state: Connection = 'connecting';
  #token: string | null;
  #delay = firstDelay;

  constructor(location: Location) {
    this.#url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${socketPath}`;
    this.#token = takeToken(location);
    this.#connect();
  }

  call(operation: string, input: unknown, id: string): Promise<Reply> {
    if (this.#state === 'lost' || this.#state === 'refused')
      return Promise.resolve({ failure: 'failed', problem: problem('engine-unreachable', texts.connection.lost) });
    return new Promise(resolve => {
      this.#waiting.set(id, { resolve });
      this.#send({ id, call: operation, input });
    });
  }

  cancel(id: string): void {
    if (this.#waiting.has(id)) this.#send({ id, cancel: true });
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connection(): Connection {
    return this.#state;
  }

  onConnection(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  #send(message: WindowMessage): void {
    const text = JSON.stringify(message);
    if (this.#state === 'open') this.#socket?.send(text);
    else this.#queue.push(text);
  }

  #setState(state: Connection): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }

  #connect(): void {
    const token = this.#token ?? readSession(sessionKey);
    if (!token) {
      this.#setState('refused');
      return;
    }
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    const hello: Hello = { token };
    socket.addEventListener('open', () => socket.send(JSON.stringify(hello)));
    socket.addEventListener('message', event => this.#receive(JSON.parse(String(event.data)) as HostMessage));
    socket.addEventListener('close', event => this.#closed(event.code));
  }

  #receive(message: HostMessage): void {
    if ('welcome' in message) {
      this.#token = null;
      writeSession(sessionKey, message.welcome.session);
      this.#delay = firstDelay;
      this.#setState('open');
      for (const text of this.#queue) this.#socket?.send(text);
      this.#queue = [];
    } else if ('event' in message) {
      for (const listener of this.#listeners) listener(message.event);
    } else {
      this.#waiting.get(message.id)?.resolve(message);
      this.#waiting.delete(message.id);
    }
  }

  #closed(code: number): void {
    const lost: Reply = { failure: 'failed', problem: problem('engine-connection-lost', texts.connection.cut) };
    for (const { resolve } of this.#waiting.values()) resolve(lost);
    this.#waiting.clear();
    this.#queue = [];
    if (code === closeCodes.tokenRefused) {
      this.#token = null;
      writeSession(sessionKey, null);
      this.#setState('refused');
      return;
    }
    this.#setState('lost');
    window.setTimeout(() => this.#connect(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, longestDelay);
  }
}
