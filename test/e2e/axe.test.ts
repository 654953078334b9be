/** Every screen, panel, dialog and menu, in both themes, at both sizes, and with text twice as large. */
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

const sizes = [wide, small] as const;
const themes = ['light', 'dark'] as const;

describe.each(sizes)('at $width wide', size => {
  test.each(stops)('$name', async ({ open }) => {
    const { page } = app;
    await page.setViewportSize(size);
    await leave(page);
    await open(page);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await violationsOf(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await violationsOf(page, 'colours')).toEqual([]);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
  });
});

describe('with text twice as large', () => {
  // a message may cover something, and goes by itself
  test.each(stops.filter(({ name }) => name !== 'messages'))('$name: everything can be reached', async ({ open }) => {
    const { page } = app;
    await page.setViewportSize(wide);
    await leave(page);
    await open(page);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    expect(await unreachableIn(page)).toEqual([]);
  });
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
