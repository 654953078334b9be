/** The page over HTTP: its files by GET and HEAD, to itself. No CORS header, ever. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PageFiles } from '../window/page-files.ts';
import { pageHeaders } from '../window/page-headers.ts';
import { ourHost, ourOrigin } from './same-machine.ts';

export function servePage(request: IncomingMessage, response: ServerResponse, page: PageFiles, port: number): void {
  const host = ourHost(request.headers, port);
  const refuse = (status: number, headers: Readonly<Record<string, string>> = {}) => {
    response.writeHead(status, { ...pageHeaders(), ...headers, 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(request.method === 'HEAD' ? undefined : `${status}\n`);
  };
  if (host === null) return refuse(421);
  // a page of ours sends none with its GET requests: one that is there and foreign is somebody else's
  if (request.headers.origin !== undefined && !ourOrigin(request.headers, host)) return refuse(403);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, { Allow: 'GET, HEAD' });
  const [path = ''] = (request.url ?? '').split('?');
  const file = page.get(path);
  if (file === undefined) return refuse(404);
  response.writeHead(200, {
    ...pageHeaders(`ws://${host}`),
    'Content-Type': file.type,
    'Content-Length': file.body.byteLength,
  });
  response.end(request.method === 'HEAD' ? undefined : file.body);
}
