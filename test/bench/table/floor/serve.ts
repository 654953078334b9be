/** The floor's host: the page and its rows as files. `serve.ts FOLDER` says its address as `signet serve --json` does. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const [folder = ''] = process.argv.slice(2);
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
};

const server = createServer((request, response) => {
  const path = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1);
  const type = types[extname(path)];
  if (type === undefined || path.includes('..')) response.writeHead(404).end();
  else
    response
      .writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' })
      .end(readFileSync(join(folder, path)));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
