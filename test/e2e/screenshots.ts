/**
 * `npm run screenshots`: every screen, panel, dialog and menu in both themes at both sizes, on the lab's hosts s2 to s4, into
 * .screenshots/; and of the best ones the README's, into assets/screenshots/.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startLab } from '../../.config/lab.ts';
import { projectRoot } from '../tools/built.ts';
import { launchBrowser } from '../tools/chromium.ts';
import { makeHome, type Home } from '../tools/cli.ts';
import { fault } from '../tools/lab.ts';
import { openPage, small, startEngine, wide } from './browser.ts';
import { away, bringBack, fillFleet } from './fleet-home.ts';
import { go, runDetail, serverLine, startApply } from './steps.ts';
import { firstStops, leave, stops, type Stop } from './tour.ts';

const themes = ['light', 'dark'] as const;
const sizes = [wide, small] as const;
const folder = join(projectRoot, '.screenshots');
const readmeFolder = join(projectRoot, 'assets/screenshots');
const readmeSize = { width: 1440, height: 680 };
const mostBytes = 250_000;

/** The README's: by the name of the stop, with the theme that it is shown in. */
const best = { 'domains-selected': 'light', 'pending-diff': 'light', 'run-under-way': 'dark' } as const;
const isBest = (name: string, theme: string): boolean =>
  Object.entries(best).some(([one, of]) => one === name && of === theme);

async function take(page: Page, name: string): Promise<void> {
  const size = page.viewportSize() ?? wide;
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme });
    await page.screenshot({ path: join(folder, `${size.width}-${theme}`, `${name}.png`) });
    if (size.width !== wide.width || !isBest(name, theme)) continue;
    const path = join(readmeFolder, `${name}.png`);
    await page.setViewportSize(readmeSize);
    await page.screenshot({ path });
    await page.setViewportSize(size);
    if (statSync(path).size > mostBytes) throw new Error(`${path} is larger than ${mostBytes} bytes`);
  }
}

async function takeAll(page: Page, all: readonly Stop[]): Promise<void> {
  for (const size of sizes) {
    await page.setViewportSize(size);
    for (const { name, open } of all) {
      await leave(page);
      await open(page);
      await take(page, name);
    }
  }
}

/** A run that takes its time: the links to two of its servers are slow, one more than the other. */
async function takeRun(page: Page): Promise<void> {
  await page.setViewportSize(wide);
  await leave(page);
  await bringBack();
  await fault.slow(away, 100);
  await fault.slow('s3', 400);
  await go.pending(page);
  await startApply(page);
  await runDetail(page).getByRole('progressbar').first().waitFor();
  await serverLine(page, 's2').filter({ hasText: 'Done' }).waitFor({ timeout: 60_000 });
  await serverLine(page, away)
    .filter({ hasText: /[1-3] of 3/ })
    .waitFor({ timeout: 60_000 });
  await take(page, 'run-under-way');
}

async function withEngine(browser: Browser, home: Home, work: (page: Page) => Promise<void>): Promise<void> {
  const engine = await startEngine(home);
  try {
    const { page } = await openPage(browser, engine.url);
    await work(page);
    await page.context().close();
  } finally {
    await engine.stop();
    await home.remove();
  }
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(readmeFolder, { recursive: true });
await startLab();
const browser = await launchBrowser();
try {
  await withEngine(browser, await makeHome(), page => takeAll(page, firstStops));
  const home = await makeHome();
  await fillFleet(home);
  await withEngine(browser, home, async page => {
    await takeAll(page, stops);
    await takeRun(page);
  });
} finally {
  await browser.close();
  await bringBack();
  await fault.heal('s3');
}
process.stdout.write(`screenshots are in ${folder}, the README's in ${readmeFolder}\n`);
