/** `measure.mjs SERVERS DOMAINS_EACH`: what one plan takes in a process of its own, as a person's first plan does. */
import { registry } from '../../../electron/drivers/registry.ts';
import { planFleet } from '../../../electron/planning/plan.ts';
import { largeFleet } from '../../electron/planning/large-fleet.ts';

export interface Planned {
  readonly domains: number;
  /** Processor time of this process, all its threads: another program on the machine is not in it. */
  readonly milliseconds: number;
  /** The most that the process took over what it had before, sampled by the kernel (getrusage(2), ru_maxrss). */
  readonly bytes: number;
}

const [servers = 0, domainsEach = 0] = process.argv.slice(2).map(Number);
const { facts, pending } = await largeFleet(servers, domainsEach);
globalThis.gc?.();
const before = process.memoryUsage().rss;
const start = process.cpuUsage();
const plan = planFleet({
  facts,
  pending,
  servers: [],
  drivers: registry,
  managed: new Set(),
  now: new Date('2026-11-24T00:00:00Z'),
});
const { user, system } = process.cpuUsage(start);
const bytes = process.resourceUsage().maxRSS * 1024 - before;
if (plan.effects.length !== pending.length) throw new Error(`${plan.effects.length} of ${pending.length} are planned`);
const planned: Planned = { domains: pending.length, milliseconds: (user + system) / 1000, bytes };
process.stdout.write(JSON.stringify(planned));
