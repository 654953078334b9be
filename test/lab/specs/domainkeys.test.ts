/** DomainKeys by Signet's milter: set up from a package source, alone and beside DKIM, proven in the sink, and taken back byte for byte. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DomainRow } from '../../../shared/model.ts';
import { makeHome, signetOk, type Home } from '../../tools/cli.ts';
import { addAndScan, apply, ask, differing, zoneFiles } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, lab, type FleetState } from '../../tools/lab.ts';
import { givePackageSource } from '../../tools/package-source.ts';

const host = 's5';
const [alone, beside, later] = ['firma0001-s5.example', 'firma0002-s5.example', 'firma0003-s5.example'] as const;

let home: Home;
let before: FleetState;
let allowed: FleetState;

useHosts(host);

beforeAll(async () => {
  home = await makeHome();
  await givePackageSource(host);
  before = await check.fleetState(host);
  await addAndScan(home, host);
}, 120_000);

afterAll(() => home.remove());

async function differences(since: FleetState): Promise<readonly string[]> {
  const { differences: found } = await check.fleetDiff(since);
  const { added = [], removed = [], changed = [] } = found?.[host] ?? {};
  return [...added, ...removed, ...changed];
}

async function row(domain: string): Promise<DomainRow | undefined> {
  return (await ask.domains(home)).find(one => one.domain === domain);
}

const inUse = (found: DomainRow | undefined) =>
  found?.keys
    .filter(key => key.inUse)
    .map(({ scheme, algorithm, bits, published }) => [scheme, algorithm, bits, published]);

async function done(): Promise<string> {
  const applied = await apply(home);
  expect([applied.done.outcome, applied.stderr]).toEqual(['applied', expect.any(String)]);
  await ask.scan(home);
  return applied.done.run;
}

test('a server without it refuses the scheme, and says what to run', async () => {
  const refusal = await signetOk(['signing', 'on', alone, '--scheme', 'domainkeys'], { home }).catch((error: unknown) =>
    String(error),
  );
  expect(refusal).toContain(`mail-settings ${host} --allow-signing on --scheme domainkeys`);
});

test('allowed: the milter is set up and in the path, under a user of its own, and no domain is signed by that alone', async () => {
  await signetOk(['mail-settings', host, '--allow-signing', 'on', '--scheme', 'domainkeys'], { home });
  await done();
  const who = await lab.sh(host, 'ps -o user:20= -C signet-domainkeys,signet-domainke');
  expect(new Set(who.trim().split(/\s+/))).toEqual(new Set(['signet-domainkeys']));
  expect(await check.domainKeysSigned(host, alone)).toMatchObject({ ok: false });
  allowed = await check.fleetState(host);
}, 120_000);

test('a domain signs with DomainKeys alone, another with both, and both are proven', async () => {
  await signetOk(['signing', 'on', alone, '--scheme', 'domainkeys'], { home });
  await signetOk(['signing', 'on', beside, '--scheme', 'both', '--policy', 'sign-all'], { home });
  const zones = await zoneFiles(host);
  const run = await done();
  expect(inUse(await row(alone))).toEqual([['domainkeys', 'rsa', 2048, 'match']]);
  expect(inUse(await row(beside))).toEqual([
    ['dkim', 'rsa', 2048, 'match'],
    ['domainkeys', 'rsa', 2048, 'match'],
  ]);
  expect(await check.domainKeysSigned(host, alone)).toMatchObject({ ok: true });
  expect(await check.signed(host, alone)).toMatchObject({ ok: false });
  expect(await check.domainKeysSigned(host, beside, { via: 'smtp' })).toMatchObject({ ok: true });
  expect(await check.signed(host, beside)).toMatchObject({ ok: true });
  const proofs = await ask.verify(home, alone, beside);
  expect(proofs.map(({ file, probe, dns }) => [file, probe, dns])).toEqual([
    [true, true, true],
    [true, true, true],
  ]);
  expect((await ask.plan(home)).changes).toEqual([]);
  await signetOk(['run', 'undo', run, '--grace', '0h'], { home });
  await done();
  // but for the serials of its zones, which only grow
  expect((await differences(allowed)).filter(path => !/zone/.test(path))).toEqual([]);
  expect(differing(zones, await zoneFiles(host))).toEqual([]);
}, 240_000);

test('DomainKeys comes beside DKIM that signs already, with a selector of its own, and rotates with it', async () => {
  await signetOk(['signing', 'on', later], { home });
  await done();
  expect(inUse(await row(later))).toHaveLength(1);
  await signetOk(['signing', 'on', later, '--scheme', 'domainkeys', '--key', 'rsa1024'], { home });
  await done();
  expect(inUse(await row(later))).toEqual([
    ['dkim', 'rsa', 2048, 'match'],
    ['domainkeys', 'rsa', 1024, 'match'],
  ]);
  await signetOk(['rotate', later], { home });
  await done();
  expect(inUse(await row(later))?.map(([scheme]) => scheme)).toEqual(['dkim', 'domainkeys']);
  expect(await check.domainKeysSigned(host, later)).toMatchObject({ ok: true });
  expect(await check.signed(host, later)).toMatchObject({ ok: true });
}, 240_000);

test('allowed no more: nothing of it is left but its packages', async () => {
  await signetOk(['signing', 'off', later, '--grace', '0h'], { home });
  await done();
  // the key that was rotated away waits for its due task
  await lab.sh(host, 'rm -f /etc/signet-domainkeys/keys/*');
  await ask.scan(home);
  await signetOk(['mail-settings', host, '--allow-signing', 'off'], { home });
  await done();
  // user databases keep a copy of what they were before the last change; packages of Perl bring their own files
  const left = (await differences(before)).filter(
    path => !/zone|dkimkeys|^packages$|^\/etc\/(?:perl|(?:passwd|group|shadow|gshadow)-$)|opendkim/.test(path),
  );
  expect(left).toEqual([]);
}, 240_000);
