/**
 * Whether a request is one of our own page's. The port is open to every program and every web page of this machine: a page
 * of another origin is known by its `Origin`, and one that had its own name point to 127.0.0.1 (DNS rebinding) by its `Host`.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** Exactly these, with the port: what a person or a tunnel can have in the address bar. */
export function ourHost(headers: IncomingHttpHeaders, port: number): string | null {
  const host = headers.host;
  return host === `127.0.0.1:${port}` || host === `localhost:${port}` ? host : null;
}

export function ourOrigin(headers: IncomingHttpHeaders, host: string): boolean {
  return headers.origin === `http://${host}`;
}
