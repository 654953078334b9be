/** Keys of fifty domains on two servers rotated while mail flows, retired when due; and a key that somebody else has. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ManualRecord } from '../../../shared/model.ts';
import { makeHome, signet, type Home } from '../../tools/cli.ts';
import { hoursAhead } from '../../tools/clock.ts';
import { addAndScan, apply, ask, differing, each, readRun, zoneFiles } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, lab } from '../../tools/lab.ts';
import { startLoad } from '../../tools/load.ts';

const hosts = ['s6', 's7'] as const;
/** With SIGNET_EXHAUSTIVE=1 mail flows for minutes. */
const patience = process.env['SIGNET_EXHAUSTIVE'] === '1' ? 60_000 : 2000;

let home: Home;
const domains: Record<string, readonly string[]> = {};
const all = () => Object.values(domains).flat();

/** Mail of it is on s7, and its zone on s6. */
const guest = 'guest.firma0002-s6.example';

/** Twenty zones each, and five more mail domains: below the apex of one, and one in a zone of the other host. */
async function hostMore(host: string): Promise<void> {
  await lab.sh(
    host,
    `{ for i in 1 2 3 4; do echo branch$i.firma0001-${host}.example; done
       echo ${host === 's7' ? guest : `branch5.firma0001-${host}.example`}; } >>/etc/postfix/virtual_domains
     postfix reload`,
  );
}

/** One domain of each host signs with the same key, made and published by hand. */
async function signByHand(key: string, record: string): Promise<void> {
  for (const host of hosts) {
    const domain = `firma0020-${host}.example`;
    const script = `mkdir -p /etc/opendkim/keys/hand; cat >/etc/opendkim/keys/hand/key.private;
       chown -R opendkim:opendkim /etc/opendkim/keys/hand; chmod 700 /etc/opendkim/keys/hand; chmod 600 /etc/opendkim/keys/hand/key.private
       echo 'hand ${domain}:hand:/etc/opendkim/keys/hand/key.private' >>/etc/opendkim/key.table
       echo '*@${domain} hand' >>/etc/opendkim/signing.table
       echo 'hand._domainkey.${domain}. IN TXT ( ${record} )' >>/etc/bind/zones/db.${domain}
       sed -i -E 's/20240101[0-9]{2}/2026112400/' /etc/bind/zones/db.${domain}
       rndc reload ${domain}; systemctl reload opendkim`;
    await lab.exec(host, ['sh', '-ec', script], key);
  }
}

useHosts(...hosts);

