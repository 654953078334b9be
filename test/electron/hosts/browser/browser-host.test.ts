import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RunningEngine } from '../../../../electron/compose.ts';
import { startEngine } from '../../../../electron/compose.ts';
import type { BrowserHost, Limits } from '../../../../electron/hosts/browser/browser-host.ts';
import { startBrowserHost } from '../../../../electron/hosts/browser/browser-host.ts';
import { readPage } from '../../../../electron/hosts/window/page-files.ts';
import type { Client, EngineEvent, Input, Operation, Result } from '../../../../shared/contract.ts';
import { closeCodes } from '../../../../shared/bridge-wire.ts';
import { Page, request, tokenOf } from '../../../tools/page.ts';
import { codeOf } from '../../../tools/problem-of.ts';

let engine: RunningEngine;
let home: string;
let folder: string;
const reports: string[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'signet-home-'));
  folder = join(home, 'page', 'renderer');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Signet</title>');
  writeFileSync(join(folder, 'assets/main.js'), 'export {};');
  writeFileSync(join(folder, 'assets/notes.secret'), 'no type, not served');
  writeFileSync(join(home, 'page', 'outside.html'), 'outside');
  engine = await startEngine({ home: join(home, 'signet'), command: 'test', env: { SIGNET_VAULT: 'passphrase' } });
});
beforeEach(() => {
  reports.length = 0;
});
afterAll(async () => {
  await engine.close();
  rmSync(home, { recursive: true, force: true });
});

