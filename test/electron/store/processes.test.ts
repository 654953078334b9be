import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { homeHolder, lockHome } from '../../../electron/store/lock.ts';
import { openStore } from '../../../electron/store/store.ts';
import { SignetError } from '../../../shared/problem.ts';
import { temporaryHome } from '../../tools/homes.ts';
import { codeOf } from '../../tools/problem-of.ts';
import { plan } from './samples.ts';

const program = new URL('child.ts', import.meta.url).pathname;
type Child = ChildProcessByStdio<null, Readable, null>;

function start(what: string, home: string): Child {
  const child = spawn(process.execPath, [program, what, home], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

async function startAndWait(what: string, home: string): Promise<Child> {
  const child = start(what, home);
  await once(createInterface(child.stdout), 'line');
  return child;
}

async function kill(child: Child): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

describe('one process per home', () => {
  test('a second one is refused and told who is there; a killed one leaves no lock', async () => {
    const home = temporaryHome();
    const other = await startAndWait('hold', home);
    const error: unknown = await lockHome(home).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SignetError);
    expect(error instanceof SignetError ? error.problem : null).toMatchObject({
      code: 'home-in-use',
      message: expect.stringMatching(new RegExp(`"signet apply" \\(process ${other.pid}, since 20`)),
    });
    expect(homeHolder(home)).toMatchObject({ pid: other.pid, command: 'signet apply' });
    await kill(other);
    expect(existsSync(join(home, 'signet.lock.json'))).toBe(true);
    expect(homeHolder(home)).toBeNull();
    const lock = await lockHome(home, { command: 'signet scan' });
    expect(homeHolder(home)).toMatchObject({ pid: process.pid, command: 'signet scan' });
    lock.release();
    lock.release();
    expect([homeHolder(home), existsSync(join(home, 'signet.lock.json'))]).toEqual([null, false]);
  });

  test('it can wait for the other to end', async () => {
    const home = temporaryHome();
    const other = await startAndWait('hold', home);
    const waiting = lockHome(home, { waitMs: 10_000 });
    await sleep(200);
    await kill(other);
    const lock = await waiting;
    expect(homeHolder(home)?.pid).toBe(process.pid);
    lock.release();
  });

  test('looking who holds the home does not let go of it', async () => {
    const home = temporaryHome();
    const lock = await lockHome(home);
    homeHolder(home);
    expect(await codeOf(() => lockHome(home))).toBe('home-in-use');
    const second = start('hold', home);
    const [status] = await once(second, 'exit');
    expect(status).not.toBe(0);
    lock.release();
  });

  test('two homes do not disturb each other', async () => {
    const locks = await Promise.all([lockHome(temporaryHome()), lockHome(temporaryHome())]);
    expect(locks).toHaveLength(2);
    for (const lock of locks) lock.release();
  });
});

/** Lets a child write until it acknowledged `last`, then kills it a moment later. Returns the last it acknowledged. */
async function writeAndDie(home: string, last: number): Promise<number> {
  const child = start('write', home);
  const lines = createInterface(child.stdout);
  let acknowledged = -1;
  const reached = Promise.withResolvers<void>();
  lines.on('line', line => {
    acknowledged = Number(line);
    if (acknowledged >= last) reached.resolve();
  });
  const closed = once(lines, 'close');
  await Promise.race([reached.promise, closed]);
  await sleep(Math.random() * 5);
  child.kill('SIGKILL');
  await closed;
  expect(acknowledged).toBeGreaterThanOrEqual(last);
  return acknowledged;
}

/** What child.ts acknowledged and is not there, and pending changes without the one that was written with them. */
function inspect(home: string, acknowledged: number): { readonly lost: string[]; readonly halves: string[] } {
  const store = openStore(home);
  const servers = new Set(store.servers.list().map(one => one.name));
  const pending = new Set(store.pending.list().map(change => change.id));
  const lost: string[] = [];
  for (let i = 0; i <= acknowledged; i += 1) {
    if (!servers.has(`s${String(i).padStart(8, '0')}`) || !pending.has(`${i}-a`)) lost.push(String(i));
  }
  const halves = [...pending].filter(
    id => !pending.has(id.endsWith('a') ? id.replace('a', 'b') : id.replace('b', 'a')),
  );
  // a pair that was written last, and its server not, would be written twice by the next child
  store.pending.edit({ drop: [`${servers.size}-a`, `${servers.size}-b`] });
  store.close();
  return { lost, halves };
}

describe('a process that dies', () => {
  test('its run is running while it lives, interrupted when it is dead, and can be taken up', async () => {
    const home = temporaryHome();
    const other = await startAndWait('run', home);
    const store = openStore(home);
    onTestFinished(() => store.close());
    expect(store.runs.get('r1')?.outcome).toBe('running');
    expect(await codeOf(() => store.runs.resume('r1'))).toBe('run-running');
    await kill(other);
    expect(store.runs.get('r1')?.outcome).toBe('interrupted');
    const lock = await lockHome(home);
    expect(store.runs.list().map(run => run.outcome)).toEqual(['interrupted']);
    expect(await codeOf(() => store.runs.begin({ id: 'r2', startedAt: 'now', plan: plan('a') }))).toBe('plan-applied');
    store.runs.resume('r1');
    expect(store.runs.get('r1')?.outcome).toBe('running');
    lock.release();
  });

  test(
    'whatever the store acknowledged is there after SIGKILL, and nothing by halves',
    { timeout: 60_000 },
    async () => {
      const home = temporaryHome();
      let acknowledged = -1;
      for (let round = 1; round <= 15; round += 1) {
        acknowledged = await writeAndDie(home, acknowledged + 1 + Math.floor(Math.random() * 40));
        const { lost, halves } = inspect(home, acknowledged);
        expect({ round, lost, halves }).toEqual({ round, lost: [], halves: [] });
      }
    },
  );

  test('the files are for their owner only', async () => {
    const home = join(temporaryHome(), 'new', 'home');
    const child = await startAndWait('run', home);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    for (const name of ['signet.db', 'signet.db-wal', 'signet.lock', 'signet.lock.json']) {
      expect(`${name} ${(statSync(join(home, name)).mode & 0o077).toString(8)}`).toBe(`${name} 0`);
    }
    await kill(child);
  });
});
