import { root, run } from './run.ts';

/** Light hosts besides those of `lab up`, and the domains on each. */
const scale = { hosts: ['s1', 's2', 's3', 's4'], domains: 20 };
const fleet = ['sink', 'ns1', 'mx1', ...scale.hosts];

interface HostState {
  readonly host: string;
  readonly state: 'up' | 'down';
}

async function hostsUp(): Promise<readonly string[]> {
  const { code, output } = await run([`${root}test/lab/lab`, 'status', '--json']);
  if (code !== 0) throw new Error(`test/lab/lab status: ${output}`);
  return (JSON.parse(output) as readonly HostState[]).filter(one => one.state === 'up').map(one => one.host);
}

async function must(argv: readonly string[]): Promise<void> {
  const { code } = await run(argv, { show: true });
  if (code !== 0) throw new Error(`${argv.join(' ').replace(root, '')} ended with status ${code}`);
}

/**
 * Builds what is missing and starts every host that is down. A fleet that is up is used as it is: somebody works with
 * it. Returns the hosts that were started here.
 */
export async function startLab(): Promise<readonly string[]> {
  const before = await hostsUp();
  if (fleet.every(host => before.includes(host))) return [];
  await must([`${root}test/lab/lab`, 'build']);
  await must([`${root}test/lab/lab`, 'up']);
  await must([`${root}test/lab/scale`, String(scale.hosts.length), String(scale.domains)]);
  return fleet.filter(host => !before.includes(host));
}

/** Stops these hosts, unless KEEP_LAB is set. Their disks stay. */
export async function stopLab(hosts: readonly string[]): Promise<void> {
  if (hosts.length === 0 || process.env['KEEP_LAB']) return;
  await run([`${root}test/lab/lab`, 'down', ...hosts], { show: true });
}
