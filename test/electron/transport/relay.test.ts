import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { problemOf, secretsOf, serverAt } from './kit.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import { startFakeServer } from '../../fakes/ssh-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A Unix socket that sends back what it gets. */
async function echo(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-relay-'));
  const path = join(folder, "it's a socket");
  const server: Server = createServer({ allowHalfOpen: true }, socket => socket.pipe(socket));
  await new Promise<void>(resolve => server.listen(path, resolve));
  closing.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => new Promise(resolve => server.close(resolve)),
  );
  return path;
}

/** A log-in that becomes root by a sudo which only runs what follows it. */
async function session() {
  const bin = mkdtempSync(join(tmpdir(), 'signet-sudo-'));
  writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n');
  chmodSync(join(bin, 'sudo'), 0o755);
  const environment = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  const fake = await startFakeServer({ password: 'right', environment });
  const transport = createTransport({ secrets: secretsOf({ password: 'right' }), servers: () => undefined });
  closing.push(
    () => rmSync(bin, { recursive: true, force: true }),
    () => fake.close(),
    () => transport.close(),
  );
  return await transport.open(serverAt(fake, { user: 'admin', sudo: 'nopasswd' }));
}

test('a relay carries bytes both ways and ends when the socket does', async () => {
  const stream = await (await session()).connect({ path: await echo() });
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 256));
  stream.end(sent);
  expect(Buffer.compare(await buffer(stream), sent)).toBe(0);
});

test('nobody answers at the socket', async () => {
  const problem = await problemOf((await session()).connect({ path: '/nonexistent/socket' }));
  expect(problem.code).toBe('connect-failed');
  expect(problem.message).toContain('No such file or directory');
});
