/**
 * A server with Postfix and no signer: signing allowed, a domain switched on, mail verified, and all of it taken back. The
 * packages come from the host's own disk. Each test builds on the one before.
 */
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DomainRow } from '../../../shared/model.ts';
import { makeHome, signet, signetOk, type Home } from '../../tools/cli.ts';
import { addAndScan, apply, ask, readRun } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, fault, lab, type FleetState } from '../../tools/lab.ts';

const domain = 'sklarna.example';

let home: Home;
let before: FleetState;
let mainCf = '';

useHosts('bare');

beforeAll(async () => {
  home = await makeHome();
  before = await check.fleetState('bare');
  mainCf = await read('/etc/postfix/main.cf');
  await addAndScan(home, 'bare');
});

afterEach(() => fault.heal('bare'));
afterAll(() => home.remove());

const read = (path: string) => lab.sh('bare', `base64 -w0 ${path}`);
const settings = (...args: readonly string[]) => signetOk(['mail-settings', 'bare', ...args], { home });

async function shown(): Promise<unknown> {
  return (await signetOk(['mail-settings', 'bare', '--json'], { home })).json;
}

async function row(): Promise<DomainRow | undefined> {
  return (await ask.domains(home)).find(one => one.domain === domain);
}

/** What differs from the host as it was, but for what the package itself brings and whom it adds. */
async function differences(): Promise<readonly string[]> {
  const { differences: found } = await check.fleetDiff(before);
  const packaged =
    /^\/etc\/(?:default\/opendkim|dkimkeys(?:\/README\.PrivateKeys)?|init\.d\/opendkim|mail(?:\/.*)?|opendkim\.conf|rc\d\.d\/[SK]\d\dopendkim|(?:group|gshadow|passwd|shadow)-?)$|^packages$/;
  const { added = [], removed = [], changed = [] } = found?.['bare'] ?? {};
  return [...added, ...removed, ...changed].filter(path => !packaged.test(path));
}

async function inbound(signature: 'good' | 'bad' | 'none'): Promise<unknown> {
  return (await check.inbound('bare', domain, { signature }))['outcome'];
}

/** Mail of the host's own user that carries a signature of somebody else's, which does not fit (any more): what a list sends on. */
async function ownMailArrives(): Promise<boolean> {
  const id = crypto.randomUUID();
  await lab.sh(
    'bare',
    `{ printf 'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=s1;\\n h=from:subject;'
       printf ' bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=%s\\n' "$(head -c 256 /dev/zero | base64 -w0)"
       printf 'From: <list@mlyn.example>\\nTo: <x@sink.example>\\nSubject: own\\nMessage-ID: <${id}@mlyn.example>\\n\\nbody\\n'
     } | /usr/sbin/sendmail -f list@mlyn.example x@sink.example`,
  );
  for (let tries = 0; tries < 25; tries += 1) {
    const { code } = await lab.exec('sink', ['grep', '-rqs', id, '/var/spool/sink', '--include=*.eml']);
    if (code === 0) return true;
    await setTimeout(200);
  }
  return false;
}

test('without a signer the switch of a domain is unavailable, and says what to run', async () => {
  expect(await row()).toMatchObject({ signing: 'unavailable', allowSigning: false, verifyIncoming: false });
  const refusal = await signet(['signing', 'on', domain], { home });
  expect([refusal.code, refusal.stderr]).toEqual([
    expect.any(Number),
    expect.stringContaining('signet mail-settings bare --allow-signing on'),
  ]);
});

test('a package that is in no source, or a package manager that is busy: nothing is half done', async () => {
  await settings('--allow-signing', 'on');
  await fault.aptLock('bare');
  const locked = await apply(home);
  expect([locked.done.outcome, locked.states]).toEqual(['failed', { 'prepare@bare': 'rolled-back' }]);
  expect(locked.stdout).toContain('package-manager-locked');
  await fault.heal('bare');
  await lab.sh('bare', 'cd /srv/apt; mv Packages /root/Packages; : > Packages; apt-get update -qq');
  const missing = await apply(home);
  await lab.sh('bare', 'mv /root/Packages /srv/apt/Packages');
  expect(missing.states).toEqual({ 'prepare@bare': 'rolled-back' });
  expect(missing.stdout).toContain('package-missing');
  expect(await check.fleetDiff(before)).toMatchObject({ ok: true });
});

