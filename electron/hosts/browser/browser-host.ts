/**
 * The window in a browser of this machine: the page and its WebSocket on 127.0.0.1, for one user with the one-time address.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { socketPath } from '../../../shared/bridge-wire.ts';
import type { HostMessage } from '../../../shared/bridge.ts';
import type { Client } from '../../../shared/contract.ts';
import { failed } from '../../../shared/problem.ts';
import type { PageFiles } from '../window/page-files.ts';
import { WindowCalls } from '../window/window-calls.ts';
import { Admission } from './admission.ts';
import { Connection } from './connection.ts';
import { ourHost, ourOrigin } from './same-machine.ts';
import { servePage } from './serve-page.ts';

const mebibyte = 1024 * 1024;

export interface Limits {
  /** A message of an admitted page. The largest is an import: 256 MiB of text (shared/contract.ts), with its escapes. */
  readonly messageBytes: number;
  /** What a connection may send before it was admitted. */
  readonly helloBytes: number;
  readonly helloMs: number;
  readonly unreadBytes: number;
  readonly connections: number;
}

const defaultLimits: Limits = {
  messageBytes: 384 * mebibyte,
  helloBytes: 4096,
  helloMs: 10_000,
  unreadBytes: 512 * mebibyte,
  connections: 64,
};

export interface BrowserHostOptions {
  readonly client: Client;
  readonly page: PageFiles;
  /** 0: any that is free. */
  readonly port: number;
  /** One line for each defect of Signet itself. */
  readonly report: (line: string) => void;
  readonly limits?: Partial<Limits>;
}

export interface BrowserHost {
  readonly port: number;
  /** An address that opens one page; the one given before is void if nobody used it. It holds a secret. */
  newAddress(): string;
  /** Calls that are under way. */
  running(): number;
  /** Stops what is under way at its safe points, then closes every connection. */
  close(): Promise<void>;
}

/** Errors: `port-in-use`, `port-not-allowed`, `port-failed`. */
export async function startBrowserHost(options: BrowserHostOptions): Promise<BrowserHost> {
  const limits = { ...defaultLimits, ...options.limits };
  const admission = new Admission();
  const connections = new Set<Connection>();
  const calls = new WindowCalls(options.client, options.report);

  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.messageBytes, perMessageDeflate: false });
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 5000 });
  server.maxConnections = limits.connections;
  const port = await listen(server, options.port);

  server.on('request', (request, response) => servePage(request, response, options.page, port));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // a socket that nobody reads must not end the process when its other end goes away
    socket.on('error', () => {});
    const status = upgradeRefusal(request, port);
    if (status !== null) {
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, webSocket => {
      const connection = new Connection(webSocket, { ...limits, admission, calls });
      connections.add(connection);
      webSocket.on('close', () => connections.delete(connection));
      limitUntilAdmitted(socket, connection, limits.helloBytes);
    });
  });
  const unsubscribe = options.client.subscribe(event => {
    const text = JSON.stringify({ event } satisfies HostMessage);
    for (const connection of connections) connection.send(text);
  });

  return {
    port,
    newAddress: () => `http://127.0.0.1:${port}/#token=${admission.newToken()}`,
    running: () => calls.running,
    close: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      await calls.end();
      unsubscribe();
      for (const connection of connections) connection.close();
      server.closeIdleConnections();
      const impatience = setTimeout(() => {
        for (const connection of connections) connection.terminate();
        server.closeAllConnections();
      }, 500);
      await closed;
      clearTimeout(impatience);
    },
  };
}

/** Listens on 127.0.0.1 and on nothing else. */
async function listen(server: Server, wanted: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: wanted, exclusive: true }, resolve);
  }).catch((error: unknown) => {
    throw listenProblem(error, wanted);
  });
  const { port } = server.address() as AddressInfo;
  return port;
}

function listenProblem(error: unknown, port: number): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') {
    return failed('port-in-use', `Port ${port} is used by another program.`, 'Leave --port out, or choose another.');
  }
  if (code === 'EACCES') {
    return failed('port-not-allowed', `Port ${port} may not be used by this user.`, 'Choose one above 1023.');
  }
  return failed('port-failed', `127.0.0.1 port ${port} cannot be listened on (${code}).`, 'Leave --port out.');
}

/** The status that a WebSocket is refused with; null: it is our page's. Browsers send `Origin` always: one without is none. */
function upgradeRefusal(request: IncomingMessage, port: number): string | null {
  const host = ourHost(request.headers, port);
  if (host === null) return '421 Misdirected Request';
  if (!ourOrigin(request.headers, host)) return '403 Forbidden';
  if (request.url !== socketPath) return '404 Not Found';
  return null;
}

/** The library knows one limit for all messages: a stranger gets a much smaller one, on the raw bytes. */
function limitUntilAdmitted(socket: Duplex, connection: Connection, limit: number): void {
  let received = 0;
  const count = (chunk: Buffer) => {
    received += chunk.byteLength;
    if (connection.admitted) socket.off('data', count);
    else if (received > limit) connection.terminate();
  };
  socket.prependListener('data', count);
}
