/** Signet as a person has it: `signet serve` on a home, and its window in Debian's Chromium. Also for scripts that are no test. */
import { setTimeout } from 'node:timers/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { startSignet, type Home, type RunningCli } from '../tools/cli.ts';

export const wide = { width: 1440, height: 900 } as const;
/** The least that the window is made for. */
export const small = { width: 1024, height: 700 } as const;

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
  const giveUp = Date.now() + 30_000;
  while (!program.stdout().includes('\n')) {
    if (Date.now() > giveUp) throw new Error('signet serve has said nothing');
    await setTimeout(50);
  }
  const [first = ''] = program.stdout().split('\n');
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

/** Everything that the page complains of from now on. */
export function listenTo(page: Page): Complaints {
  const lines: string[] = [];
  const expected: RegExp[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') lines.push(message.text());
  });
  page.on('pageerror', error => lines.push(String(error)));
  return {
    expect: pattern => expected.push(pattern),
    take: () => lines.splice(0).filter(line => !expected.some(pattern => pattern.test(line))),
  };
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
  const complaints = listenTo(page);
  await page.goto(url);
  // a page that is left before it was welcomed has lost its token
  const welcomed = page.getByRole('status', { name: 'Fleet status' }).filter({ hasNotText: 'Loading' });
  await welcomed.or(page.getByRole('heading', { name: 'This address does not open Signet' })).waitFor();
  return { page, complaints };
}
