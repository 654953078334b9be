/**
 * Faults in the middle of an apply, on two light hosts. After each: no mail that is signed fails, `run show` knows what
 * happened, resume or undo finishes the job, and what is not planned is as it was.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Result } from '../../../shared/contract.ts';
import type { RunEvent } from '../../../shared/run.ts';
import { makeHome, signet, signetOk, startSignet, type Home, type RunningCli } from '../../tools/cli.ts';
import { addAndScan, apply, ask, differing, each, lastRun, readRun, zoneFiles } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, fault, lab, type FleetState } from '../../tools/lab.ts';

const hosts = ['s5', 's6'] as const;
const rows = hosts.flatMap(host => ['firma0001', 'firma0002'].map(name => [host, `${name}-${host}.example`] as const));
const domains = rows.map(([, domain]) => domain);

let home: Home;
let before: FleetState;
const zones = new Map<string, ReadonlyMap<string, string>>();

useHosts(...hosts);

/** Each test has fresh hosts, with everything unsigned and staged. */
beforeEach(async () => {
  await lab.reset(...hosts);
  before = await check.fleetState(...hosts);
  for (const host of hosts) zones.set(host, await zoneFiles(host));
  home = await makeHome();
  await addAndScan(home, ...hosts);
  await signetOk(['signing', 'on', ...domains, '--key', 'rsa1024'], { home });
});

afterEach(async () => {
  for (const host of hosts) await fault.heal(host);
  await home.remove();
});

type Shown = Result<'runs.show'>;
const show = async (id: string) => (await signetOk(['run', 'show', id, '--json'], { home })).json as Shown;

/** Mail is either not signed at all, or its signature verifies: never anything between. */
async function mailIsSafe(): Promise<void> {
  const results = await each(rows, ([host, domain]) => check.signed(host, domain));
  const bad = results.filter(({ ok, reason }) => ok !== true && reason !== 'no DKIM-Signature header');
  expect(bad).toEqual([]);
}

async function allSigned(): Promise<void> {
  const results = await each(rows, ([host, domain]) => check.signed(host, domain, { allServers: true }));
  expect(results.map(({ ok, reason }) => [ok, reason])).toEqual(rows.map(() => [true, undefined]));
}

/** Takes every run back, the oldest first (it takes back what finished it, too), and finds the hosts as they were but for serials. */
async function takeBack(): Promise<void> {
  await signet(['pending', 'drop', '--all'], { home });
  const runs = (await ask.runs(home)).filter(run => run.canUndo);
  for (const run of runs.toReversed()) await signet(['run', 'undo', run.id], { home });
  expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
  for (const host of hosts) expect(differing(zones.get(host) ?? new Map(), await zoneFiles(host))).toEqual([]);
  const { differences = {} } = await check.fleetDiff(before);
  const others = Object.values(differences).flatMap(({ added, removed, changed }) => [
    ...added,
    ...removed,
    ...changed.filter(path => !path.startsWith('zone:') && !path.startsWith('/etc/bind/zones/')),
  ]);
  expect(others).toEqual([]);
}

/** Resolves when an event of the run says so. */
async function until(running: RunningCli, wanted: (event: RunEvent) => boolean): Promise<void> {
  for (;;) {
    const lines = running.stdout().split('\n').slice(0, -1);
    if (lines.some(line => wanted(JSON.parse(line) as RunEvent))) return;
    const ended = await Promise.race([running.ended.then(() => true), sleep(10).then(() => false)]);
    if (ended) throw new Error(`the run ended before: ${running.stdout()}`);
  }
}

const started = (change: string) => (event: RunEvent) =>
  event.type === 'change' && event.change === change && event.state === 'started';

describe("the laptop's process is killed", () => {
  test.each(['install@s5', 'publish@s6', 'switch@s5'])('while %s is under way', async change => {
    const running = startSignet(['apply', '--yes', '--json'], { home });
    await until(running, started(change));
    running.kill('SIGKILL');
    expect((await running.ended).signal).toBe('SIGKILL');
    await mailIsSafe();
    const { id, outcome } = await lastRun(home);
    expect(outcome).toBe('interrupted');
    expect((await show(id)).changes.find(known => known.id === change)?.state).toBe('started');
    const resumed = readRun(await signet(['run', 'resume', id, '--json'], { home, timeoutMs: 200_000 }));
    expect(resumed).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    expect((await show(id)).changes.filter(({ state }) => state === 'started' || state === 'unknown')).toEqual([]);
    await allSigned();
    expect((await ask.plan(home)).changes).toEqual([]);
    await takeBack();
  });
});