/** An engine that does what the test says. */
function clientOf(work: (signal: AbortSignal | undefined) => Promise<unknown>) {
  const listeners = new Set<(event: EngineEvent) => void>();
  const client: Client = {
    call: <O extends Operation>(_operation: O, _input: Input<O>, options?: { readonly signal?: AbortSignal }) =>
      work(options?.signal) as Promise<Result<O>>,
    subscribe: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { client, emit: (event: EngineEvent) => listeners.forEach(listener => listener(event)) };
}

async function serve(limits: Partial<Limits> = {}, client: Client = engine): Promise<BrowserHost> {
  const host = await startBrowserHost({
    client,
    page: readPage(folder),
    port: 0,
    report: line => reports.push(line),
    limits,
  });
  onTestFinished(() => host.close());
  return host;
}

async function admitted(host: BrowserHost): Promise<Page> {
  const page = new Page(host.port);
  await page.hello(tokenOf(host.newAddress()));
  return page;
}

/** A server on loopback that takes connections and never says a word: a call to it lasts until it is stopped. */
async function silentServer(): Promise<number> {
  const server = createServer(socket => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('the page', () => {
  it('is served with its types and strict headers', async () => {
    const { port } = await serve();
    const index = await request(port, '/');
    expect(index.status).toBe(200);
    expect(index.body).toContain('<title>Signet</title>');
    expect(index.headers['content-type']).toBe('text/html; charset=utf-8');
    const script = await request(port, '/assets/main.js?v=1');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    for (const { headers } of [index, script]) {
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${port}`);
      expect(policy.join(' ')).not.toMatch(/unsafe|data:|\*/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  it('answers HEAD without a body', async () => {
    const { port } = await serve();
    expect(await request(port, '/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect(await request(port, '/nothing', { method: 'HEAD' })).toMatchObject({ status: 404, body: '' });
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('refuses %s', async method => {
    const { port } = await serve();
    const answer = await request(port, '/', { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
  });

  it.each([
    '/../outside.html',
    '/assets/../../outside.html',
    '/%2e%2e/outside.html',
    '/%2E%2E%2Foutside.html',
    '/assets/..%2f..%2foutside.html',
    '/assets/%252e%252e/outside.html',
    '/..\\outside.html',
    '/..%5coutside.html',
    '//outside.html',
    '/index.html%00.js',
    '/assets',
    '/assets/',
    '/assets/notes.secret',
    '/./index.html',
    'http://127.0.0.1/index.html',
    '*',
  ])('knows no file %s', async path => {
    const { port } = await serve();
    const answer = await request(port, path);
    expect(answer.status).toBe(404);
    expect(answer.body).toBe('404\n');
  });

  it.each(['evil.example', '127.0.0.1', 'localhost', '127.0.0.1:1', '127.0.0.1.evil.example:PORT', 'LOCALHOST:PORT'])(
    'refuses the host %s, as after DNS rebinding',
    async name => {
      const { port } = await serve();
      const host = name.replace('PORT', String(port));
      const answer = await request(port, '/', { headers: { Host: host } });
      expect(answer.status).toBe(421);
      expect(answer.body).not.toContain('Signet');
      const page = new Page(port, { host, origin: `http://${host}` });
      expect(await page.ended).toBe(421);
    },
  );

  it('is at localhost, too', async () => {
    const { port } = await serve();
    const answer = await request(port, '/', { headers: { Host: `localhost:${port}` } });
    expect(answer.headers['content-security-policy']).toContain(`ws://localhost:${port}`);
  });

  it('refuses a foreign origin and sends no CORS header, whoever asks', async () => {
    const { port } = await serve();
    for (const origin of ['https://evil.example', 'null', `https://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      const answer = await request(port, '/assets/main.js', { headers: { Origin: origin } });
      expect(answer.status).toBe(403);
      expect(Object.keys(answer.headers).filter(name => name.startsWith('access-control'))).toEqual([]);
    }
    const own = await request(port, '/', { headers: { Origin: `http://127.0.0.1:${port}` } });
    expect(own.status).toBe(200);
    expect(Object.keys(own.headers).filter(name => name.startsWith('access-control'))).toEqual([]);
  });

  it('must have been built', async () => {
    expect(await codeOf(() => readPage(join(folder, 'nowhere')))).toBe('page-missing');
    expect(await codeOf(() => readPage(join(folder, 'assets')))).toBe('page-missing');
  });
});

describe('listening', () => {
  it('is on 127.0.0.1 and on nothing else', async () => {
    const { port } = await serve();
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(file =>
      readFileSync(file, 'latin1')
        .split('\n')
        .map(line => line.trim().split(/\s+/))
        .filter(fields => fields[3] === '0A' && fields[1]?.endsWith(`:${hex}`) === true)
        .map(fields => fields[1]),
    );
    expect(listening).toEqual([`0100007F:${hex}`]);
    await expect(request(port, '/', { address: '127.0.0.2' })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('says when the port is taken', async () => {
    const { port } = await serve();
    const again = () => startBrowserHost({ client: engine, page: readPage(folder), port, report: () => {} });
    expect(await codeOf(again)).toBe('port-in-use');
  });
});

describe('the token', () => {
  it('has at least 128 bits, is in the fragment, and differs every time', async () => {
    const host = await serve();
    const addresses = [host.newAddress(), host.newAddress()];
    for (const address of addresses) {
      expect(address).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${host.port}/#token=[A-Za-z0-9_-]+$`));
      expect(Buffer.from(tokenOf(address), 'base64url').byteLength).toBeGreaterThanOrEqual(16);
    }
    expect(new Set(addresses).size).toBe(2);
  });

  it('is refused when wrong, and the right one still works', async () => {
    const host = await serve();
    const token = tokenOf(host.newAddress());
    const wrong = new Page(host.port);
    await wrong.send(JSON.stringify({ token: `${token}x` }));
    expect(await wrong.ended).toBe(closeCodes.tokenRefused);
    expect(await new Page(host.port).hello(token)).not.toBe(token);
  });

  it('opens one page only; the session that the page got opens its next socket', async () => {
    const host = await serve();
    const token = tokenOf(host.newAddress());
    const first = new Page(host.port);
    const session = await first.hello(token);
    const thief = new Page(host.port);
    await thief.send(JSON.stringify({ token }));
    expect(await thief.ended).toBe(closeCodes.tokenRefused);
    first.socket.close();
    await first.ended;
    const reloaded = new Page(host.port);
    expect(await reloaded.hello(session)).toBe(session);
    expect(await reloaded.call('1', 'settings.get')).toHaveProperty('result');
  });

  it('is void once a newer address was asked for, and sessions live on', async () => {
    const host = await serve();
    const session = await new Page(host.port).hello(tokenOf(host.newAddress()));
    const old = tokenOf(host.newAddress());
    host.newAddress();
    const page = new Page(host.port);
    await page.send(JSON.stringify({ token: old }));
    expect(await page.ended).toBe(closeCodes.tokenRefused);
    expect(await new Page(host.port).hello(session)).toBe(session);
  });

  it('is missing: a call before the hello ends the socket, unanswered', async () => {
    const host = await serve();
    const page = new Page(host.port);
    const answers: string[] = [];
    page.socket.on('message', data => answers.push(data.toString()));
    await page.send(JSON.stringify({ id: '1', call: 'settings.get', input: {} }));
    expect(await page.ended).toBe(closeCodes.malformed);
    expect(answers).toEqual([]);
  });

  it('must come soon', async () => {
    const host = await serve({ helloMs: 50 });
    expect(await new Page(host.port).ended).toBe(closeCodes.tokenRefused);
  });

  it('of one process opens nothing in the next', async () => {
    const host = await serve();
    const session = await new Page(host.port).hello(tokenOf(host.newAddress()));
    const next = await serve();
    const page = new Page(next.port);
    await page.send(JSON.stringify({ token: session }));
    expect(await page.ended).toBe(closeCodes.tokenRefused);
  });
});

describe('the socket', () => {
  it.each([
    ['a foreign page', 'https://evil.example'],
    ['a page of another port', 'http://127.0.0.1:1'],
    ['a sandboxed frame', 'null'],
    ['a program that names no origin', null],
  ])('refuses %s although it has the token', async (_who, origin) => {
    const host = await serve();
    const page = new Page(host.port, { origin });
    expect(await page.ended).toBe(403);
  });

  it('refuses localhost for 127.0.0.1', async () => {
    const { port } = await serve();
    expect(await new Page(port, { origin: `http://localhost:${port}` }).ended).toBe(403);
    const own = new Page(port, { origin: `http://localhost:${port}`, host: `localhost:${port}` });
    await once(own.socket, 'open');
    own.socket.close();
  });

  it('is at one path', async () => {
    const host = await serve();
    for (const path of ['/', '/ws/', '/ws?token=x', '/assets/main.js']) {
      expect(await new Page(host.port, { path }).ended).toBe(404);
    }
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['a list', '[]'],
    ['a call without an id', '{"call":"settings.get"}'],
    ['an id that is no text', '{"id":1,"call":"settings.get"}'],
    ['an id without end', JSON.stringify({ id: 'x'.repeat(101), call: 'settings.get' })],
    ['a second hello', '{"token":"x"}'],
    ['bytes', Buffer.from('{"id":"1","call":"settings.get","input":{}}')],
  ])('is closed on %s', async (_what, data) => {
    const host = await serve();
    const page = await admitted(host);
    await page.send(data);
    expect(await page.ended).toBe(closeCodes.malformed);
  });

  it('is closed on a message over the limit', async () => {
    const host = await serve({ messageBytes: 10_000 });
    const page = await admitted(host);
    await page.send(JSON.stringify({ id: '1', call: 'pending.import', input: { text: 'x'.repeat(9000) } }));
    await page.send(JSON.stringify({ id: '2', call: 'pending.import', input: { text: 'x'.repeat(10_000) } }));
    expect(await page.ended).toBe(1009);
  });

  it('takes little from a stranger: neither a large hello nor large pieces of one', async () => {
    const host = await serve();
    const large = new Page(host.port);
    await large.send(JSON.stringify({ token: 'x'.repeat(100_000) }));
    expect(await large.ended).toBe(1006);
    const piecemeal = new Page(host.port);
    await once(piecemeal.socket, 'open');
    const feed = setInterval(() => piecemeal.socket.send('x'.repeat(1000), { fin: false }), 5);
    expect(await piecemeal.ended).toBe(1006);
    clearInterval(feed);
  });

  it('takes large messages of a page that was admitted', async () => {
    const host = await serve();
    const page = await admitted(host);
    const reply = await page.call('1', 'pending.import', { text: 'x'.repeat(3_000_000) });
    expect(reply).toMatchObject({ problem: { severity: 'stop' } });
  });
});

describe('calls', () => {
  it('reach the engine and come back', async () => {
    const page = await admitted(await serve());
    expect(await page.call('1', 'servers.list')).toEqual({ id: '1', result: [] });
    expect(await page.call('2', 'settings.set', { theme: 'dark' })).toMatchObject({ result: { theme: 'dark' } });
    expect((await engine.call('settings.get', {})).theme).toBe('dark');
  });

  it.each([
    ['nothing.at-all', {}, 'usage', 'unknown-operation'],
    ['constructor', {}, 'usage', 'unknown-operation'],
    ['__proto__', {}, 'usage', 'unknown-operation'],
    ['settings.set', { theme: 'pink' }, 'usage', 'input-invalid'],
    ['servers.remove', { name: 'mx1' }, 'refused', 'unknown-server'],
  ])('that fail come back as a problem: %s %j', async (operation, input, failure, code) => {
    const page = await admitted(await serve());
    const reply = await page.call('1', operation, input);
    expect(reply).toMatchObject({ id: '1', failure, problem: { code } });
    expect(JSON.stringify(reply)).not.toMatch(/\bat .*:\d+|node:|\.ts/);
    expect(reports).toEqual([]);
  });

  it('that fail by a defect tell the page which, and the log where', async () => {
    const { client } = clientOf(() => Promise.reject(new TypeError('hunter2 in /home/admin/secrets')));
    const page = await admitted(await serve({}, client));
    const reply = await page.call('1', 'domains.list');
    expect(reply).toMatchObject({
      failure: 'failed',
      problem: { code: 'internal', message: 'Signet itself is at fault: TypeError in domains.list.' },
    });
    expect(JSON.stringify(reply)).not.toMatch(/hunter2|secrets|\.ts/);
    expect(reports).toEqual([
      expect.stringMatching(/^domains\.list: TypeError at .*browser-host\.test\.ts:\d+:\d+\)?$/),
    ]);
    expect(reports.join('')).not.toContain('hunter2');
  });

  it('that are stopped without a problem of their own come back as stopped', async () => {
    const { client } = clientOf(async signal => {
      await sleep(60_000, null, signal === undefined ? {} : { signal });
    });
    const page = await admitted(await serve({}, client));
    const reply = page.call('1', 'scan.run');
    await page.cancel('1');
    expect(await reply).toMatchObject({ failure: 'incomplete', problem: { code: 'stopped', severity: 'info' } });
  });

  it('are stopped by their page', async () => {
    const port = await silentServer();
    const page = await admitted(await serve());
    const reply = page.call('1', 'servers.hostKey', { host: '127.0.0.1', port });
    await sleep(100);
    await page.cancel('unknown');
    await page.cancel('1');
    expect(await reply).toMatchObject({ id: '1', problem: { code: expect.stringMatching(/stopped|cancelled/) } });
  });

  it('that are under way may be so many and no more, each under its own id', async () => {
    const port = await silentServer();
    const page = await admitted(await serve());
    const first = page.call('0', 'servers.hostKey', { host: '127.0.0.1', port });
    const again = await page.call('0', 'settings.get');
    expect(again).toMatchObject({ problem: { code: 'call-id-in-use' } });
    for (let i = 1; i < 64; i += 1) void page.call(String(i), 'servers.hostKey', { host: '127.0.0.1', port });
    expect(await page.call('64', 'settings.get')).toMatchObject({ problem: { code: 'too-many-calls' } });
    await page.cancel('1');
    await vi.waitFor(async () => expect(await page.call('65', 'settings.get')).toHaveProperty('result'));
    void first;
  });

  it('go on when their page is gone', async () => {
    const port = await silentServer();
    const host = await serve();
    const page = await admitted(host);
    void page.call('1', 'servers.hostKey', { host: '127.0.0.1', port });
    await vi.waitFor(() => expect(host.running()).toBe(1));
    page.socket.terminate();
    await page.ended;
    await sleep(50);
    expect(host.running()).toBe(1);
  });
});

describe('events', () => {
  it('reach every page that was admitted, and nobody else', async () => {
    const host = await serve();
    const pages = [await admitted(host), await admitted(host)];
    const stranger = new Page(host.port);
    await once(stranger.socket, 'open');
    const heard: string[] = [];
    stranger.socket.on('message', data => heard.push(data.toString()));
    await engine.call('settings.set', { theme: 'light' });
    await vi.waitFor(() => {
      for (const page of pages) expect(page.events).toContainEqual({ type: 'changed', what: 'settings' });
    });
    expect(heard).toEqual([]);
  });

  it('do not pile up for a page that does not read', async () => {
    const { client, emit } = clientOf(async () => null);
    const host = await serve({ unreadBytes: 1_000_000 }, client);
    const page = await admitted(host);
    page.socket.pause();
    const message = 'x'.repeat(1_000_000);
    for (let i = 0; i < 40; i += 1) {
      emit({ type: 'scan', server: 'mx1', state: 'started', message });
      await sleep(5);
    }
    page.socket.resume();
    expect(await page.ended).toBe(1006);
    expect(page.events.length).toBeLessThan(40);
  });
});

describe('the end', () => {
  it('stops what is under way, tells the pages, and leaves nothing open', async () => {
    const port = await silentServer();
    const host = await serve();
    const page = await admitted(host);
    const idle = new Page(host.port);
    await once(idle.socket, 'open');
    const reply = page.call('1', 'servers.hostKey', { host: '127.0.0.1', port });
    await vi.waitFor(() => expect(host.running()).toBe(1));
    await host.close();
    expect(await reply).toHaveProperty('problem');
    expect(await page.ended).toBe(closeCodes.shuttingDown);
    expect(await idle.ended).toBe(closeCodes.shuttingDown);
    await expect(request(host.port, '/')).rejects.toThrow(/ECONNREFUSED/);
  });
});
