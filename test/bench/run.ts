/**
 * `npm run bench [NAME...]`: runs test/bench/*.bench.ts, each three times in a process of its own, and prints a table of
 * medians and then all of it as JSON. A benchmark prints one `Benchmark` as JSON on standard output, and measures the
 * floor of a figure (the least that the machine could take for it) in the same run: the ratio means the same on any
 * machine, the value does not.
 */
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outputOf } from '../tools/program.ts';
import { summarize, table, type Benchmark } from './summary.ts';

const repetitions = 3;
const folder = fileURLToPath(new URL('.', import.meta.url));

const asked = process.argv.slice(2);
const files = globSync('*.bench.ts', { cwd: folder })
  .filter(file => asked.length === 0 || asked.includes(basename(file, '.bench.ts')))
  .sort();
if (files.length === 0) {
  process.stderr.write(`bench: nothing to measure in ${folder}\n`);
  process.exit(1);
}

const summaries: Benchmark[] = [];
for (const file of files) {
  const runs: Benchmark[] = [];
  for (let run = 0; run < repetitions; run += 1) {
    process.stderr.write(`${file} ${run + 1}/${repetitions}\n`);
    runs.push(JSON.parse(await outputOf([process.execPath, join(folder, file)], { timeoutMs: 600_000 })) as Benchmark);
  }
  summaries.push(summarize(runs));
}
process.stdout.write(`${table(summaries)}\n${JSON.stringify(summaries)}\n`);
