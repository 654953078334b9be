/**
 * `npm test`: everything. `npm run check`: what needs no host, in under two minutes. Each check counts as one test; the
 * last line is the sum.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLab } from './lab.ts';
import { root, run } from './run.ts';
import { closingLine, sum, tallyOf, tallyReport, type Tally, type VitestReport } from './tally.ts';

const reports = mkdtempSync(join(tmpdir(), 'signet-test-'));

async function check(name: string): Promise<Tally> {
  const { code, output, seconds } = await run(['npm', 'run', '--silent', name]);
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds.toFixed(1)} s)`);
  if (code !== 0) console.log(output.trimEnd());
  return tallyOf(name, code === 0);
}

async function checks(names: readonly string[]): Promise<Tally> {
  const tallies: Tally[] = [];
  for (const name of names) tallies.push(await check(name));
  return sum(tallies);
}

function readReport(path: string): VitestReport | null {
  if (!existsSync(path)) return null;
  const report = JSON.parse(readFileSync(path, 'utf8')) as VitestReport;
  return {
    ...report,
    testResults: report.testResults.map(file => ({ ...file, name: file.name.replace(root, '') })),
  };
}

/** Runs projects of Vitest side by side; `show`: their output as it comes, otherwise at the end. */
async function projects(names: readonly string[], show: boolean): Promise<Tally> {
  const name = names.join(' and ');
  const file = join(reports, `${names.join('-')}.json`);
  const { code, output, seconds } = await run(
    ['vitest', 'run', '--config', '.config/vitest.config.ts']
      .concat(names.flatMap(one => ['--project', one]))
      .concat(['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]),
    { show },
  );
  if (!show) console.log(output.trimEnd());
  const tally = tallyReport(name, readReport(file), code);
  console.log(`${tally.failures.length === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds.toFixed(1)} s)`);
  return tally;
}

const withHosts = ['lab', 'e2e', 'e2e-desktop'];

async function onTheLab(): Promise<Tally> {
  const built = await check('build');
  if (built.failures.length > 0) return built;
  const tallies = [built];
  try {
    await withLab(async () => {
      tallies.push(await projects(withHosts, true));
    });
  } catch (error) {
    tallies.push(tallyOf(`lab: ${error instanceof Error ? error.message : String(error)}`, false));
  }
  return sum(tallies);
}

// Ctrl-C reaches the running program too; the end of it is waited for, so that the lab is taken down
process.on('SIGINT', () => undefined);

const tallies = await Promise.all([checks(['types', 'lint', 'formatted', 'unused']), projects(['unit'], false)]);
if (process.argv[2] !== 'check') tallies.push(await onTheLab());
rmSync(reports, { recursive: true, force: true });

const total = sum(tallies);
if (total.failures.length > 0) console.log(`\nFailed:\n${total.failures.map(one => `  ${one}`).join('\n')}\n`);
console.log(closingLine(total));
process.exitCode = total.failures.length === 0 ? 0 : 1;
