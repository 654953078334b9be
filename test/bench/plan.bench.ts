/** How a plan grows with the fleet: processor time and memory, of 2,500 and 10,000 domains over 50 servers, all switched on. */
import { join } from 'node:path';
import { outputOf } from '../tools/program.ts';
import { bundleProgram, ownFolder } from './bundle.ts';
import type { Planned } from './plan/measure.ts';
import { type Benchmark } from './summary.ts';

const program = await bundleProgram(new URL('plan/measure.ts', import.meta.url), join(ownFolder(), 'program'));
const planned = async (domainsEach: number): Promise<Planned> =>
  JSON.parse(await outputOf([process.execPath, '--expose-gc', program, '50', String(domainsEach)])) as Planned;

const quarter = await planned(50);
const whole = await planned(200);
const work = 'plan 10,000 domains over 50 servers';
const result: Benchmark = {
  name: 'plan',
  figures: [
    { work: `${work}: processor time`, value: whole.milliseconds, unit: 'ms' },
    { work: `${work}: memory over that of the facts`, value: whole.bytes / 1e6, unit: 'MB' },
    // growing in a straight line, it is one
    {
      work: `${work}: time a domain, against 2,500`,
      value: whole.milliseconds / whole.domains,
      unit: 'ms',
      floor: quarter.milliseconds / quarter.domains,
    },
  ],
};
process.stdout.write(`${JSON.stringify(result)}\n`);
