import { root, run } from './run.ts';

/** Light hosts besides those that `lab up` starts, and the domains on each. */
const scale = { hosts: ['s1', 's2', 's3', 's4', 's5', 's6', 's7'], domains: 20 };

interface HostState {
  readonly host: string;
  readonly state: 'up' | 'down';
}

async function status(): Promise<readonly HostState[]> {
  const { code, output } = await run([`${root}test/lab/lab`, 'status', '--json']);
  if (code !== 0) throw new Error(`test/lab/lab status: ${output}`);
  return JSON.parse(output) as readonly HostState[];
}

const hostsUp = async (): Promise<readonly string[]> =>
  (await status()).filter(one => one.state === 'up').map(one => one.host);

async function must(argv: readonly string[]): Promise<void> {
  const { code } = await run(argv, { show: true });
  if (code !== 0) throw new Error(`${argv.join(' ').replace(root, '')} ended with status ${code}`);
}

/**
 * Builds what is missing and starts every host that is down, on its kept disk or (`fresh`) on a new one. A fleet that is up
 * is used as it is: somebody works with it.
 */
export async function startLab(options: { readonly fresh?: boolean } = {}): Promise<void> {
  const hosts = await status();
  const known = hosts.map(one => one.host);
  if (hosts.every(one => one.state === 'up') && scale.hosts.every(host => known.includes(host))) return;
  await must([`${root}test/lab/lab`, 'build']);
  const down = hosts.filter(one => one.state === 'down').map(one => one.host);
  if (options.fresh === true && down.length > 0) await must([`${root}test/lab/lab`, 'reset', ...down]);
  await must([`${root}test/lab/lab`, 'up']);
  await must([`${root}test/lab/scale`, String(scale.hosts.length), String(scale.domains)]);
}

/** `work` with the lab up. Hosts that were started for it are stopped at the end, unless KEEP_LAB is set; their disks stay. */
export async function withLab<T>(work: () => Promise<T>): Promise<T> {
  const before = await hostsUp();
  try {
    await startLab({ fresh: true });
    return await work();
  } finally {
    const started = (await hostsUp()).filter(host => !before.includes(host));
    if (started.length > 0 && !process.env['KEEP_LAB']) {
      await run([`${root}test/lab/lab`, 'down', ...started], { show: true });
    }
  }
}
