/** What a person waits for at a table of domains in Chromium. The same for Signet's page and for the floor: both have the same names. */
import type { Browser, Locator, Page } from 'playwright-core';
import { median } from '../summary.ts';

/** Milliseconds, bytes, and frames. */
export interface Measured {
  /** From the start of the program that serves the page to a table that answers. */
  readonly start: number;
  /** From opening the page. */
  readonly open: number;
  readonly firstPaint: number;
  readonly keystroke: number;
  readonly selectAll: number;
  readonly sort: number;
  /** Of the frames while scrolling: how many took over 50 ms, and how long the middle one took. */
  readonly slowFrames: number;
  readonly frame: number;
  readonly heap: number;
}

declare global {
  interface Window {
    readonly bench: {
      /** When rows were there, painted, and the page had nothing else to do. */
      readonly usable: Promise<number>;
      /** Milliseconds from the last key or click to the paint after it. */
      painted: Promise<number>;
    };
  }
}

/** Runs in the page before its own scripts. */
function watch(): void {
  const afterPaint = (then: () => void) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.addEventListener('message', then);
      channel.port1.start();
      channel.port2.postMessage(null);
    });
  const usable = new Promise<number>(resolve => {
    const look = () => {
      if (document.querySelector('tr[data-line]') === null) requestAnimationFrame(look);
      else afterPaint(() => requestIdleCallback(() => resolve(performance.now())));
    };
    requestAnimationFrame(look);
  });
  const bench = { usable, painted: Promise.resolve(0) };
  Object.assign(window, { bench });
  for (const type of ['keydown', 'click'] as const) {
    const begin = ({ timeStamp }: Event) => {
      bench.painted = new Promise(resolve => {
        afterPaint(() => resolve(performance.now() - timeStamp));
      });
    };
    window.addEventListener(type, begin, { capture: true });
  }
}

const rowCount = (page: Page): Promise<number> =>
  page.evaluate(() => Number(document.querySelector('table[aria-rowcount]')?.getAttribute('aria-rowcount')) - 1);

async function expectRows(page: Page, rows: number): Promise<void> {
  const shown = await rowCount(page);
  if (shown !== rows) throw new Error(`${shown} rows are shown after the paint, not ${rows}`);
}

const painted = (page: Page): Promise<number> => page.evaluate(() => window.bench.painted);

/** `firm71-of-4` is in the names of 11 of the 100,000: `firm71-of-4.example`, and `-of-40` to `-of-49`. */
const word = 'firm71-of-4';
const found = 11;

async function typing(page: Page, rows: number): Promise<number> {
  await page.locator('input[type=search]').focus();
  const times: number[] = [];
  for (const letter of word) {
    await page.keyboard.press(letter);
    times.push(await painted(page));
  }
  await expectRows(page, found);
  for (const _letter of word) {
    await page.keyboard.press('Backspace');
    times.push(await painted(page));
  }
  await expectRows(page, rows);
  return median(times);
}

async function clicking(page: Page, targets: readonly Locator[]): Promise<number> {
  const times: number[] = [];
  for (const target of targets) {
    await target.click();
    times.push(await painted(page));
  }
  return median(times);
}

async function selecting(page: Page): Promise<number> {
  const box = page.locator('thead input[type=checkbox]');
  const times: number[] = [];
  for (let time = 0; time < 5; time += 1) {
    times.push(await clicking(page, [box]));
    const all = await page.locator('tr[data-line]:not([aria-selected=true])').count();
    if (all > 0) throw new Error('not all are selected after the paint');
    await clicking(page, [box]);
  }
  return median(times);
}

/** Columns that were not sorted by before. */
const sorted = ['Server', 'Signing', 'Selector', 'Policy', 'Zone'];

const scrolling = (page: Page): Promise<readonly number[]> =>
  page.evaluate(async () => {
    const scroller = document.querySelector('table[aria-rowcount]')?.parentElement;
    const nextFrame = () => new Promise<number>(resolve => requestAnimationFrame(resolve));
    const frames: number[] = [];
    let last = await nextFrame();
    for (let frame = 0; frame < 200; frame += 1) {
      scroller?.scrollBy(0, 480);
      const now = await nextFrame();
      frames.push(now - last);
      last = now;
    }
    return frames;
  });

async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

/** `startedAt`: when the program that serves the page was started, in milliseconds since 1970. */
export async function measure(browser: Browser, url: string, startedAt: number, rows: number): Promise<Measured> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.addInitScript(watch);
    await page.goto(url, { timeout: 120_000 });
    const { open, origin, firstPaint } = await page.evaluate(async () => ({
      open: await window.bench.usable,
      origin: performance.timeOrigin,
      firstPaint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    }));
    await expectRows(page, rows);
    const heap = await heapOf(page);
    const keystroke = await typing(page, rows);
    const selectAll = await selecting(page);
    const sort = await clicking(
      page,
      sorted.map(name => page.locator('thead').getByRole('button', { name, exact: true })),
    );
    const frames = await scrolling(page);
    return {
      start: origin + open - startedAt,
      open,
      firstPaint,
      keystroke,
      selectAll,
      sort,
      slowFrames: frames.filter(frame => frame > 50).length,
      frame: median(frames),
      heap,
    };
  } finally {
    await context.close();
  }
}
