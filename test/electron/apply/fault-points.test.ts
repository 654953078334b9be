/**
 * A transaction broken at every one of its steps: each call of a tool is a place where the process can be killed, or the
 * disk be full. Whatever it is, and whoever comes next: as before, or as planned, and no trace of a key.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { applyChange, readOutcome, type Transaction } from '../../../electron/apply/transaction.ts';
import type { TransactionOutcome } from '../../../electron/apply/api.ts';
import type { Change, Step } from '../../../shared/model.ts';
import { hashOf, LocalHost } from './local-host.ts';

/** Those that a full disk can stop. */
const writers = ['cp', 'mv', 'ln', 'mkdir', 'sync'];
const tools = [...writers, 'rmdir', 'rm', 'chown', 'chmod', 'touch', 'sha256sum', 'sort', 'timeout'];
const secret = '-----BEGIN PRIVATE KEY-----\nZmF1bHQtcG9pbnRz\n-----END PRIVATE KEY-----\n';
type Mode = 'killed before' | 'killed after' | 'disk full' | 'told to end';

/** Every tool counts its calls, and the one whose turn it is does what the mode says. */
function arm(host: LocalHost, at: number, mode: Mode): void {
  const { root } = host;
  const act = {
    'killed before': 'kill -9 "$runner"; exit 1',
    'killed after': '"$real" "$@"; kill -9 "$runner"; exit 1',
    'told to end': 'kill -TERM "$runner"; exec "$real" "$@"',
    'disk full': 'echo "$0: No space left on device" >&2; exit 1',
  }[mode];
  const runner =
    mode === 'disk full'
      ? ''
      : `read -r runner rest 2>/dev/null <"$(echo ${root}/state/r1-*/process)" || exec "$real" "$@"`;
  for (const tool of mode === 'disk full' ? writers : tools) {
    const script = `#!/bin/dash
real=/usr/bin/${tool}
[ -e ${root}/armed ] || exec "$real" "$@"
${runner}
read -r n <${root}/count
n=$((n + 1))
echo "$n" >${root}/count
[ "$n" = ${at} ] || exec "$real" "$@"
/usr/bin/rm ${root}/armed
${act}
`;
    rmSync(join(root, 'bin', tool), { force: true });
    writeFileSync(join(root, 'bin', tool), script, { mode: 0o755 });
  }
  writeFileSync(join(root, 'count'), '0\n');
  writeFileSync(join(root, 'armed'), '');
}

const packaged = 'as it was packaged\n';

/** A package manager that knows one package, which brings one file. */
function packageManager(host: LocalHost): void {
  const file = host.path('packaged/main.conf');
  const tool = (name: string, script: string) =>
    writeFileSync(join(host.root, 'bin', name), `#!/bin/dash\n${script}\n`, { mode: 0o755 });
  tool('apt-get', `/usr/bin/mkdir -p ${host.path('packaged')} && printf '%s' '${packaged}' >${file}`);
  tool('dpkg-query', `[ ! -d ${host.path('packaged')} ] || echo ii`);
}

/** Without what the package brought, where it is as the package brought it. */
function withoutPackage(tree: string): string {
  const lines = tree.split('\n').filter(line => line.includes('/packaged/'));
  const own = lines.filter(line => line.includes('main.conf'));
  const isWhole = own.length === 1 && own[0]?.includes('main.conf ') === true && own[0].endsWith(hashOf(packaged));
  if (lines.length > 0 && !isWhole) return tree;
  return tree
    .split('\n')
    .filter(line => !line.includes('/packaged/'))
    .join('\n');
}

function prepare(host: LocalHost): Change {
  packageManager(host);
  host.write('tables/KeyTable', 'old keys\n', 0o640);
  host.write('tables/SigningTable', 'old signing', 0o604);
  host.write('zones/db.one', 'zone one', 0o664);
  host.write('old/s0.private', 'old key', 0o600);
  const directory = (name: string, present: boolean): Step => ({
    kind: 'directory',
    path: host.path(name),
    mode: 0o700,
    owner: host.owner,
    present,
  });
  return host.change([
    { kind: 'package', manager: 'apt', name: 'signer' },
    host.file('packaged/main.conf', 'as it is wanted\n'),
    directory('new', true),
    directory('old', false),
    host.file('tables/KeyTable', 'new keys\n'),
    host.file('tables/SigningTable', 'new signing'),
    host.file('zones/db.one', 'zone two', { rollback: { encoding: 'utf8', text: 'zone one' } }),
    host.file('old/s0.private', null),
    host.file('new/s1.private', null, { after: { secret: 'k' }, mode: 0o600 }),
    host.command('check', 'grep -q new "$1"', `{new:${host.path('tables/KeyTable')}}`),
    host.command('activate', 'true'),
    host.command('verify', 'true'),
  ]);
}

