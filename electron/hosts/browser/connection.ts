/** One page's WebSocket: a hello with the token first, then calls, cancellations and events, each one JSON text. */
import type { RawData, WebSocket } from 'ws';
import type { z } from 'zod';
import { closeCodes } from '../../../shared/bridge-wire.ts';
import type { HostMessage } from '../../../shared/bridge.ts';
import { helloSchema, windowMessageSchema } from '../../../shared/bridge.ts';
import type { WindowCalls } from '../window/window-calls.ts';
import type { Admission } from './admission.ts';

export interface ConnectionOptions {
  readonly admission: Admission;
  readonly calls: WindowCalls;
  /** How long a page may take for its hello. */
  readonly helloMs: number;
  /** A page that lets more than this pile up has stopped reading: it is cut off, and reads afresh when it comes back. */
  readonly unreadBytes: number;
}

export class Connection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #helloTimer: NodeJS.Timeout;
  #admitted = false;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#helloTimer = setTimeout(() => this.#refuse(closeCodes.tokenRefused), options.helloMs);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('close', () => clearTimeout(this.#helloTimer));
    // too large or no WebSocket frame at all: the library has closed it with the code that the standard has for it
    socket.on('error', () => {});
  }

  get admitted(): boolean {
    return this.#admitted;
  }

  /** `text`: a HostMessage, as JSON. Nothing is sent to a page that was not admitted. */
  send(text: string): void {
    if (!this.#admitted || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#options.unreadBytes) this.#socket.terminate();
    else this.#socket.send(text);
  }

  close(): void {
    this.#socket.close(closeCodes.shuttingDown);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const json = isBinary ? undefined : parseJson(data);
    if (this.#admitted) this.#message(json);
    else this.#hello(json);
  }

  #hello(json: unknown): void {
    const hello = parse(helloSchema, json);
    if (hello === null) return this.#refuse(closeCodes.malformed);
    const session = this.#options.admission.admit(hello.token);
    if (session === null) return this.#refuse(closeCodes.tokenRefused);
    clearTimeout(this.#helloTimer);
    this.#admitted = true;
    this.#reply({ welcome: { session } });
  }

  #message(json: unknown): void {
    const message = parse(windowMessageSchema, json);
    if (message === null) return this.#refuse(closeCodes.malformed);
    if ('cancel' in message) this.#options.calls.cancel(message.id);
    else void this.#call(message);
  }

  async #call(message: Parameters<WindowCalls['call']>[0]): Promise<void> {
    this.#reply({ id: message.id, ...(await this.#options.calls.call(message)) });
  }

  #reply(message: HostMessage): void {
    this.send(JSON.stringify(message));
  }

  #refuse(code: number): void {
    this.#admitted = false;
    this.#socket.close(code);
  }
}

function parseJson(data: RawData): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    return undefined;
  }
}

function parse<T>(schema: z.ZodType<T>, json: unknown): T | null {
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : null;
}
