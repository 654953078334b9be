/** The window for the tests of a file. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { projectRoot } from '../tools/built.ts';
import { launchBrowser } from '../tools/chromium.ts';
import { makeHome, type Home } from '../tools/cli.ts';
import { openPage, startEngine, type Complaints, type Engine, type EngineOptions } from './browser.ts';
import { isDesktop, openDesktop } from './desktop.ts';
import type { Relay } from './relay.ts';

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
    if (isDesktop) {
      ({ engine, page, complaints } = await openDesktop(home, engineOptions));
      return;
    }
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
