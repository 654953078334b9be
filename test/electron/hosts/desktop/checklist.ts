/** Electron's security checklist, item by item (electronjs.org/docs/latest/tutorial/security), on the executed main bundle. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FuseV1Options } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuses } from '../../../../.config/packaging.ts';
import { contentPolicy, pageHeaders } from '../../../../electron/hosts/window/page-headers.ts';
import { projectRoot } from '../../../tools/built.ts';
import type { Desktop, Fake, FakeWindow } from './harness.ts';

const settings = { id: '1', call: 'settings.get', input: {} };

/** A part of main.test.ts, which counts the lines that are executed. */
export function securityChecklist(built: () => Desktop): void {
  describe('the security checklist', () => {
    let desktop: Desktop;
    let fake: Fake;
    let window: FakeWindow;
    const preferences = () => window.options.webPreferences;
    const session = () => fake.session.defaultSession;
    const ask = (handler: unknown, ...args: readonly unknown[]): unknown =>
      (handler as (...args: readonly unknown[]) => unknown)(...args);
    const requested = (permission: string, requestingUrl: string, isMainFrame = true): unknown => {
      const answers: unknown[] = [];
      const answer = (granted: unknown) => answers.push(granted);
      ask(session().permissionRequest, window.webContents, permission, answer, { requestingUrl, isMainFrame });
      return answers[0];
    };
    const loaded = (url: string): boolean => {
      const answers: { readonly cancel: boolean }[] = [];
      ask(session().beforeRequest, { url }, (answer: { readonly cancel: boolean }) => answers.push(answer));
      return answers[0]?.cancel === false;
    };
    const navigate = (url: string, name = 'will-navigate', isMainFrame = true): boolean =>
      !fake.control.cancellable(window.webContents, name, { url, isMainFrame }).defaultPrevented;

    beforeAll(async () => {
      desktop = built();
      fake = desktop.fake;
      ({ window } = await desktop.open());
    });
    afterAll(() => desktop.quit());

    it('1: loads only its own files, over nothing insecure', () => {
      expect(window.done).toContain('load signet://app/');
      expect(loaded('signet://app/assets/main.js')).toBe(true);
      expect(loaded('blob:signet://app/4711')).toBe(true);
      for (const url of [
        'http://example.com/',
        'https://example.com/',
        'file:///etc/passwd',
        'signet://evil/',
        'blob:https://a/1',
        'ws://127.0.0.1:1/',
      ]) {
        expect([url, loaded(url)]).toEqual([url, false]);
      }
    });
    it('2: gives the page no Node', () => {
      expect(preferences()).toMatchObject({
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
      });
    });
    it('3: isolates the preload from the page', () => {
      expect(preferences()['contextIsolation']).toBe(true);
    });
    it('4: has every renderer in a sandbox', () => {
      expect(preferences()['sandbox']).toBe(true);
      expect(fake.state.sandboxed).toBe(true);
    });
    it('5: grants no permission, but for copying text to our own page', () => {
      for (const permission of [
        'media',
        'geolocation',
        'notifications',
        'clipboard-read',
        'openExternal',
        'hid',
        'fileSystem',
      ]) {
        expect([permission, requested(permission, 'signet://app/')]).toEqual([permission, false]);
        expect(ask(session().permissionCheck, window.webContents, permission, 'signet://app/', {})).toBe(false);
      }
      expect(requested('clipboard-sanitized-write', 'signet://app/#/domains')).toBe(true);
      expect(requested('clipboard-sanitized-write', 'signet://app/', false)).toBe(false);
      expect(requested('clipboard-sanitized-write', 'https://evil.example/')).toBe(false);
      expect(ask(session().permissionCheck, null, 'clipboard-sanitized-write', 'signet://app/', {})).toBe(true);
      expect(ask(session().devicePermission, {})).toBe(false);
      const streams: unknown[] = [];
      ask(session().displayMedia, {}, (chosen: unknown) => streams.push(chosen));
      expect(streams).toEqual([{}]);
    });
    it('6: leaves webSecurity on', () => {
      expect(preferences()['webSecurity']).toBe(true);
    });
    it('7: has a content policy on every answer, the one of the browser host', async () => {
      for (const url of ['signet://app/', 'signet://app/assets/main.js', 'signet://app/nothing']) {
        expect(Object.fromEntries((await desktop.page(url)).headers)).toMatchObject(
          Object.fromEntries(Object.entries(pageHeaders()).map(([name, value]) => [name.toLowerCase(), value])),
        );
      }
      expect(contentPolicy()).not.toMatch(/unsafe|data:|\*|https?:/);
      expect(contentPolicy()).toContain("default-src 'none'; script-src 'self'");
    });
    it('8: allows no insecure content', () => {
      expect(preferences()['allowRunningInsecureContent']).toBe(false);
    });
    it('9: has no experimental features', () => {
      expect(preferences()['experimentalFeatures']).toBe(false);
    });
    it('10: enables no features of Blink', () => {
      expect(Object.keys(preferences()).filter(name => /blink/i.test(name))).toEqual([]);
    });
    it('11: has no web views, and so none that open windows', () => {
      expect(preferences()['webviewTag']).toBe(false);
    });
    it('12: lets no web view be attached', () => {
      expect(fake.control.cancellable(window.webContents, 'will-attach-webview', {}).defaultPrevented).toBe(true);
    });
    it('13: navigates nowhere: a reload is all', () => {
      expect(navigate('signet://app/')).toBe(true);
      expect(navigate('signet://app/#/servers')).toBe(true);
      for (const url of [
        'signet://app/other.html',
        'signet://evil/',
        'file:///etc/passwd',
        'data:text/html,x',
        'http://example.com/',
      ]) {
        expect([url, navigate(url)]).toEqual([url, false]);
      }
      expect(navigate('signet://app/', 'will-navigate', false)).toBe(false);
      expect(navigate('signet://app/', 'will-frame-navigate', false)).toBe(false);
      expect(navigate('signet://app/', 'will-frame-navigate')).toBe(true);
      expect(navigate('signet://app/', 'will-redirect')).toBe(false);
    });
    it('14: opens no window', () => {
      for (const url of ['signet://app/', 'https://example.com/', 'about:blank', 'javascript:alert(1)']) {
        expect(window.webContents.openHandler?.({ url })).toEqual({ action: 'deny' });
      }
      expect(fake.BrowserWindow.all).toHaveLength(1);
    });
    it('15: opens outside only what is https, without a log-in in it', async () => {
      fake.state.external.length = 0;
      const refused = [
        'http://example.com/',
        'file:///usr/bin/xcalc',
        'javascript:alert(1)',
        'smb://host/share',
        'signet://app/',
        'https://user:pw@example.com/',
        'https://user@example.com/',
        'ms-msdt:/id',
        'nonsense',
        '',
      ];
      for (const url of refused) {
        window.webContents.openHandler?.({ url });
        navigate(url);
      }
      expect(fake.state.external).toEqual([]);
      window.webContents.openHandler?.({ url: 'https://example.com/a?b=c' });
      navigate('https://example.com/d');
      fake.state.externalFails = true;
      navigate('https://example.com/e');
      expect(fake.state.external).toEqual([
        'https://example.com/a?b=c',
        'https://example.com/d',
        'https://example.com/e',
      ]);
    });
    it('16: is built on an exact, current Electron', () => {
      const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
        readonly devDependencies: { readonly electron: string };
      };
      expect(manifest.devDependencies.electron).toMatch(/^45\.\d+\.\d+$/);
    });
    it('17: answers the page in its own window and nobody else', async () => {
      expect(await desktop.invoke(window, settings)).toHaveProperty('result.theme');
      const { webContents } = window;
      const strangers = {
        'another window': { sender: { mainFrame: webContents.mainFrame } },
        'a frame in the page': { senderFrame: fake.control.frame('signet://app/', webContents.mainFrame) },
        'a page of another origin': { senderFrame: fake.control.frame('https://evil.example/') },
        'a page that looks like ours': { senderFrame: fake.control.frame('https://app/') },
        'another host of our scheme': { senderFrame: fake.control.frame('signet://evil/') },
        'no address at all': { senderFrame: fake.control.frame('') },
        'a frame that is gone': { senderFrame: null },
      };
      for (const from of Object.values(strangers)) {
        await expect(desktop.invoke(window, settings, from)).rejects.toThrow(/^refused$/);
      }
    });
    it('18: is a scheme of its own with the rights of a web page, not file://', async () => {
      expect(fake.state.schemes).toEqual([
        { scheme: 'signet', privileges: { standard: true, secure: true, supportFetchAPI: true } },
      ]);
      const index = await desktop.page('signet://app/');
      expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(await index.text()).toContain('<title>Signet</title>');
      for (const url of [
        'signet://app/../main/main.js',
        'signet://app/%2e%2e/main/main.js',
        'signet://app/..%2fmain%2fmain.js',
        'signet://evil/index.html',
      ]) {
        expect([url, (await desktop.page(url)).status]).toEqual([url, 404]);
      }
      expect((await desktop.page('signet://app/', 'POST')).status).toBe(404);
    });
    it('19: has the fuses off that it does not need, and all of them decided', () => {
      expect(fuses).toMatchObject({
        strictlyRequireAllFuses: true,
        [FuseV1Options.RunAsNode]: false,
        [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
        [FuseV1Options.EnableNodeCliInspectArguments]: false,
        [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
        [FuseV1Options.OnlyLoadAppFromAsar]: true,
        [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
      });
    });
    it('20: exposes one bridge of three functions (preload.test.ts) behind two channels', () => {
      expect([...fake.state.invokable.keys()]).toEqual(['signet:call']);
      expect(fake.ipcMain.eventNames()).toEqual(['signet:cancel']);
      expect(preferences()['preload']).toBe(join(desktop.built.folder, 'preload/preload.cjs'));
    });
    it('and more: no spelling dictionaries from the network, no downloads but the page\u2019s own files', () => {
      expect(preferences()).toMatchObject({ spellcheck: false, navigateOnDragDrop: false });
      expect(session().spellChecker).toBe(false);
      const download = (url: string) =>
        !fake.control.cancellable(session().downloads, 'will-download', {}, { getURL: () => url }).defaultPrevented;
      expect(download('blob:signet://app/1')).toBe(true);
      expect(download('https://example.com/x.exe')).toBe(false);
    });
  });
}
