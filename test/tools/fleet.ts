/** Signet on the hosts of the lab, through its command line: servers added, answers typed, files compared. */
import type { PendingRow, PlanView, RunSummary, ScanResult, VerifyRow } from '../../shared/contract.ts';
import type { DomainRow } from '../../shared/model.ts';
import type { ChangeState, RunDone, RunEvent, RunRecord } from '../../shared/run.ts';
import { signet, signetOk, type CliOptions, type CliResult, type Home } from './cli.ts';
import { lab, labServer } from './lab.ts';

/** The arguments and the standard input that add a host of the lab. */
export async function addArguments(
  name: string,
): Promise<{ readonly args: readonly string[]; readonly stdin?: string }> {
  const { config, identity, knownHosts, sudoPassword } = await labServer(name);
  const login = ['--host', config.host, '--user', config.user, '--identity', identity, '--sudo', config.sudo];
  const args = ['server', 'add', name, ...login, '--known-hosts', knownHosts];
  if (sudoPassword === null) return { args };
  return { args: [...args, '--secrets-stdin'], stdin: JSON.stringify({ sudoPassword }) };
}

/** Adds hosts of the lab under their own names, and reads them. */
export async function addAndScan(home: Home, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { args, stdin } = await addArguments(name);
    await signetOk(args, { home, ...(stdin === undefined ? {} : { stdin }) });
  }
  await signetOk(['scan'], { home });
}

async function answer<T>(home: Home, ...args: readonly string[]): Promise<T> {
  return (await signetOk([...args, '--json'], { home })).json as T;
}

/** Answers that must succeed; `ask.verify` is an answer also when something is not proven. */
export const ask = {
  scan: (home: Home, ...servers: readonly string[]) => answer<readonly ScanResult[]>(home, 'scan', ...servers),
  domains: (home: Home) => answer<readonly DomainRow[]>(home, 'domains'),
  plan: (home: Home) => answer<PlanView>(home, 'plan'),
  pending: (home: Home) => answer<readonly PendingRow[]>(home, 'pending'),
  runs: (home: Home) => answer<readonly RunSummary[]>(home, 'runs'),
  run: (home: Home, id: string) => answer<RunRecord>(home, 'run', 'show', id),
  verify: async (home: Home, ...domains: readonly string[]) =>
    (await signet(['verify', ...domains, '--json'], { home })).json as readonly VerifyRow[],
};

export interface Applied extends CliResult {
  readonly run: readonly RunEvent[];
  readonly done: RunDone;
  /** The last state of each change. */
  readonly states: Readonly<Record<string, ChangeState>>;
}

export function readRun(result: CliResult): Applied {
  const run = result.events as readonly RunEvent[];
  const done = run.at(-1);
  if (done?.type !== 'done') throw new Error(`no end of the run:\n${result.stdout}${result.stderr}`);
  const states: Record<string, ChangeState> = {};
  for (const event of run) if (event.type === 'change') states[event.change] = event.state;
  return { ...result, run, done, states };
}

/** `apply --yes --json`; any outcome is a result. */
export async function apply(home: Home, args: readonly string[] = [], options: Partial<CliOptions> = {}) {
  return readRun(await signet(['apply', '--yes', '--json', ...args], { home, ...options }));
}

/** The run that was started last. */
export async function lastRun(home: Home): Promise<RunSummary> {
  const [...runs] = await ask.runs(home);
  const last = runs.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)).at(-1);
  if (!last) throw new Error('there was no run');
  return last;
}

/** Content (as latin1) of every zone file that an admin or BIND itself edits, by path. */
export async function zoneFiles(host: string): Promise<ReadonlyMap<string, string>> {
  const listing = await lab.sh(
    host,
    `find /etc/bind /var/lib/bind -type f ! -name '*.jnl' ! -name '*.signed' ! -name '*.jbk' ! -path '*/keys/*' |
     while read -r file; do printf '%s ' "$file"; base64 -w0 "$file"; echo; done`,
  );
  const files = listing.split('\n').filter(line => line !== '');
  return new Map(
    files.map(line => {
      const [path = '', content = ''] = line.split(' ');
      return [path, Buffer.from(content, 'base64').toString('latin1')];
    }),
  );
}

/**
 * The paths whose content differs otherwise than in one number of the SOA record, its serial: the first number that differs
 * must be the third word after "SOA", and all else must be equal.
 */
export function differing(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly string[] {
  const paths = new Set([...before.keys(), ...now.keys()]);
  return [...paths].filter(path => {
    const [old, current] = [before.get(path), now.get(path)];
    if (old === undefined || current === undefined) return true;
    return old !== current && maskSerial(old) !== maskSerial(current);
  });
}

function maskSerial(text: string): string {
  const soa = /\sSOA\s/i.exec(text);
  if (!soa) return text;
  const start = soa.index + soa[0].length;
  const words = [...text.slice(start).matchAll(/;[^\n]*|[^\s()]+/g)].filter(([word]) => !word.startsWith(';'));
  const serial = words[2];
  if (!serial) return text;
  const at = start + serial.index;
  return `${text.slice(0, at)}SERIAL${text.slice(at + serial[0].length)}`;
}

/** Runs `work` for all, four at a time: a check of mail takes seconds, most of them waiting. */
export async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const worker = async () => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return results;
}
