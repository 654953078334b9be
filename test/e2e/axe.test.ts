/** Every screen, panel, dialog and menu, in both themes, at both sizes, and with text twice as large. */
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeHome } from '../tools/cli.ts';
import { useApp } from './app.ts';
import { openPage, small, startEngine, wide } from './browser.ts';
import { bringBack, fillFleet } from './fleet-home.ts';
import { overflowOf, unreachableIn, violationsOf } from './look.ts';
import { firstStops, leave, stops } from './tour.ts';
import { useHosts } from '../tools/hosts.ts';

useHosts('s2', 's3', 's4');

const app = useApp({ prepare: fillFleet });
afterAll(bringBack);

const themes = ['light', 'dark'] as const;

/** How many dialogs, menus and lists lie over the page. */
const overlays = (page: Page): Promise<number> =>
  page.locator('[role=dialog], [role=alertdialog], [role=menu], [role=listbox]').count();

// opened once: what takes long is to come there
test.each(stops)('$name', async ({ name, open }) => {
  const { page } = app;
  await page.setViewportSize(wide);
  await leave(page);
  await open(page);
  const opened = await overlays(page);
  const found: string[] = [];
  for (const size of [wide, small]) {
    const told = (line: string) => `${size.width} wide: ${line}`;
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: 'light' });
    found.push(...(await violationsOf(page)).map(told));
    await page.emulateMedia({ colorScheme: 'dark' });
    found.push(...(await violationsOf(page, 'colours')).map(line => told(`dark: ${line}`)));
    const overflow = await overflowOf(page);
    if (overflow > 0) found.push(told(`${overflow} pixels too wide`));
    if ((await overlays(page)) !== opened) found.push(told('something has closed'));
  }
  // a message may cover something, and goes by itself
  if (name !== 'messages') {
    await page.setViewportSize(wide);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    found.push(...(await unreachableIn(page)).map(line => `with large text, not to be reached: ${line}`));
  }
  expect(found).toEqual([]);
});

describe('at the first start', () => {
  test('every screen, and an address that is not good any more', async () => {
    const home = await makeHome();
    const engine = await startEngine(home);
    onTestFinished(async () => {
      await engine.stop();
      await home.remove();
    });
    const { page, complaints } = await openPage(app.browser, engine.url);
    const found: string[] = [];
    for (const { name, open } of firstStops) {
      await open(page);
      for (const colorScheme of themes) {
        await page.emulateMedia({ colorScheme });
        found.push(...(await violationsOf(page)).map(line => `${name}, ${colorScheme}: ${line}`));
      }
    }
    const second = await openPage(app.browser, engine.url);
    await second.page.getByRole('heading', { name: 'This address does not open Signet' }).waitFor();
    found.push(...(await violationsOf(second.page)));
    expect(found).toEqual([]);
    expect(complaints.take()).toEqual([]);
    await page.context().close();
    await second.page.context().close();
  });
});