beforeAll(async () => {
  home = await makeHome();
  await each(hosts, hostMore);
  const [key = '', ...text] = (
    await lab.sh('s6', 'cd /root; opendkim-genkey -b 1024 -s hand; cat hand.private; echo ===; cat hand.txt')
  ).split('===');
  await signByHand(key, (text.join('').match(/"[^"]*"/g) ?? []).join(' '));
  await addAndScan(home, ...hosts);
  for (const host of hosts) {
    domains[host] = (await ask.domains(home)).filter(row => row.server === host).map(row => row.domain);
  }
});

afterAll(() => home.remove());

test('fifty domains sign, two of them by hand with one key', async () => {
  expect(all().length).toBe(50);
  const staged = await signet(['signing', 'on', '--all', '--key', 'rsa1024', '--json'], { home });
  expect(staged).toMatchObject({ code: 0, json: { refused: [], keys: 48 } });
  expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
});

describe('a compromised key', () => {
  const victims = hosts.map(host => [host, `firma0020-${host}.example`] as const);

  test('signs on both servers, by hand', async () => {
    const signed = await each(victims, ([host, domain]) => check.signed(host, domain, { selector: 'hand' }));
    expect(signed.map(one => one.ok)).toEqual([true, true]);
  });

  test('is of Signet where it was adopted: switched off and on again', async () => {
    const domain = 'firma0020-s7.example';
    for (const args of [
      ['off', domain, '--grace', '12h'],
      ['on', domain, '--key', 'rsa1024'],
    ]) {
      expect(await signet(['signing', ...args], { home })).toMatchObject({ code: 0, stderr: '' });
      expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    }
    const managed = (await ask.domains(home)).flatMap(row =>
      row.keys.filter(key => key.selector === 'hand').map(key => [row.domain, key.inUse, key.managed]),
    );
    expect(managed).toEqual(victims.map(([host, name]) => [name, true, host === 's7']));
  });

  test('is found wherever it is by the name of one of its records, and the plan says what is lost', async () => {
    const staged = await signet(['rotate', '--compromised', `hand._domainkey.firma0020-s6.example`, '--json'], {
      home,
    });
    expect(staged).toMatchObject({ code: 0, json: { refused: [], keys: 2 } });
    expect((await ask.pending(home)).map(row => [row.server, row.domain, row.intent])).toEqual(
      victims.map(([host, domain]) => [host, domain, 'rotate']),
    );
    const plan = await ask.plan(home);
    const codes = (code: string) =>
      plan.problems.filter(problem => problem.code === code).map(problem => problem.server);
    expect(codes('mail-under-way').toSorted()).toEqual(['s6', 's7']);
    // what an admin made by hand is not removed
    expect(codes('key-not-ours')).toEqual(['s6']);
  });

  test('gives way to new keys, and is revoked in every zone', async () => {
    expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    for (const [host, domain] of victims) {
      expect(await check.signed(host, domain)).toMatchObject({
        ok: true,
        selector: expect.stringContaining(`${host}-`),
      });
      const { servers } = await check.txt(`hand._domainkey.${domain}`);
      expect(servers).toMatchObject({ [host]: { txt: [expect.stringMatching(/\bp=$/)] } });
      await lab.sh(host, `test ${host === 's6' ? '' : '!'} -e /etc/opendkim/keys/hand/key.private`);
    }
    await ask.scan(home);
    expect(await ask.plan(home)).toMatchObject({ changes: [], later: [] });
    const again = await signet(['rotate', '--compromised', '0'.repeat(64)], { home });
    expect(again).toMatchObject({ code: 3 });
    expect(again.stderr).toMatch(/\[unknown-key\]/);
  });
});

describe('a rotation', () => {
  const domain = 'firma0005-s6.example';
  const files = async () => {
    const lines = (await lab.sh('s6', 'find /etc/opendkim /etc/dkimkeys -type f | sort | xargs sha256sum')).split('\n');
    return [await zoneFiles('s6'), lines] as const;
  };

  test('is taken back: signed as before, every file as it was but for the serial', async () => {
    const [zones, config] = await files();
    const before = (await ask.domains(home)).find(row => row.domain === domain);
    const selector = before?.keys.find(key => key.inUse)?.selector ?? '';
    expect(await signet(['rotate', domain], { home })).toMatchObject({ code: 0, stderr: '' });
    const { done } = await apply(home);
    expect(await signet(['run', 'undo', done.run], { home })).toMatchObject({ code: 0, stderr: '' });
    expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    expect(await ask.pending(home)).toEqual([]);
    const [zonesNow, configNow] = await files();
    expect(differing(zones, zonesNow)).toEqual([]);
    expect(configNow).toEqual(config);
    expect(await check.signed('s6', domain, { selector })).toMatchObject({ ok: true });
  });
});

describe('a group of fifty domains', () => {
  const before = new Map<string, string>();

  test('is rotated while mail flows: every message verifies', async ({ annotate }) => {
    for (const { domain, keys } of await ask.domains(home)) {
      before.set(domain, keys.find(key => key.inUse)?.selector ?? '');
    }
    const load = startLoad(20, domains);
    await setTimeout(patience);
    const staged = await signet(['rotate', '--all', '--grace', '12h', '--json'], { home });
    expect(staged).toMatchObject({ code: 0, json: { refused: [], unchanged: [], keys: 50 } });
    const applied = await apply(home);
    expect(applied.run.filter(event => event.type === 'problem')).toEqual([]);
    expect(applied).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    // a turn of all domains with the new keys, in sessions that begin now: one that is open goes on with the old ones
    await setTimeout(Math.max(patience, 5000));
    const mail = await load.end();
    await annotate(`${mail.messages} messages of ${all().length} domains while their keys were rotated`);
    expect(mail).toMatchObject({ failures: [], lost: [], twice: 0, unsigned: [], failing: [] });
    for (const row of await ask.domains(home)) {
      const now = row.keys.find(key => key.inUse)?.selector ?? '';
      expect(now).not.toBe(before.get(row.domain));
      const used = Object.keys(mail.selectors[row.domain] ?? {});
      expect(used).toContain(now);
      expect([now, before.get(row.domain)]).toEqual(expect.arrayContaining(used));
    }
  });

  test('what it was signed with is served, and due later', async () => {
    const tasks = await ask.pending(home);
    expect(tasks.map(task => [task.domain, task.intent, task.selectors[0]]).toSorted()).toEqual(
      all()
        .map(domain => [domain, 'retire', before.get(domain)])
        .toSorted(),
    );
    const plan = await ask.plan(home);
    expect(plan.changes).toEqual([]);
    expect(plan.later.length).toBe(50);
  });

  test('a month later the old keys go, and mail verifies with the new ones', async () => {
    const later = await signet(['apply', '--yes', '--json'], { home, env: hoursAhead(31 * 24) });
    expect(readRun(later)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    await ask.scan(home);
    const rows = await ask.domains(home);
    const left = rows.flatMap(row => row.keys.filter(key => !key.inUse).map(key => [row.server, key.selector]));
    expect(left).toEqual([['s6', 'hand']]);
    const [first] = rows;
    const txt = await check.txt(`${before.get(first?.domain ?? '')}._domainkey.${first?.domain}`);
    expect(txt['servers']).toMatchObject({ s6: { txt: [] } });
    const some = [
      ['s6', first?.domain ?? ''],
      ['s7', guest],
    ] as const;
    const mail = await each(some, ([host, domain]) => check.signed(host, domain));
    expect(mail.map(({ ok }) => ok)).toEqual([true, true]);
    expect(await ask.pending(home)).toEqual([]);
    expect(await ask.plan(home)).toMatchObject({ changes: [], later: [] });
  });
});

describe('where DNS is elsewhere', () => {
  let abroad: Home;

  /** What the form of a provider does. */
  async function paste({ rrset: { name, values } }: ManualRecord): Promise<void> {
    const file = '/etc/bind/zones/db.firma0002-s6.example';
    await lab.sh(
      's6',
      `sed -i '/^${name}\\./d' ${file}; echo '${name}. IN TXT "${values.join('')}"' >>${file}
       sed -i -E "s/ 20[0-9]{8} / $(date +%s) /" ${file}; rndc reload firma0002-s6.example`,
    );
  }

  const manual = async () => (await ask.plan(abroad)).manual;

  /** Applies, pastes what the signing waits for, and goes on. */
  async function applyWithPaste(): Promise<void> {
    const waiting = await apply(abroad);
    expect(waiting).toMatchObject({ code: 4, done: { outcome: 'incomplete' } });
    const [record] = await manual();
    if (record === undefined) throw new Error('nothing to paste');
    await paste(record);
    const resumed = readRun(await signet(['run', 'resume', waiting.done.run, '--json'], { home: abroad }));
    expect(resumed).toMatchObject({ code: 0, done: { outcome: 'applied' } });
  }

  beforeAll(async () => {
    abroad = await makeHome();
    await addAndScan(abroad, 's7');
  });

  afterAll(() => abroad.remove());

  test('the plan has the record to paste, and signing waits for it', async () => {
    expect(await signet(['rotate', guest], { home: abroad })).toMatchObject({ code: 0, stderr: '' });
    expect(await manual()).toMatchObject([{ action: 'publish', domain: guest }]);
    await applyWithPaste();
    expect(await check.signed('s7', guest)).toMatchObject({ ok: true });
    expect(await ask.pending(abroad)).toEqual([]);
  });

  test('a revocation stays until DNS says so', async () => {
    const bad = (await ask.domains(abroad)).flatMap(row =>
      row.domain === guest ? row.keys.filter(key => key.inUse).map(key => key.selector) : [],
    );
    const name = `${bad[0]}._domainkey.${guest}`;
    expect(await signet(['rotate', '--compromised', name], { home: abroad })).toMatchObject({ code: 0, stderr: '' });
    expect((await manual()).map(({ rrset }) => [rrset.name === name, rrset.values])).toEqual([
      [false, [expect.stringMatching(/^v=DKIM1; k=rsa; p=MIG/)]],
      [true, ['v=DKIM1; k=rsa; p=']],
    ]);
    await applyWithPaste();
    expect(await check.signed('s7', guest)).toMatchObject({ ok: true });
    const [record, ...others] = await manual();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ rrset: { name, values: ['v=DKIM1; k=rsa; p='] } });
    if (record !== undefined) await paste(record);
    await ask.scan(abroad);
    expect(await manual()).toEqual([]);
    expect(await apply(abroad)).toMatchObject({ code: 0 });
    expect(await ask.pending(abroad)).toEqual([]);
  });
});
