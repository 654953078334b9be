/** A socket of the browser host as a page has it, and requests as anybody on the machine can make them. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type { HostMessage, Reply } from '../../shared/bridge.ts';
import type { EngineEvent } from '../../shared/contract.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `path` is sent as it stands, unlike with fetch. */
export async function request(
  port: number,
  path: string,
  options: { readonly method?: string; readonly headers?: OutgoingHttpHeaders; readonly address?: string } = {},
): Promise<Answer> {
  const sent = httpRequest({
    host: options.address ?? '127.0.0.1',
    port,
    path,
    method: options.method ?? 'GET',
    headers: { ...options.headers },
    agent: false,
  });
  sent.end();
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

export const tokenOf = (address: string): string => new URL(address).hash.replace('#token=', '');

export interface PageOptions {
  readonly origin?: string | null;
  readonly host?: string;
  readonly path?: string;
}

export class Page {
  readonly socket: WebSocket;
  readonly events: EngineEvent[] = [];
  /** The close code; of a refused upgrade, the HTTP status. */
  readonly ended: Promise<number>;
  readonly welcome: Promise<string>;
  #replies = new Map<string, (reply: Reply) => void>();

  constructor(port: number, { origin = `http://127.0.0.1:${port}`, host, path = '/ws' }: PageOptions = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
      ...(origin === null ? {} : { origin }),
      ...(host === undefined ? {} : { headers: { Host: host } }),
    });
    this.ended = new Promise(resolve => {
      this.socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      this.socket.on('close', code => resolve(code));
    });
    // its end is what the tests look at
    this.socket.on('error', () => {});
    this.welcome = new Promise(resolve => {
      this.socket.on('message', data => {
        const message = JSON.parse(data.toString()) as HostMessage;
        if ('welcome' in message) resolve(message.welcome.session);
        else if ('event' in message) this.events.push(message.event);
        else this.#replies.get(message.id)?.(message);
      });
    });
  }

  /** A text as it stands, once the socket is open. */
  async send(data: string | Buffer): Promise<void> {
    if (this.socket.readyState === this.socket.CONNECTING) await once(this.socket, 'open');
    this.socket.send(data);
  }

  async hello(token: string): Promise<string> {
    await this.send(JSON.stringify({ token }));
    return await this.welcome;
  }

  async call(id: string, operation: string, input: unknown = {}): Promise<Reply> {
    const reply = new Promise<Reply>(resolve => this.#replies.set(id, resolve));
    await this.send(JSON.stringify({ id, call: operation, input }));
    return await reply;
  }

  async cancel(id: string): Promise<void> {
    await this.send(JSON.stringify({ id, cancel: true }));
  }
}
