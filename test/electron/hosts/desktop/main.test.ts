/** The built main bundle, executed in Node. The last test requires that no line of the host was left out. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { projectRoot } from '../../../tools/built.ts';
import { factsOfServer, muteServer, rememberServer } from '../../ipc/known-server.ts';
import type { Fake, StartOptions } from './harness.ts';
import { securityChecklist } from './checklist.ts';
import { Desktop } from './harness.ts';

let desktop: Desktop;
let fake: Fake;
beforeAll(async () => {
  desktop = await Desktop.build();
  fake = desktop.fake;
}, 60_000);
afterAll(() => desktop.remove());

const open = (options?: StartOptions) => desktop.open(options);
const invoke: Desktop['invoke'] = (...args) => desktop.invoke(...args);
const cancel: Desktop['cancel'] = (...args) => desktop.cancel(...args);

const settings = (id: string) => ({ id, call: 'settings.get', input: {} });

securityChecklist(() => desktop);

describe('messages', () => {
  afterEach(() => desktop.quit());

  it('that are malformed are refused by the schemas of the WebSocket', async () => {
    const { window } = await open();
    const malformed = [
      undefined,
      null,
      'text',
      [],
      {},
      { id: '1' },
      { call: 'settings.get' },
      { id: 1, call: 'settings.get' },
      { id: '', call: 'settings.get' },
      { id: 'x'.repeat(101), call: 'settings.get' },
      { id: '1', cancel: true },
    ];
    for (const message of malformed) {
      expect(await invoke(window, message)).toMatchObject({ failure: 'usage', problem: { code: 'message-malformed' } });
    }
    expect(await invoke(window, { id: '1', call: 'nothing', input: {} })).toMatchObject({
      problem: { code: 'unknown-operation' },
    });
    expect(await invoke(window, { id: '1', call: 'settings.set', input: { theme: 'pink' } })).toMatchObject({
      problem: { code: 'input-invalid' },
    });
  });

  it('stop a call when its page asks, and only then', async () => {
    const { port, close } = await muteServer();
    const { window } = await open();
    let ended = false;
    const reply = invoke(window, { id: '1', call: 'servers.hostKey', input: { host: '127.0.0.1', port } }).finally(
      () => {
        ended = true;
      },
    );
    cancel(window, { id: '1', cancel: true }, { senderFrame: fake.control.frame('https://evil.example/') });
    cancel(window, { id: '1', cancel: 'yes' });
    cancel(window, { id: '2', cancel: true });
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(ended).toBe(false);
    cancel(window, { id: '1', cancel: true });
    expect(await reply).toHaveProperty('problem');
    close();
  });

  it('tell the window what happens', async () => {
    const { window } = await open();
    await invoke(window, { id: '1', call: 'settings.set', input: { theme: 'dark' } });
    expect(window.webContents.sent).toContainEqual({
      channel: 'signet:event',
      args: [{ type: 'changed', what: 'settings' }],
    });
  });
});

describe('the window', () => {
  afterEach(() => desktop.quit());

  it('shows itself once it has painted, on a background of the theme', async () => {
    const tokens = readFileSync(join(projectRoot, 'renderer/app/tokens.css'), 'utf8');
    const pageBackgrounds = [...tokens.matchAll(/--bg: (#\w+);/g)].map(match => match[1]);
    for (const dark of [false, true]) {
      const { window } = await open({
        before: ({ nativeTheme }) => {
          nativeTheme.shouldUseDarkColors = dark;
        },
      });
      expect(pageBackgrounds[dark ? 1 : 0]).toBe(window.options['backgroundColor']);
      expect(window.options['show']).toBe(false);
      expect(window.done).toEqual(['load signet://app/']);
      window.emit('ready-to-show');
      expect(window.done).toEqual(['load signet://app/', 'show']);
      if (!dark) await desktop.quit();
    }
  });

  it('follows the theme that is set, now and at the next start', async () => {
    const { window, home } = await open();
    expect(fake.nativeTheme.themeSource).toBe('system');
    await invoke(window, { id: '1', call: 'settings.set', input: { theme: 'dark' } });
    await vi.waitFor(() => expect(fake.nativeTheme.themeSource).toBe('dark'));
    await desktop.quit();
    await open({ home });
    expect(fake.nativeTheme.themeSource).toBe('dark');
  });

  it('is where it was', async () => {
    const { window, home } = await open();
    expect(window.options).toMatchObject({ width: 1440, height: 900, minWidth: 800, minHeight: 600 });
    window.bounds = { x: 100, y: 50, width: 1100, height: 800 };
    window.maximized = true;
    await desktop.quit();
    expect(statSync(join(home, 'window/window.json')).mode & 0o777).toBe(0o600);
    const { window: next } = await open({ home });
    expect(next.options).toMatchObject({ x: 100, y: 50, width: 1100, height: 800 });
    next.emit('ready-to-show');
    expect(next.maximized).toBe(true);
  });

  it('comes back onto a screen, from one that is gone', async () => {
    const home = desktop.newHome();
    mkdirSync(join(home, 'window'));
    const state = { x: 5000, y: 10, width: 1100, height: 800, maximized: false };
    writeFileSync(join(home, 'window/window.json'), JSON.stringify(state));
    const { window } = await open({ home });
    expect(window.options).toMatchObject({ width: 1100, height: 800 });
    expect(window.options).not.toHaveProperty('x');
  });

  it('closes although its place cannot be written', async () => {
    const { home } = await open();
    mkdirSync(join(home, 'window/window.json.new'));
    await desktop.quit();
    expect(existsSync(join(home, 'window/window.json'))).toBe(false);
  });

  it('does not mind a load that is given up for another one', async () => {
    const { window } = await open({
      before: ({ state }) => {
        state.loadsAbort = true;
      },
    });
    expect(window.done).toEqual(['load signet://app/']);
  });

  it('offers to open the page again when its process is gone', async () => {
    const { window } = await open();
    window.webContents.emit('render-process-gone', {}, { reason: 'clean-exit' });
    expect(fake.state.messageBoxes).toEqual([]);
    window.webContents.emit('render-process-gone', {}, { reason: 'crashed' });
    await vi.waitFor(() => expect(window.done).toContain('reload'));
    expect(fake.state.messageBoxes[0]).toMatchObject({ message: 'The window has stopped working (crashed).' });
    fake.state.answer = 1;
    window.webContents.emit('render-process-gone', {}, { reason: 'oom' });
    await vi.waitFor(() => expect(fake.state.ended).toBe('quit'));
  });
});

describe('the app', () => {
  afterEach(() => desktop.quit());

  it('is there once: another start comes to the window that is open', async () => {
    const { window } = await open();
    fake.app.emit('second-instance');
    expect(window.done).toContain('focus');
    expect(window.done).not.toContain('restore');
    window.minimized = true;
    fake.app.emit('second-instance');
    expect(window.done).toContain('restore');
    expect(fake.BrowserWindow.all).toHaveLength(1);
    await desktop.quit();
    const { window: none } = await desktop.start({
      before: ({ state }) => {
        state.second = true;
      },
    });
    expect(none).toBeUndefined();
    expect(fake.state.ended).toBe('quit');
  });

  it('keeps what belongs to the window in its home, and elsewhere only without one', async () => {
    const { home } = await open();
    expect(fake.state.paths['userData']).toBe(join(home, 'window'));
    await desktop.quit();
    const { window } = await desktop.start({
      env: { SIGNET_HOME: '', HOME: home, XDG_DATA_HOME: join(home, 'data') },
      before: ({ state }) => {
        state.paths['userData'] = join(home, 'elsewhere');
      },
    });
    expect(window).toBeDefined();
    expect(fake.state.paths['userData']).toBe(join(home, 'elsewhere'));
  });

  it('ends with its last window, but on a Mac, where the next click opens another', async () => {
    const { window } = await open({ platform: 'linux' });
    window.close();
    await vi.waitFor(() => expect(fake.state.ended).toBe('quit'));
    await desktop.quit();
    const { window: mac } = await open({ platform: 'darwin' });
    mac.close();
    expect(fake.state.ended).toBeNull();
    // what happens without a window is told to nobody
    await expect(invoke(mac, settings('1'))).rejects.toThrow('refused');
    fake.app.emit('activate');
    expect(fake.BrowserWindow.all).toHaveLength(1);
  });

  it('stops what is under way before it ends', async () => {
    const { port, close } = await muteServer();
    const { window, home } = await open();
    const reply = invoke(window, { id: '1', call: 'servers.hostKey', input: { host: '127.0.0.1', port } });
    fake.app.quit();
    expect(fake.state.ended).toBeNull();
    // asked again while it is ending
    fake.app.quit();
    expect(await reply).toHaveProperty('problem');
    await desktop.quit();
    expect(fake.state.ended).toBe('quit');
    close();
    await open({ home });
  });

  it('asks before it ends with a run under way', async () => {
    const mute = await muteServer();
    const home = desktop.newHome();
    rememberServer(home, await factsOfServer(), mute.port);
    const { window } = await open({ home, env: { SIGNET_PASSPHRASE: 'correct horse' } });
    const call = (id: string, operation: string, input: object) => invoke(window, { id, call: operation, input });
    await call('1', 'servers.secrets', { name: 'mx1', secrets: { password: 'not asked for' } });
    await call('2', 'signing.stage', { targets: 'all', action: 'on', key: 'rsa1024' });
    const run = call('3', 'apply.run', {});
    const events = () =>
      window.webContents.sent.filter(({ args: [event] }) => (event as { type: string }).type === 'run');
    await vi.waitFor(() => expect(events()).not.toEqual([]));
    fake.state.answer = 1;
    window.close();
    // the window is there again, with the question on it
    await vi.waitFor(() => expect(fake.state.messageBoxes).toHaveLength(1));
    expect(fake.BrowserWindow.all).toHaveLength(1);
    fake.app.quit();
    await vi.waitFor(() => expect(fake.state.messageBoxes).toHaveLength(2));
    expect(fake.state.messageBoxes[1]).toMatchObject({ buttons: ['Stop the run and quit', 'Go on with the run'] });
    expect(fake.state.ended).toBeNull();
    fake.state.answer = 0;
    fake.app.quit();
    // asked twice in a row, one question is enough
    fake.app.quit();
    await run;
    await desktop.quit();
    expect(fake.state.messageBoxes).toHaveLength(3);
    mute.close();
  });

  it('says in a plain dialog why it cannot start: the home is in use', async () => {
    const home = desktop.newHome();
    const database = new DatabaseSync(join(home, 'signet.lock'));
    database.exec('BEGIN EXCLUSIVE');
    const { window } = await desktop.start({ home });
    expect(window).toBeUndefined();
    expect(fake.state.ended).toBe(1);
    expect(fake.state.errorBoxes).toHaveLength(1);
    expect(fake.state.errorBoxes[0]?.title).toMatch(/in use|uses/);
    expect(fake.state.errorBoxes[0]?.content).not.toBe('');
    expect(JSON.stringify(fake.state.errorBoxes)).not.toMatch(/\.js:\d+/);
    database.close();
  });

  it('says that its store is of a newer version, or that its files are missing', async () => {
    const { home } = await open();
    await desktop.quit();
    const database = new DatabaseSync(join(home, 'signet.db'));
    database.exec('PRAGMA user_version = 9999');
    database.close();
    await desktop.start({ home });
    expect(fake.state.errorBoxes[0]?.title).toMatch(/newer/);
    await desktop.quit();
    await desktop.start({ env: { SIGNET_VAULT: 'nothing' } });
    expect(fake.state.errorBoxes[0]?.title).toContain('SIGNET_VAULT');
  });

  it('ends on a defect of its own, with a dialog that has no stack', async () => {
    const { onDefect } = await open();
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onDefect(new RangeError('hunter2'));
    const lines = written.mock.calls.map(([line]) => String(line));
    expect(fake.state.ended).toBe(1);
    expect(fake.state.errorBoxes[0]?.title).toBe('Signet itself is at fault (RangeError).');
    expect(JSON.stringify(fake.state.errorBoxes)).not.toMatch(/hunter2|\.ts/);
    expect(lines).toEqual([expect.stringMatching(/^signet: RangeError at .*\n$/)]);
    onDefect('no error at all');
    expect(fake.state.errorBoxes[1]?.title).toBe('Signet itself is at fault (unknown error).');
    written.mockRestore();
    // the engine of this test is still open
    fake.state.ended = null;
  });
});

describe('the menu', () => {
  afterEach(() => desktop.quit());

  interface Item {
    readonly label?: string;
    readonly role?: string;
    readonly click?: () => void;
    readonly submenu?: readonly Item[];
  }
  const under = (label: string): readonly Item[] =>
    (fake.state.menu?.template as readonly Item[] | undefined)?.find(item => item.label === label)?.submenu ?? [];
  const hasTools = () => under('&View').some(item => item.role === 'toggleDevTools');

  it('has the developer tools in the source tree only, and so has the window', async () => {
    const { window } = await open();
    expect(hasTools()).toBe(true);
    expect(window.options.webPreferences['devTools']).toBe(true);
    await desktop.quit();
    const { window: packaged } = await open({
      before: ({ app }) => {
        app.isPackaged = true;
      },
    });
    expect(hasTools()).toBe(false);
    expect(packaged.options.webPreferences['devTools']).toBe(false);
  });

  it('opens the settings in the page that is there, or in a new window', async () => {
    const { window } = await open({ platform: 'darwin' });
    const settingsItem = under('Signet').find(item => item.label === 'Settings…');
    settingsItem?.click?.();
    expect(window.done.at(-1)).toBe('load signet://app/#/settings');
    window.close();
    fake.state.loadsAbort = true;
    settingsItem?.click?.();
    expect(fake.BrowserWindow.all[0]?.done).toEqual(['load signet://app/', 'load signet://app/#/settings']);
  });
});

describe('all of it', () => {
  it('was executed: every word of every line of electron/hosts/desktop in the bundle', async () => {
    const { modules, missed } = await desktop.executed();
    const files = readdirSync(join(projectRoot, 'electron/hosts/desktop')).filter(name => name !== 'preload.ts');
    expect([...modules].sort()).toEqual(files.map(name => `electron/hosts/desktop/${name}`).sort());
    expect(missed).toEqual([]);
  });
});
