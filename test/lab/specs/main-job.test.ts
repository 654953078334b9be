/** The main job on two mail servers and a name server: switched on, proven, and taken back. Each test builds on the one before. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome, signet, type Home } from '../../tools/cli.ts';
import { addAndScan, apply, ask, differing, each, readRun, zoneFiles } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, lab, type FleetState } from '../../tools/lab.ts';

const hosts = ['mx1', 'mx2', 'ns1'] as const;

/** What makes each of them a case of its own is in test/lab/README.md. */
const wanted = [
  ['mx1', 'krojac.example'],
  ['mx1', 'muzeum.example'],
  ['mx1', 'zaci.skola.example'],
  ['mx1', 'obchod.example'],
  ['mx1', 'vinarna.example'],
  ['mx1', 'knihy.example'],
  ['mx1', 'autoservis.example'],
  ['mx1', 'xn--luouk-uva4it5a4g.example'],
  ['mx1', 'podpis.example'],
  ['mx1', 'sdilena.example'],
  ['mx2', 'sdilena.example'],
  ['mx2', 'trafika.example'],
  ['mx2', 'hudba.example'],
  ['mx2', 'cestovka.example'],
] as const;
/** Its DNS is at a provider that nobody can log in to. */
const external = 'reklama.example';

const signedBefore = [
  ['mx1', 'tovarna.example', 'mail2023'],
  ['mx1', 'lesnik.example', 'default'],
  ['mx2', 'kavarna.example', 'mx2'],
] as const;
const unsignedBefore = ['pekarna.example', 'spolek.example', 'skola.example', 'dyn.example'];

const zones = [
  ...['krojac', 'muzeum', 'skola', 'vinarna', 'knihy', 'autoservis', 'xn--luouk-uva4it5a4g', 'sdilena'].map(
    name => ['mx1', `${name}.example`] as const,
  ),
  ...['trafika', 'hudba'].map(name => ['mx2', `${name}.example`] as const),
  ...['obchod', 'cestovka', 'podpis'].map(name => ['ns1', `${name}.example`] as const),
];
const otherZones = [
  ...['tovarna', 'lesnik', 'pekarna', 'spolek', 'lekarna', 'parked'].map(name => ['mx1', `${name}.example`] as const),
  ['mx2', 'kavarna.example'] as const,
  ['ns1', 'dyn.example'] as const,
];

let home: Home;
let before: FleetState;
let run = '';
let published = '';
const files = new Map<string, ReadonlyMap<string, string>>();

/** The name of the key record that Signet made for a row, and what it holds. */
async function externalRecord(): Promise<{ readonly name: string; readonly value: string }> {
  const plan = await ask.plan(home);
  const record = plan.manual.find(one => one.domain === external);
  return { name: record?.rrset.name ?? '', value: record?.rrset.values[0] ?? '' };
}

async function othersAreAsBefore(): Promise<void> {
  const signed = await each(signedBefore, ([host, domain, selector]) => check.signed(host, domain, { selector }));
  expect(signed.map(one => [one['domain'], one.ok])).toEqual(signedBefore.map(([, domain]) => [domain, true]));
  const unsigned = await each(unsignedBefore, domain => check.signed('mx1', domain));
  expect(unsigned.map(one => one.reason)).toEqual(unsignedBefore.map(() => 'no DKIM-Signature header'));
}

useHosts(...hosts);

beforeAll(async () => {
  home = await makeHome();
  before = await check.fleetState(...hosts);
  for (const host of hosts) files.set(host, await zoneFiles(host));
  await addAndScan(home, ...hosts);
});

afterAll(async () => {
  if (published !== '') await lab.externalTxt(published, null);
  await home.remove();
});

