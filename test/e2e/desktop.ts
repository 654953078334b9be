/** The same window in Electron, for the project `e2e-desktop`: where its runtime and a display are. */
import type { ElectronApplication, Page } from 'playwright-core';
import { _electron } from 'playwright-core';
import { whyNoDesktop } from '../../.config/electron-runtime.ts';
import { projectRoot } from '../tools/built.ts';
import { environmentOf, type Home } from '../tools/cli.ts';
import type { Complaints, Engine, EngineOptions } from './browser.ts';
import { listenTo } from './browser.ts';

// the lab's tests are root's, and Electron's own sandbox is not for root; what the page may do is the same without it
const isRoot = process.getuid?.() === 0;
const runtime = whyNoDesktop(process.env, { uid: undefined });

/** Whether this is the project that opens the desktop window. */
export const isDesktop = process.env['SIGNET_WINDOW'] === 'desktop';

export interface OpenedDesktop {
  readonly engine: Engine;
  readonly page: Page;
  readonly complaints: Complaints;
}

function engineOf(app: ElectronApplication): Engine {
  const program = app.process();
  const ended = new Promise<void>(resolve => {
    program.once('exit', () => resolve());
  });
  return {
    get url(): string {
      throw new Error('the desktop window has no address');
    },
    kill: async () => {
      program.kill('SIGKILL');
      await ended;
    },
    stop: () => app.close(),
  };
}

/** What the window needs of its surroundings: the display, the bus. */
const shown = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

export async function openDesktop(home: Home, options: EngineOptions = {}): Promise<OpenedDesktop> {
  if ('reason' in runtime) throw new Error(runtime.reason);
  const app = await _electron.launch({
    executablePath: runtime.path,
    args: [...(isRoot ? ['--no-sandbox'] : []), projectRoot],
    env: { ...shown(process.env), ...environmentOf(home), ...options.env },
  });
  const page = await app.firstWindow();
  page.setDefaultTimeout(15_000);
  return { engine: engineOf(app), page, complaints: listenTo(page) };
}