test('allowed: the package is named and installed, and no domain is signed by that alone', async () => {
  const plan = await signetOk(['plan', '--diff'], { home });
  expect(plan.stdout).toContain('install package opendkim');
  const run = await apply(home);
  expect([run.done.outcome, run.states]).toEqual(['applied', { 'prepare@bare': 'applied' }]);
  expect(run.stdout).toContain('installing opendkim (stays installed)');
  expect(await shown()).toEqual({ signing: ['dkim'], verifying: null });
  expect((await ask.plan(home)).changes).toEqual([]);
  expect(await row()).toMatchObject({ signing: 'off', allowSigning: true });
  expect(await check.signed('bare', domain)).toMatchObject({ reason: 'no DKIM-Signature header' });
});

test('a domain signs, and what the sink gets verifies', async () => {
  await signetOk(['signing', 'on', domain], { home });
  expect((await apply(home)).done.outcome).toBe('applied');
  for (const via of ['sendmail', 'smtp'] as const) {
    expect(await check.signed('bare', domain, { via })).toMatchObject({ ok: true });
  }
});

test('incoming mail whose signature fails is rejected, discarded or tagged; mail without one is accepted', async () => {
  for (const [failing, outcome] of [
    ['reject', 'rejected'],
    ['discard', 'discarded'],
    ['tag', 'delivered'],
  ] as const) {
    await settings('--verify-incoming', 'on', '--failing', failing, '--policies', 'off');
    expect((await apply(home)).done.outcome).toBe('applied');
    expect(await shown()).toEqual({ signing: ['dkim'], verifying: { failing, policies: false } });
    expect([failing, await inbound('bad')]).toEqual([failing, outcome]);
    if (failing === 'reject')
      expect([await inbound('good'), await inbound('none')]).toEqual(['delivered', 'delivered']);
    if (failing === 'discard') expect(await ownMailArrives()).toBe(true);
  }
  // the server's own mail is signed or not, and never verified
  expect(await check.signed('bare', 'mlyn.example')).toMatchObject({ reason: 'no DKIM-Signature header' });
  expect(await check.signed('bare', domain)).toMatchObject({ ok: true });
  await settings('--verify-incoming', 'off');
  expect((await apply(home)).done.outcome).toBe('applied');
});

test('not allowed any more: signing ends first, and the host is as before but for the package', async () => {
  await settings('--allow-signing', 'off', '--grace', '0');
  const plan = await ask.plan(home);
  expect(plan.changes.map(change => change.phase)).toEqual(['switch', 'unpublish', 'remove', 'dismantle']);
  const run = await apply(home);
  expect(run.done.outcome).toBe('applied');
  expect(await read('/etc/postfix/main.cf')).toBe(mainCf);
  expect(await differences()).toEqual([`/etc/bind/zones/db.${domain}`, `zone:${domain}`]);
  expect(await check.zoneIntact('bare', domain)).toMatchObject({ ok: true });
  expect(await shown()).toEqual({ signing: [], verifying: null });
  expect((await ask.plan(home)).changes).toEqual([]);
  expect(await check.signed('bare', domain)).toMatchObject({ reason: 'no DKIM-Signature header' });
});

test("both schemes and the senders' policies, two signers set up in one run; taken back: byte for byte", async () => {
  await settings('--allow-signing', 'on', '--scheme', 'both', '--verify-incoming', 'on');
  const run = await apply(home);
  expect(run.done.outcome).toBe('applied');
  expect(await shown()).toEqual({
    signing: ['dkim', 'domainkeys'],
    verifying: { failing: 'reject', policies: true },
  });
  expect((await ask.plan(home)).changes).toEqual([]);
  expect([await inbound('bad'), await inbound('none'), await ownMailArrives()]).toEqual([
    'rejected',
    'delivered',
    true,
  ]);
  const [first] = run.run;
  await signetOk(['run', 'undo', first?.run ?? ''], { home });
  expect(readRun(await signet(['apply', '--yes', '--json'], { home })).done.outcome).toBe('applied');
  expect(await read('/etc/postfix/main.cf')).toBe(mainCf);
  expect(await differences()).toEqual([`/etc/bind/zones/db.${domain}`, `zone:${domain}`]);
});
