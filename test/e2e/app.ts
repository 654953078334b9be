/** Signet as a person has it: `signet serve` on a home, and its window in Debian's Chromium. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { projectRoot } from '../tools/built.ts';
import { makeHome, startSignet, type Home, type RunningCli } from '../tools/cli.ts';
import type { Relay } from './relay.ts';

export const wide = { width: 1440, height: 900 } as const;
/** The least that the window is made for. */
export const small = { width: 1024, height: 700 } as const;

const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function launchBrowser(...more: readonly string[]): Promise<Browser> {
  const args = [...browserArguments, ...more];
  return chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args });
}

export interface Engine {
  /** Opens one page. */
  readonly url: string;
  /** As a laptop that is switched off: nothing is said, nothing is finished. */
  kill(): Promise<void>;
  /** Ctrl-C: stops at the next safe points. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  readonly port?: number;
  /** Over the environment of test/tools/cli.ts. */
  readonly env?: Readonly<Record<string, string>>;
}

async function addressOf(program: RunningCli): Promise<string> {
  const first = await vi.waitFor(
    () => {
      const [line = '', ...rest] = program.stdout().split('\n');
      if (rest.length === 0) throw new Error('signet serve has said nothing');
      return line;
    },
    { timeout: 30_000, interval: 50 },
  );
  return (JSON.parse(first) as { readonly url: string }).url;
}

export async function startEngine(home: Home, options: EngineOptions = {}): Promise<Engine> {
  const port = options.port === undefined ? [] : ['--port', String(options.port)];
  const program = startSignet(['serve', '--no-open', '--json', ...port], {
    home,
    timeoutMs: 600_000,
    ...(options.env && { env: options.env }),
  });
  const ended = program.ended.then(result => ({ ...result, unexpected: true }));
  const failed = ended.then(({ stderr }) => Promise.reject(new Error(`signet serve ended: ${stderr}`)));
  const url = await Promise.race([addressOf(program), failed]);
  failed.catch(() => undefined);
  const end = async (signal: NodeJS.Signals) => {
    program.kill(signal);
    await program.ended;
  };
  return { url, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

/** What the page complained of: a person would not see it, and it is a defect all the same. */
export interface Complaints {
  /** These are part of the test: the browser's own line about a socket that is gone, for one. */
  expect(pattern: RegExp): void;
  take(): readonly string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly complaints: Complaints }> {
  // nothing that moves has a place in a test, and people can ask for that
  const context = await browser.newContext({ viewport: wide, reducedMotion: 'reduce', locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const lines: string[] = [];
  const expected: RegExp[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') lines.push(message.text());
  });
  page.on('pageerror', error => lines.push(String(error)));
  await page.goto(url);
  // a page that is left before it was welcomed has lost its token
  const welcomed = page.getByRole('status', { name: 'Fleet status' }).filter({ hasNotText: 'Loading' });
  await welcomed.or(page.getByRole('heading', { name: 'This address does not open Signet' })).waitFor();
  return {
    page,
    complaints: {
      expect: pattern => expected.push(pattern),
      take: () => lines.splice(0).filter(line => !expected.some(pattern => pattern.test(line))),
    },
  };
}

export interface App {
  readonly home: Home;
  readonly engine: Engine;
  readonly browser: Browser;
  readonly page: Page;
  readonly complaints: Complaints;
  /** Another engine on the same home, and a page on it. The one before must have ended; its page is closed unless kept. */
  restart(options?: EngineOptions & { readonly keepPage?: boolean }): Promise<void>;
}

export interface AppOptions {
  /** Before the engine starts: servers added by the command line, for one. */
  readonly prepare?: (home: Home) => Promise<void>;
  readonly context?: BrowserContextOptions;
  readonly engine?: EngineOptions;
  /** The way from the page to the engine, when it is to be cut. Pages of other engines cannot be opened then. */
  readonly relay?: () => Promise<Relay>;
}

/** An app for the tests of a file: opened before the first, closed after the last, and its page never complains. */
export function useApp(options: AppOptions = {}): App {
  let home: Home;
  let engine: Engine;
  let browser: Browser;
  let page: Page;
  let complaints: Complaints;
  let relay: Relay | undefined;

  const open = async (engineOptions: EngineOptions = {}) => {
    engine = await startEngine(home, engineOptions);
    relay?.leadTo(Number(new URL(engine.url).port));
    ({ page, complaints } = await openPage(browser, engine.url, options.context));
  };
  beforeAll(async () => {
    home = await makeHome();
    await options.prepare?.(home);
    relay = await options.relay?.();
    browser = await launchBrowser(...(relay === undefined ? [] : [relay.browserArgument]));
    await open(options.engine);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      await keepPicture(page, task.name);
      // a dialog that is still open must not fail the tests after this one, too
      await page.keyboard.press('Escape');
    }
    const lines = complaints.take();
    if (lines.length > 0) throw new Error(`the page complained: ${lines.join('; ')}`);
  });
  afterAll(async () => {
    await browser?.close();
    await relay?.close();
    await engine?.stop();
    await home?.remove();
  });
  return {
    get home() {
      return home;
    },
    get engine() {
      return engine;
    },
    get browser() {
      return browser;
    },
    get page() {
      return page;
    },
    get complaints() {
      return complaints;
    },
    restart: async ({ keepPage = false, ...engineOptions } = {}) => {
      if (!keepPage) await page.context().close();
      await open(engineOptions);
    },
  };
}

/** The page as it was when a test failed, where `npm run screenshots` puts its own. */
async function keepPicture(page: Page, test: string): Promise<void> {
  const folder = join(projectRoot, '.screenshots/failed');
  mkdirSync(folder, { recursive: true });
  const name = test.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 80);
  await page.screenshot({ path: join(folder, `${name}.png`) }).catch(() => undefined);
}