describe('on', () => {
  test('fifteen rows are staged at once, and nothing is sent', async () => {
    const domains = new Set([...wanted.map(([, domain]) => domain), external]);
    const result = await signet(['signing', 'on', ...domains, '--json'], { home });
    expect(result).toMatchObject({ code: 0, json: { refused: [], keys: wanted.length + 1 } });
    const shared = (await ask.pending(home)).filter(row => row.domain === 'sdilena.example');
    expect(new Set(shared.flatMap(row => row.selectors)).size).toBe(2);
    expect(await check.fleetDiff(before)).toMatchObject({ ok: true });
  });

  test('the plan is the same twice, and readable', async () => {
    const [first, second] = [await ask.plan(home), await ask.plan(home)];
    expect(second.id).toBe(first.id);
    expect(first.problems.filter(problem => problem.severity === 'stop')).toEqual([]);
    expect(first.manual).toMatchObject([{ domain: external, action: 'publish' }]);
    published = (await externalRecord()).name;
    await lab.externalTxt(published, null);
    const shown = await signet(['plan', '--diff'], { home });
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^ {4}\+\*@krojac\.example\b/m);
    expect(shown.stdout).not.toMatch(/PRIVATE KEY/);
  });

  test('applied: all but the one whose record nobody has published yet', async () => {
    const applied = await apply(home);
    expect(applied.run.filter(event => event.type === 'problem')).toEqual([]);
    expect(applied).toMatchObject({ code: 4, done: { outcome: 'incomplete', changes: { waiting: 1, rolledBack: 0 } } });
    const gates = applied.run.filter(event => event.type === 'gate' && event.state !== 'passed');
    expect(new Set(gates.map(event => event.type === 'gate' && event.domain))).toEqual(new Set([external]));
    ({ run } = applied.done);
    expect((await ask.run(home, run)).outcome).toBe('incomplete');
  });

  test('mail of every switched-on domain verifies', async () => {
    const results = await each(wanted, ([host, domain]) => check.signed(host, domain, { allServers: true }));
    expect(results.map(one => [one['host'], one['domain'], one.ok])).toEqual(
      wanted.map(([host, domain]) => [host, domain, true]),
    );
  });

  test('mail of the others is as before', othersAreAsBefore);

  test('mail of the domain that waits is not signed yet', async () => {
    expect(await check.signed('mx1', external)).toMatchObject({ ok: false, reason: 'no DKIM-Signature header' });
  });

  test('every zone is intact but for the records of the plan', async () => {
    const results = await each(zones, ([host, zone]) =>
      check.zoneIntact(host, zone, { strict: true, expectChange: true }),
    );
    expect(results.filter(one => !one.ok)).toEqual([]);
    const added = results.map(one => [one['zone'], one.our_records_added?.length, one.our_records_removed?.length]);
    expect(added).toEqual(zones.map(([, zone]) => [zone, zone === 'sdilena.example' ? 2 : 1, 0]));
    const others = await each(otherZones, ([host, zone]) => check.zoneIntact(host, zone, { strict: true }));
    expect(others.map(one => [one['zone'], one.ok, one.changed])).toEqual(
      otherZones.map(([, zone]) => [zone, true, false]),
    );
  });

  test('the record is published by hand, and the run goes on', async () => {
    const { value } = await externalRecord();
    await lab.externalTxt(published, value);
    const resumed = readRun(await signet(['run', 'resume', run, '--json'], { home }));
    expect(resumed).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    expect(await check.signed('mx1', external, { allServers: true })).toMatchObject({ ok: true });
  });

  test('plan again: empty, before and after a new scan', async () => {
    expect(await ask.plan(home)).toMatchObject({ changes: [], manual: [] });
    await ask.scan(home);
    expect(await ask.plan(home)).toMatchObject({ changes: [], manual: [], problems: [] });
    expect(await ask.pending(home)).toEqual([]);
  });

  test('verify: file, daemon and DNS of all', async () => {
    const rows = await ask.verify(home);
    expect(rows.filter(row => !row.ok)).toEqual([]);
    expect(rows.length).toBe(wanted.length + 1 + signedBefore.length);
  });
});

describe('undo', () => {
  test('is a plan like any other', async () => {
    expect(await signet(['run', 'undo', run, '--json'], { home })).toMatchObject({ code: 0, json: { refused: [] } });
    expect((await ask.pending(home)).length).toBe(wanted.length + 1);
    const plan = await ask.plan(home);
    expect(plan.problems.filter(problem => problem.severity === 'stop')).toEqual([]);
    expect(plan.manual).toMatchObject([{ domain: external, action: 'remove' }]);
    const phases = plan.changes.map(change => change.phase);
    expect(phases.indexOf('switch')).toBeLessThan(phases.indexOf('unpublish'));
  });

  test('is carried out', async () => {
    const applied = await apply(home);
    expect(applied.run.filter(event => event.type === 'problem')).toEqual([]);
    expect(applied).toMatchObject({ code: 0, done: { outcome: 'applied' } });
  });

  test('nothing is signed that was not signed before', async () => {
    const results = await each([...wanted, ['mx1', external] as const], ([host, domain]) => check.signed(host, domain));
    expect(results.map(one => one.reason)).toEqual(results.map(() => 'no DKIM-Signature header'));
    await othersAreAsBefore();
  });

  test('zones and /etc are byte for byte as before, but for serials', async () => {
    for (const host of hosts) expect(differing(files.get(host) ?? new Map(), await zoneFiles(host))).toEqual([]);
    const { differences } = await check.fleetDiff(before);
    const changed = Object.values(differences ?? {}).flatMap(one => [...one.added, ...one.removed, ...one.changed]);
    // zone files, compared above, and the zones as served, compared below
    const isZone = (path: string) => /^zone:|^\/etc\/bind\/zones\/|^\/var\/lib\/bind\//.test(path);
    expect(changed.filter(path => !isZone(path))).toEqual([]);
    expect(Object.values(differences ?? {}).flatMap(one => [...one.added, ...one.removed])).toEqual([]);
    const intact = await each([...zones, ...otherZones], ([host, zone]) =>
      check.zoneIntact(host, zone, { strict: true }),
    );
    expect(intact.filter(one => !one.ok)).toEqual([]);
    expect(intact.flatMap(one => [...(one.our_records_added ?? []), ...(one.our_records_removed ?? [])])).toEqual([]);
  });

  test('and a plan after it is empty', async () => {
    await ask.scan(home);
    expect(await ask.plan(home)).toMatchObject({ changes: [], problems: [] });
  });
});
