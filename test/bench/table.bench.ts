/**
 * The table of 100,000 domains in Chromium, from the start of the program to scrolling, beside the least that it could be: a
 * bare page of TanStack Table and Virtual with the same rows from a file. Both are started anew for each round and take turns.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { launchBrowser } from '../tools/chromium.ts';
import { build } from '../tools/built.ts';
import { makeHome, environmentOf } from '../tools/cli.ts';
import { outputOf, start } from '../tools/program.ts';
import { bundlePage, bundleProgram, ownFolder } from './bundle.ts';
import { median, type Benchmark, type Figure } from './summary.ts';
import { measure, type Measured } from './table/measure.ts';

const rows = 100_000;
const rounds = 2;

/** Starts a program that prints `{"url": ...}` and serves until it is ended, and measures its page. */
async function measureServed(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  const startedAt = Date.now();
  const program = start(argv, { env, timeoutMs: 300_000 });
  try {
    const ended = program.ended.then(({ stderr }) => Promise.reject(new Error(`${argv.join(' ')} ended: ${stderr}`)));
    const said = async () => {
      while (!program.stdout().includes('\n')) await new Promise(resolve => setTimeout(resolve, 5));
      return (JSON.parse(program.stdout()) as { readonly url: string }).url;
    };
    return await Promise.race([said().then(url => measure(browser, url, startedAt, rows)), ended]);
  } finally {
    program.kill('SIGTERM');
    await program.ended;
  }
}

/** All that a browser loads of a page, as it would travel compressed, in kB. */
function sizeOf(page: string): number {
  const files = globSync('**/*.{html,css,js}', { cwd: page }).map(file => readFileSync(join(page, file)));
  return files.reduce((sum, file) => sum + gzipSync(file).length, 0) / 1000;
}

const folder = ownFolder();
const signet = await build('cli', 'renderer');
process.on('exit', () => signet.remove());
const floorPage = join(folder, 'page');
await bundlePage(new URL('table/floor/', import.meta.url), floorPage);
const home = await makeHome();
const env = environmentOf(home);
const fill = await bundleProgram(new URL('table/home.ts', import.meta.url), join(folder, 'program'));
await outputOf([process.execPath, fill, join(home.path, 'signet'), join(floorPage, 'rows.json')], { env });

const browser = await launchBrowser();
const floors: Measured[] = [];
const ours: Measured[] = [];
try {
  for (let round = 0; round < rounds; round += 1) {
    const serve = new URL('table/floor/serve.ts', import.meta.url).pathname;
    floors.push(await measureServed([process.execPath, serve, floorPage], env));
    const cli = join(signet.folder, 'cli/signet.js');
    ours.push(await measureServed([process.execPath, cli, 'serve', '--no-open', '--json'], env));
  }
} finally {
  await browser.close();
  await home.remove();
}

function figure(work: string, unit: string, of: (one: Measured) => number): Figure {
  const value = median(ours.map(of));
  const floor = median(floors.map(of));
  return { work, value, unit, floor, ...(floor > 0 ? { ratio: value / floor } : {}) };
}

const value = sizeOf(join(signet.folder, 'renderer'));
const floor = sizeOf(floorPage);
const result: Benchmark = {
  name: 'table',
  figures: [
    figure('start of the program to a usable table of 100,000 rows', 'ms', one => one.start),
    figure('opening the page to a usable table', 'ms', one => one.open),
    figure('first paint', 'ms', one => one.firstPaint),
    figure('a keystroke in the filter', 'ms', one => one.keystroke),
    figure('select all', 'ms', one => one.selectAll),
    figure('sort', 'ms', one => one.sort),
    figure('a frame while scrolling', 'ms', one => one.frame),
    figure('frames over 50 ms of 200 while scrolling', 'frames', one => one.slowFrames),
    figure('heap of the page', 'MB', one => one.heap / 1e6),
    { work: 'the page, gzip', value, unit: 'kB', floor, ratio: value / floor },
  ],
};
process.stdout.write(`${JSON.stringify(result)}\n`);
