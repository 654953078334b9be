/** The built desktop app in this process: Node loads the bundle, a stand-in for `electron` tells what it does. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { vi } from 'vitest';
import type * as electronFake from '../../../fakes/electron.ts';
import type { Built } from '../../../tools/built.ts';
import { build, projectRoot } from '../../../tools/built.ts';
import type { Executed } from '../../../tools/executed.ts';
import { Execution } from '../../../tools/executed.ts';

export type Fake = typeof electronFake;
export type FakeWindow = InstanceType<Fake['BrowserWindow']>;

const native = createRequire(import.meta.url)('../../../tools/native-import.ts') as {
  readonly standIn: (specifier: string, url: string) => () => void;
  readonly load: (url: string) => Promise<unknown>;
};

export interface Started {
  readonly home: string;
  /** What the app does on a defect that nobody caught. */
  readonly onDefect: (error: unknown) => void;
  /** Undefined where the app did not come to open one. */
  readonly window: FakeWindow | undefined;
}

export interface Opened extends Started {
  readonly window: FakeWindow;
}

const eventOf = ({ webContents }: FakeWindow) => ({ sender: webContents, senderFrame: webContents.mainFrame });

export interface StartOptions {
  readonly home?: string;
  readonly platform?: NodeJS.Platform;
  /** What is to be so before the app is loaded. */
  readonly before?: (fake: Fake) => void;
  readonly env?: NodeJS.ProcessEnv;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  await vi.waitFor(
    () => {
      if (!condition()) throw new Error(`it has not ${what}`);
    },
    { timeout: 10_000, interval: 5 },
  );
}

export class Desktop {
  readonly built: Built;
  readonly fake: Fake;
  readonly #execution: Execution;
  readonly #endStandIn: () => void;
  readonly #homes: string[] = [];
  readonly #main: string;
  #starts = 0;
  #restore: () => void = () => {};

  private constructor(built: Built, fake: Fake, execution: Execution, endStandIn: () => void) {
    this.built = built;
    this.fake = fake;
    this.#execution = execution;
    this.#endStandIn = endStandIn;
    this.#main = join(built.folder, 'main/main.js');
  }

  static async build(): Promise<Desktop> {
    const built = await build('main', 'preload');
    mkdirSync(join(built.folder, 'renderer/assets'), { recursive: true });
    writeFileSync(join(built.folder, 'renderer/index.html'), '<!doctype html><title>Signet</title>');
    writeFileSync(join(built.folder, 'renderer/assets/main.js'), 'export {};');
    const url = pathToFileURL(join(projectRoot, 'test/fakes/electron.ts')).href;
    const endStandIn = native.standIn('electron', url);
    const fake = (await native.load(url)) as Fake;
    const execution = new Execution();
    await execution.begin();
    return new Desktop(built, fake, execution, endStandIn);
  }

  newHome(): string {
    const home = mkdtempSync(join(tmpdir(), 'signet-home-'));
    this.#homes.push(home);
    return home;
  }

  /** A new process, as it were; the one before must have ended. */
  async start(options: StartOptions = {}): Promise<Started> {
    const { fake } = this;
    const home = options.home ?? this.newHome();
    fake.control.reset();
    options.before?.(fake);
    const env = { ...process.env };
    const platform = process.platform;
    const known = {
      uncaughtException: process.listeners('uncaughtException'),
      unhandledRejection: process.listeners('unhandledRejection'),
    };
    Object.assign(process.env, { SIGNET_HOME: home, SIGNET_VAULT: 'passphrase', ...options.env });
    Object.defineProperty(process, 'platform', { value: options.platform ?? platform });
    this.#restore = () => {
      Object.defineProperty(process, 'platform', { value: platform });
      for (const name of ['SIGNET_HOME', 'SIGNET_VAULT', ...Object.keys(options.env ?? {})]) {
        if (env[name] === undefined) delete process.env[name];
        else process.env[name] = env[name];
      }
    };
    this.#starts += 1;
    await native.load(`${pathToFileURL(this.#main).href}?start=${this.#starts}`);
    // the tests' own process keeps its own handlers
    const added = process.listeners('uncaughtException').filter(one => !known.uncaughtException.includes(one));
    for (const one of added) process.off('uncaughtException', one);
    for (const one of process.listeners('unhandledRejection')) {
      if (!known.unhandledRejection.includes(one)) process.off('unhandledRejection', one);
    }
    const [listener] = added;
    if (listener === undefined) throw new Error('nothing looks after defects');
    fake.control.becomeReady();
    await until(() => fake.BrowserWindow.all.length > 0 || fake.state.ended !== null, 'opened or ended');
    return {
      home,
      // anything can be thrown
      onDefect: error => listener(error as Error, 'uncaughtException'),
      window: fake.BrowserWindow.all[0],
    };
  }

  /** The same, of a start that comes to its window. */
  async open(options: StartOptions = {}): Promise<Opened> {
    const started = await this.start(options);
    const { window } = started;
    if (window === undefined) throw new Error(`no window: ${JSON.stringify(this.fake.state.errorBoxes)}`);
    return { ...started, window };
  }

  /** What the page gets for a message on the channel of calls; `from`: what is otherwise than with the page itself. */
  async invoke(window: FakeWindow, message: unknown, from: object = {}): Promise<unknown> {
    const handler = this.fake.state.invokable.get('signet:call');
    if (handler === undefined) throw new Error('no handler');
    return await handler({ ...eventOf(window), ...from }, message);
  }

  cancel(window: FakeWindow, message: unknown, from: object = {}): void {
    this.fake.ipcMain.emit('signet:cancel', { ...eventOf(window), ...from }, message);
  }

  /** The answer to a request of the page's own scheme. */
  async page(url: string, method = 'GET'): Promise<Response> {
    const handler = this.fake.state.handlers.get('signet');
    if (handler === undefined) throw new Error('no handler');
    return await handler(new Request(url, { method }));
  }

  /** Quits as a user does, and waits for the end. */
  async quit(): Promise<void> {
    if (this.fake.state.ended === null) this.fake.app.quit();
    await until(() => this.fake.state.ended !== null, 'ended');
    this.#restore();
  }

  /** The desktop host's modules in the main bundle, and their lines that were not executed. */
  async executed(): Promise<Executed> {
    const text = readFileSync(this.#main, 'utf8');
    return await this.#execution.of(pathToFileURL(this.#main).href, text, 'electron/hosts/desktop/');
  }

  remove(): void {
    this.#endStandIn();
    this.built.remove();
    for (const home of this.#homes) rmSync(home, { recursive: true, force: true });
  }
}
