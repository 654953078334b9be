/**
 * The built preload in a real Chromium, behind a shim of what Electron gives it, talking to the handlers of the real main
 * bundle. The page's side of the shim copies everything that crosses, as the context bridge does.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from '../../../../shared/bridge.ts';
import { launchBrowser } from '../../../tools/chromium.ts';
import type { FakeWindow } from './harness.ts';
import { Desktop } from './harness.ts';

/** Runs in the page before anything else: `require('electron')` of a sandboxed preload, and nothing more. */
function shim(preload: string): string {
  return `(() => {
    const heard = new Map();
    const exposed = [];
    const electron = {
      contextBridge: { exposeInMainWorld: (name, api) => { exposed.push(name); window[name] = Object.freeze({ ...api }); } },
      ipcRenderer: {
        invoke: async (channel, ...args) => {
          const { reply, error } = await window.mainInvoke(channel, structuredClone(args));
          if (error !== undefined) throw new Error(error);
          return reply;
        },
        send: (channel, ...args) => { void window.mainSend(channel, structuredClone(args)); },
        on: (channel, listener) => { heard.set(listener, channel); },
        off: (channel, listener) => { heard.delete(listener); },
      },
    };
    window.shim = { exposed, listeners: () => heard.size, deliver: (channel, args) => {
      for (const [listener, name] of heard) if (name === channel) listener({ sender: 'the real ipcRenderer' }, ...args);
    } };
    const require = name => { if (name !== 'electron') throw new Error('a sandboxed preload has no ' + name); return electron; };
    (function (require, module, exports, process) { ${preload}
    })(require, {}, {}, undefined);
  })();`;
}

let desktop: Desktop;
let window: FakeWindow;
let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  desktop = await Desktop.build();
  ({ window } = await desktop.open());
  server = createServer((_request, response) => response.end('<!doctype html><title>page</title>')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.exposeFunction('mainInvoke', async (channel: string, args: readonly unknown[]) => {
    const handler = desktop.fake.state.invokable.get(channel);
    const { webContents } = window;
    try {
      return { reply: await handler?.({ sender: webContents, senderFrame: webContents.mainFrame }, ...args) };
    } catch (error) {
      return { error: String(error) };
    }
  });
  await page.exposeFunction('mainSend', (channel: string, args: readonly unknown[]) => {
    const { webContents } = window;
    desktop.fake.ipcMain.emit(channel, { sender: webContents, senderFrame: webContents.mainFrame }, ...args);
  });
  await page.addInitScript({ content: shim(readFileSync(join(desktop.built.folder, 'preload/preload.cjs'), 'utf8')) });
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/`);
}, 90_000);

afterAll(async () => {
  await browser.close();
  server.close();
  await desktop.quit();
  desktop.remove();
});

const inPage = <T>(expression: string): Promise<T> => page.evaluate<T>(expression);

describe('the preload', () => {
  it('exposes one object with three functions, and nothing of Electron', async () => {
    expect(await inPage('shim.exposed')).toEqual(['signet']);
    expect(await inPage('Object.entries(signet).map(([name, value]) => [name, typeof value])')).toEqual([
      ['call', 'function'],
      ['cancel', 'function'],
      ['subscribe', 'function'],
    ]);
    expect(await inPage('[typeof window.require, typeof window.process, typeof window.ipcRenderer]')).toEqual([
      'undefined',
      'undefined',
      'undefined',
    ]);
  });

  it('carries calls and problems', async () => {
    expect(await inPage<Reply>("signet.call('settings.get', {}, '1')")).toHaveProperty('result.theme', 'system');
    expect(await inPage<Reply>("signet.call('servers.remove', { name: 'mx1' }, '2')")).toMatchObject({
      failure: 'refused',
      problem: { code: 'unknown-server', severity: 'stop' },
    });
  });

  it('cannot be made to send anything else: malformed payloads are refused by the main process', async () => {
    for (const call of [
      "signet.call(1, {}, '1')",
      "signet.call('settings.get', {}, 5)",
      "signet.call('settings.get', {}, '')",
      'signet.call()',
    ]) {
      expect(await inPage<Reply>(call)).toMatchObject({ problem: { code: 'message-malformed' } });
    }
  });

  it('stops a call', async () => {
    const silent = createTcpServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const reply = await inPage<Reply>(`(() => {
      const reply = signet.call('servers.hostKey', { host: '127.0.0.1', port: ${port} }, 'long');
      setTimeout(() => signet.cancel('long'), 100);
      return reply;
    })()`);
    expect(reply).toHaveProperty('problem');
    silent.close();
  });

  it('passes events without the event object of Electron, until they are no longer wanted', async () => {
    await inPage('window.got = []; window.end = signet.subscribe((...args) => got.push(args)); 0');
    await inPage("signet.call('settings.set', { theme: 'dark' }, '3')");
    const sent = window.webContents.sent.at(-1);
    expect(sent?.channel).toBe('signet:event');
    const deliver = `shim.deliver(${JSON.stringify(sent?.channel)}, ${JSON.stringify(sent?.args)})`;
    await inPage(deliver);
    expect(await inPage('got')).toEqual([[{ type: 'changed', what: 'settings' }]]);
    await inPage('end()');
    await inPage(deliver);
    expect(await inPage('[got.length, shim.listeners()]')).toEqual([1, 0]);
  });
});
