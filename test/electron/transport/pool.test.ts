import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { problemOf, secretsOf, serverAt } from './kit.ts';
import type { Transport } from '../../../electron/transport/api.ts';
import { Limiter } from '../../../electron/transport/limiter.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import type { TransportOptions } from '../../../electron/transport/ssh.ts';
import type { ServerConfig } from '../../../shared/model.ts';
import { newHostKey, pinOf, startFakeServer } from '../../fakes/ssh-server.ts';
import type { FakeServer, FakeServerOptions } from '../../fakes/ssh-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function fakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const fake = await startFakeServer({ password: 'right', forwarding: true, ...options });
  closing.push(() => fake.close());
  return fake;
}

function transportFor(servers: readonly ServerConfig[], options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({
    secrets: secretsOf({ password: 'right' }),
    servers: name => servers.find(each => each.name === name),
    ...options,
  });
  closing.push(() => transport.close());
  return transport;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('one connection a server, however many sessions, and a new one when it is gone', async () => {
  const fake = await fakeServer();
  const server = serverAt(fake);
  const transport = transportFor([server]);
  const [one, two] = await Promise.all([transport.open(server), transport.open(server)]);
  expect(fake.connections).toBe(1);
  one.close();
  expect((await two.run('echo still')).stdout).toBe('still\n');
  two.close();
  const three = await transport.open(server);
  expect(fake.connections).toBe(1);
  expect((await problemOf(one.run('true'))).code).toBe('session-closed');
  fake.cut();
  expect((await problemOf(three.run('true'))).code).toBe('connection-lost');
  const four = await transport.open(server);
  expect((await four.run('echo again')).stdout).toBe('again\n');
  expect(fake.connections).toBe(2);
  expect([one.roundTrips, two.roundTrips, four.roundTrips]).toEqual([0, 1, 1]);
});

test('another configuration is another connection; close ends all', async () => {
  const fake = await fakeServer();
  const transport = transportFor([]);
  const session = await transport.open(serverAt(fake));
  await transport.open(serverAt(fake, { user: 'other' }));
  expect(fake.connections).toBe(2);
  const running = session.run('sleep 20');
  await setTimeout(50);
  transport.close();
  expect((await problemOf(running)).code).toBe('connection-lost');
});

test('a connection that nobody uses ends by itself', async () => {
  const fake = await fakeServer();
  const transport = transportFor([], { limits: { idleMs: 50 } });
  const first = await transport.open(serverAt(fake));
  first.close();
  await setTimeout(300);
  await transport.open(serverAt(fake));
  expect(fake.connections).toBe(2);
});

test('hosts at a time: others wait, and a held session keeps nobody waiting', async () => {
  const fakes = await Promise.all(Array.from({ length: 4 }, () => fakeServer()));
  const transport = transportFor([], { limits: { hostsAtATime: 2 } });
  const servers = fakes.map((fake, index) => serverAt(fake, { name: `host${index}` }));
  const sessions = await Promise.all(servers.map(server => transport.open(server)));
  const spans = await Promise.all(
    sessions.map(async session => {
      const { stdout } = await session.run('date +%s%N; sleep 0.3; date +%s%N');
      return stdout.trim().split('\n').map(Number);
    }),
  );
  const atOnce = spans.map(([start = 0]) => spans.filter(([from = 0, to = 0]) => from <= start && start < to).length);
  expect(Math.max(...atOnce)).toBe(2);
});

test('cancelling while connecting, and while another still waits for the same connection', async () => {
  const silent = createServer(() => {});
  const port = await listening(silent);
  const server = serverAt({ port, hostKeys: [] });
  const transport = transportFor([]);
  const controller = new AbortController();
  const opening = transport.open(server, controller.signal);
  const other = new AbortController();
  const alsoOpening = transport.open(server, other.signal);
  await setTimeout(50);
  controller.abort();
  expect((await problemOf(opening)).code).toBe('cancelled');
  other.abort();
  expect((await problemOf(alsoOpening)).code).toBe('cancelled');
  expect((await problemOf(transport.open(server, controller.signal))).code).toBe('cancelled');
});

test('through jump hosts: a chain, each key under its own name', async () => {
  const [outer, inner, target] = [await fakeServer(), await fakeServer(), await fakeServer()];
  const servers = [
    serverAt(outer, { name: 'outer' }),
    serverAt(inner, { name: 'inner', jump: 'outer' }),
    serverAt(target, { name: 'target', jump: 'inner' }),
  ];
  const transport = transportFor(servers, { limits: { hostsAtATime: 1 } });
  const [, , last] = servers;
  if (last === undefined) throw new Error('no server');
  const session = await transport.open(last);
  expect((await session.run('echo there')).stdout).toBe('there\n');
  expect([outer.connections, inner.connections, target.connections]).toEqual([1, 1, 1]);
  expect(await transport.hostKey({ ...last, name: 'new' })).toEqual(target.hostKeys[0]);
  outer.cut();
  expect((await problemOf(session.run('true'))).code).toBe('connection-lost');
});

test('a jump host with a changed key: nothing is asked of what lies behind it', async () => {
  const [outer, target] = [await fakeServer(), await fakeServer()];
  const outerServer = serverAt(outer, { name: 'outer', hostKeys: [pinOf(newHostKey())] });
  const server = serverAt(target, { name: 'target', jump: 'outer' });
  const problem = await problemOf(transportFor([outerServer]).open(server));
  expect(problem).toMatchObject({ code: 'host-key-changed', server: 'outer' });
  expect([outer.passwords.length, target.connections]).toEqual([0, 0]);
});

test('jump hosts that are unknown, circular, closed or lead nowhere', async () => {
  const [open, closed] = [await fakeServer(), await fakeServer({ forwarding: false })];
  const target = await fakeServer();
  const servers = [
    serverAt(open, { name: 'open' }),
    serverAt(closed, { name: 'closed' }),
    serverAt(open, { name: 'a', jump: 'b' }),
    serverAt(open, { name: 'b', jump: 'a' }),
  ];
  const transport = transportFor(servers);
  const via = (jump: string): Promise<unknown> => transport.open(serverAt(target, { name: 'target', jump }));
  expect((await problemOf(via('missing'))).code).toBe('jump-unknown');
  expect((await problemOf(via('a'))).code).toBe('jump-loop');
  expect((await problemOf(via('closed'))).code).toMatch(/^jump-/);
  const nowhere = serverAt({ port: 1, hostKeys: [] }, { name: 'nowhere', jump: 'open' });
  expect((await problemOf(transport.open(nowhere))).code).toMatch(/^jump-/);
});

test('a key that changed ends what goes on with that server', async () => {
  const fake = await fakeServer();
  const transport = transportFor([]);
  const session = await transport.open(serverAt(fake));
  const running = session.run('sleep 20');
  await setTimeout(50);
  const wrong = serverAt(fake, { hostKeys: [pinOf(newHostKey())] });
  expect((await problemOf(transport.open(wrong))).code).toBe('host-key-changed');
  expect((await problemOf(running)).code).toBe('connection-lost');
});

test('a stream to a port as seen from the server', async () => {
  const fake = await fakeServer();
  const port = await listening(createServer(socket => socket.pipe(socket)));
  const session = await transportFor([]).open(serverAt(fake));
  const stream = await session.connect({ host: '127.0.0.1', port });
  stream.write('echo');
  const [data] = await once(stream, 'data');
  expect(String(data)).toBe('echo');
  stream.end();
  expect((await problemOf(session.connect({ host: '127.0.0.1', port: 1 }))).code).toMatch(
    /connect-failed|forward-refused/,
  );
  expect(session.roundTrips).toBe(2);
});

test('the limiter: never more than the limit, first come first served, cancelled ones leave the queue', async () => {
  const limiter = new Limiter(2);
  const order: number[] = [];
  let most = 0;
  const controller = new AbortController();
  const work = Array.from({ length: 10 }, async (_, index) => {
    const release = await limiter.acquire('x', index === 5 ? controller.signal : undefined);
    order.push(index);
    most = Math.max(most, limiter.held);
    await setTimeout(5);
    release();
    release();
  });
  controller.abort();
  const outcomes = await Promise.allSettled(work);
  expect(outcomes.map(each => each.status === 'fulfilled')).toEqual(
    Array.from({ length: 10 }, (_, index) => index !== 5),
  );
  expect(order).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9]);
  expect([most, limiter.held]).toEqual([2, 0]);
});