let host: LocalHost | undefined;
afterEach(() => host?.remove());

interface Broken {
  readonly outcome: TransactionOutcome;
  readonly hit: boolean;
  readonly left: string;
}

async function broken(at: number, mode: Mode): Promise<Broken> {
  host?.remove();
  host = new LocalHost('dash');
  const there = host;
  mkdirSync(there.places.state, { mode: 0o700 });
  const change = prepare(there);
  const before = there.tree();
  arm(there, at, mode);
  const visit = { run: 'r1', change, places: there.places };
  const transaction: Transaction = { ...visit, who: 'anna', openSecret: () => Promise.resolve(secret) };
  let outcome = await applyChange(there.session(), transaction, () => {});
  if (outcome.state === 'unknown') outcome = await readOutcome(there.session(), visit, () => {});
  const hit = !existsSync(join(there.root, 'armed'));
  rmSync(join(there.root, 'armed'), { force: true });
  const tree = there.tree();
  const asPlanned =
    ['new/s1.private', 'tables/KeyTable'].every(name => existsSync(there.path(name))) && !existsSync(there.path('old'));
  const planned =
    asPlanned &&
    there.read('tables/KeyTable') === 'new keys\n' &&
    there.read('zones/db.one') === 'zone two' &&
    there.read('packaged/main.conf') === 'as it is wanted\n' &&
    there.read('packaged/main.conf.dpkg-dist') === packaged;
  const is = withoutPackage(tree) === before ? 'before' : planned && !tree.includes('.signet') ? 'planned' : tree;
  const leak = there.stateText().includes('ZmF1bHQ') ? ' with a key left in the run directory' : '';
  return { outcome, hit, left: `${is}${leak}` };
}

test.each(['killed before', 'killed after', 'disk full', 'told to end'] as const)(
  '%s at any step: as before or as planned',
  async mode => {
    const stride = process.env['SIGNET_EXHAUSTIVE'] === '1' ? 1 : 5;
    let hits = 0;
    for (let at = 1; ; at += stride) {
      const { outcome, hit, left } = await broken(at, mode);
      if (!hit) break;
      hits += 1;
      expect([at, outcome.state, outcome.problem?.code, left]).toEqual([
        at,
        expect.stringMatching(/^(applied|rolled-back|failed)$/),
        outcome.problem?.code,
        outcome.state === 'applied' ? 'planned' : 'before',
      ]);
    }
    expect(hits).toBeGreaterThan(20 / stride);
    expect(readFileSync(join(host?.root ?? '', 'count'), 'utf8')).not.toBe('0\n');
  },
  180_000,
);

test('the number of processes does not grow with the number of files', async () => {
  const calls = async (files: number) => {
    host?.remove();
    host = new LocalHost('dash');
    const there = host;
    const steps = Array.from({ length: files }, (_, at) => {
      there.write(`zones/db.firma${at}.example`, `zone ${at}\n`);
      return there.file(`zones/db.firma${at}.example`, `new ${at}\n`);
    });
    mkdirSync(there.places.state, { mode: 0o700 });
    arm(there, -1, 'killed before');
    const transaction: Transaction = {
      run: 'r1',
      change: there.change(steps),
      who: 'anna',
      openSecret: () => Promise.resolve(secret),
      places: there.places,
    };
    expect(await applyChange(there.session(), transaction, () => {})).toMatchObject({ state: 'applied' });
    return Number(readFileSync(join(there.root, 'count'), 'utf8'));
  };
  // Groups are of 100 files
  expect(await calls(200)).toBeLessThan((await calls(2)) * 2);
});