describe('the link', () => {
  test.each([
    ['/etc/opendkim/key.table', 'keys are installed'],
    ['/etc/bind/zones', 'records are published'],
    ['/etc/opendkim/signing.table', 'signing is switched on'],
  ])('is lost as soon as %s changes (%s)', async path => {
    await fault.killSshOn('s5', path);
    const applied = await apply(home, [], { timeoutMs: 200_000 });
    await fault.heal('s5');
    await mailIsSafe();
    if (applied.done.outcome !== 'applied') {
      const resumed = readRun(await signet(['run', 'resume', applied.done.run, '--json'], { home }));
      expect(resumed).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    }
    await allSigned();
    if (path === '/etc/opendkim/signing.table') await takeBack();
  });

  test('is cut for some seconds in the middle', async () => {
    await fault.cutOn('s5', '/etc/bind/zones');
    const running = startSignet(['apply', '--yes', '--json'], { home, timeoutMs: 200_000 });
    await until(running, started('publish@s5'));
    await sleep(4000);
    await fault.heal('s5');
    const applied = readRun(await running.ended);
    await mailIsSafe();
    if (applied.done.outcome !== 'applied') {
      const resumed = readRun(await signet(['run', 'resume', applied.done.run, '--json'], { home }));
      expect(resumed).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    }
    await allSigned();
  });
});

describe('something on one server fails, and the other goes on', () => {
  const othersApplied = { 'install@s5': 'applied', 'publish@s5': 'applied', 'switch@s5': 'applied' } as const;

  /** s6 is taken back, s5 is done, and what is left says why; mended, the run is finished. */
  async function mendAndResume(
    applied: Awaited<ReturnType<typeof apply>>,
    change: string,
    mend: () => Promise<unknown>,
  ) {
    expect(applied).toMatchObject({ code: 4, done: { outcome: 'incomplete' }, states: othersApplied });
    expect(applied.states[change]).toBe('rolled-back');
    const shown = await show(applied.done.run);
    expect(shown.left.map(({ server, domain }) => [server, domain])).toEqual(rows.filter(([host]) => host === 's6'));
    const problem = shown.problems.find(({ server }) => server === 's6');
    expect(problem?.message).toContain('s6');
    expect(problem?.hint).not.toBe('');
    await mailIsSafe();
    await mend();
    const resumed = readRun(await signet(['run', 'resume', applied.done.run, '--json'], { home }));
    expect(resumed).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    await allSigned();
    return problem;
  }

  test('a check', async () => {
    const tool = '/usr/bin/named-checkzone';
    const real = (await lab.sh('s6', `readlink -f ${tool} || true`)).trim();
    await lab.sh(
      's6',
      `mv ${tool} ${tool}.real; printf '#!/bin/sh\\necho "it is broken" >&2; exit 1\\n' > ${tool}; chmod 755 ${tool}`,
    );
    const files = await zoneFiles('s6');
    const applied = await apply(home);
    expect(differing(files, await zoneFiles('s6'))).toEqual([]);
    await mendAndResume(applied, 'publish@s6', () => lab.sh('s6', `mv ${tool}.real ${tool}`));
    expect((await lab.sh('s6', `readlink -f ${tool}`)).trim()).toBe(real);
  });

  test('the daemon does not come back', async () => {
    expect.hasAssertions();
    await lab.sh('s6', 'systemctl mask --now --runtime opendkim');
    await mendAndResume(await apply(home), 'install@s6', () =>
      lab.sh('s6', 'systemctl unmask --runtime opendkim; systemctl start opendkim'),
    );
  });

  test.each([
    ['read-only', () => fault.readOnly('s6', '/etc/bind')],
    ['disk-full', () => fault.diskFull('s6', '/etc/bind')],
  ])('a directory is %s', async (code, breakIt) => {
    await breakIt();
    const problem = await mendAndResume(await apply(home), 'publish@s6', () => fault.heal('s6'));
    expect(problem?.code).toBe(code);
  });
});

describe('a file that somebody edits between scan and apply', () => {
  test('is not overwritten: the part of its server is refused, and the message names it', async () => {
    await lab.sh('s6', 'echo "# a note of the admin" >> /etc/opendkim/key.table');
    const edited = await check.fleetState('s6');
    const applied = await apply(home);
    expect(applied).toMatchObject({ code: 4, done: { outcome: 'incomplete' } });
    expect(applied.states['install@s6']).toBe('stale');
    const shown = await show(applied.done.run);
    expect(shown.problems.map(({ message }) => message).join('\n')).toContain('/etc/opendkim/key.table');
    const { differences = {} } = await check.fleetDiff(edited);
    expect(differences['s6']?.changed ?? []).not.toContain('/etc/opendkim/key.table');
    await mailIsSafe();
    await signetOk(['scan', 's6'], { home });
    expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    await allSigned();
    expect(await lab.sh('s6', 'cat /etc/opendkim/key.table')).toContain('# a note of the admin');
  });

  test('alone: refused, nothing changed', async () => {
    await signetOk(['pending', 'drop', '--all'], { home });
    await signetOk(['signing', 'on', 'firma0005-s6.example'], { home });
    await lab.sh('s6', 'echo "# a note" >> /etc/opendkim.conf');
    const edited = await check.fleetState('s6');
    const applied = await apply(home);
    expect(applied).toMatchObject({ code: 3, done: { outcome: 'refused' } });
    expect(await check.fleetDiff(edited)).toMatchObject({ differences: {} });
    const said = applied.run.flatMap(event => (event.type === 'problem' ? [event.problem.message] : []));
    expect(said.join('\n')).toContain('/etc/opendkim.conf');
  });
});
