/** The BIND driver on real servers: its steps are carried out here by hand, in the order of a run. s7 is reset, ns1 is left as it was. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DnsEdit, DriverPlan } from '../../../electron/drivers/api.ts';
import type { BindFacts } from '../../../electron/drivers/dns/bind/facts.ts';
import { driver } from '../../../electron/drivers/dns/bind.ts';
import { createHostReader } from '../../../electron/drivers/kit/host-reader.ts';
import type { Session, Transport } from '../../../electron/transport/api.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import type { CommandLine, CommandStep, FileStep, RecordsStep } from '../../../shared/model.ts';
import { fromContent, type Content } from '../../../shared/text.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, lab, labServer } from '../../tools/lab.ts';
import type { ProgramResult } from '../../tools/program.ts';

const nothing = async () => null;
const key = `v=DKIM1; k=rsa; p=${'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A'.repeat(13)}`;
let transport: Transport;

useHosts('s7', 'mx1', 'mx2', 'ns1');

beforeAll(async () => {
  const secrets = { password: nothing, passphrase: nothing, sudoPassword: nothing };
  transport = createTransport({ secrets, servers: () => undefined });
});

afterAll(() => transport.close());

async function scan(server: string): Promise<{ readonly facts: BindFacts; readonly roundTrips: number }> {
  const { config } = await labServer(server);
  const session: Session = await transport.open(config);
  const host = await createHostReader(session);
  const before = session.roundTrips;
  const facts = await driver.scan(host);
  return { facts, roundTrips: session.roundTrips - before };
}

const run = (server: string, { argv, stdin }: CommandLine): Promise<ProgramResult> =>
  lab.exec(server, argv, stdin ?? '');

const filesOf = (plan: DriverPlan<BindFacts>): readonly FileStep[] => plan.steps.filter(step => step.kind === 'file');

const commandsOf = (plan: DriverPlan<BindFacts>, phase: CommandStep['phase']): readonly CommandStep[] =>
  plan.steps.filter(step => step.kind === 'command').filter(step => step.phase === phase);

const stagedPath = (path: string): string => `${path}.staged`;

async function write(server: string, path: string, content: Content): Promise<void> {
  const written = await lab.exec(server, ['sh', '-c', 'cat > "$1"', 'write', path], fromContent(content));
  expect(written).toMatchObject({ code: 0 });
}

async function stage(server: string, plan: DriverPlan<BindFacts>): Promise<void> {
  for (const { path, after } of filesOf(plan)) {
    if (after !== null && 'text' in after) await write(server, stagedPath(path), after);
  }
}

async function runAll(server: string, commands: readonly CommandStep[]): Promise<readonly ProgramResult[]> {
  const results: ProgramResult[] = [];
  for (const { argv, stdin } of commands) {
    const real = argv.map(word => word.replace(/\{new:([^}]*)\}/g, (_, path: string) => stagedPath(path)));
    results.push(await run(server, { argv: real, ...(stdin === undefined ? {} : { stdin }) }));
  }
  return results;
}

const failures = (results: readonly ProgramResult[]): readonly string[] =>
  results.filter(({ code }) => code !== 0).map(({ code, stderr }) => `${code}: ${stderr}`);

/** Stage, check, rename, activate, verify. */
async function carryOut(server: string, plan: DriverPlan<BindFacts>): Promise<void> {
  await stage(server, plan);
  expect(failures(await runAll(server, commandsOf(plan, 'check')))).toEqual([]);
  for (const { path } of filesOf(plan)) await lab.sh(server, `mv '${stagedPath(path)}' '${path}'`);
  expect(failures(await runAll(server, commandsOf(plan, 'activate')))).toEqual([]);
  expect(failures(await runAll(server, commandsOf(plan, 'verify')))).toEqual([]);
}

const addKey = (zone: string, selector = 's2026'): DnsEdit => {
  const name = `${selector}._domainkey.${zone}`;
  return { zone, name, before: null, after: { name, ttl: null, values: [key] } };
};

const zoneName = (number: number): string => `firma${String(number).padStart(4, '0')}-s7.example`;
const zones = Array.from({ length: 20 }, (_, index) => zoneName(index + 1));

describe('static zones', () => {
  let facts: BindFacts;

  beforeAll(async () => {
    await lab.snapshot('s7');
  });

  test('are read in a few round trips, however many they are', async () => {
    const scanned = await scan('s7');
    facts = scanned.facts;
    expect(scanned.roundTrips).toBeLessThanOrEqual(5);
    const view = driver.view(facts);
    expect(view.version).toMatch(/^9\./);
    expect(view.problems).toEqual([]);
    const ours = view.zones.filter(({ name }) => name.startsWith('firma'));
    expect(ours.map(({ name }) => name)).toEqual(zones);
    expect(ours.every(({ kind, role, refusal }) => kind === 'static' && role === 'primary' && refusal === null)).toBe(
      true,
    );
    expect(ours.find(({ name }) => name === zoneName(1))?.txt).toEqual([
      { name: `_dmarc.${zoneName(1)}`, ttl: 3600, values: ['v=DMARC1; p=none'] },
    ]);
    expect(view.zones.find(({ name }) => name === '')).toMatchObject({ kind: 'hint', role: 'other' });
  });

  test('get a record each, and nothing else of them changes', async () => {
    const plan = driver.plan(
      facts,
      zones.map(zone => addKey(zone)),
    );
    expect(plan.refused).toEqual([]);
    expect(filesOf(plan)).toHaveLength(20);
    expect(commandsOf(plan, 'activate')).toHaveLength(1);
    await carryOut('s7', plan);
    for (const zone of zones.slice(0, 3)) {
      const intact = await check.zoneIntact('s7', zone, { expectChange: true, strict: true });
      expect(intact).toMatchObject({ ok: true, our_records_removed: [] });
      expect(intact.our_records_added).toHaveLength(1);
      expect(await check.txt(`s2026._domainkey.${zone}`, { server: 's7', equals: key })).toMatchObject({ ok: true });
    }
    expect(
      driver.plan(
        plan.after,
        zones.map(zone => addKey(zone)),
      ).steps,
    ).toEqual([]);
    const fresh = (await scan('s7')).facts;
    expect(
      driver.plan(
        fresh,
        zones.map(zone => addKey(zone)),
      ).steps,
    ).toEqual([]);
    expect(fresh.files).toEqual(plan.after.files);
    facts = fresh;
  });

  test('a check fails when the new file holds anything that is not planned', async () => {
    const plan = driver.plan(facts, [addKey(zoneName(3), 'other')]);
    const [file] = filesOf(plan);
    const after = file?.after;
    if (file === undefined || !after || !('text' in after)) throw new Error('no file in the plan');
    const spoilt = [
      `${after.text}www2\tIN\tA\t192.0.2.1\n`,
      after.text.replace(/^www.*\n/m, ''),
      after.text.replace('v=spf1 mx -all', 'v=spf1 -all'),
      after.text.replace('k=rsa', 'k=rsaa'),
      after.text.replace(/\d{10}/, '2024010103'),
      `${after.text}broken\tIN\tA\tnone\n`,
    ];
    for (const text of spoilt) {
      expect(text).not.toBe(after.text);
      await write('s7', stagedPath(file.path), { encoding: 'utf8', text });
      expect(failures(await runAll('s7', commandsOf(plan, 'check')))).toHaveLength(1);
    }
    await write('s7', stagedPath(file.path), after);
    expect(failures(await runAll('s7', commandsOf(plan, 'check')))).toEqual([]);
    await lab.sh('s7', `rm '${stagedPath(file.path)}'`);
  });

  test('verify fails while named serves the old zone', async () => {
    const plan = driver.plan(facts, [addKey(zoneName(3), 'other')]);
    const [result] = await runAll('s7', commandsOf(plan, 'verify'));
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('has not loaded serial') });
  });

  test('a rollback after activation is served: the old zone with a higher serial', async () => {
    const plan = driver.plan(facts, [addKey(zoneName(2), 'back')]);
    await carryOut('s7', plan);
    const name = `back._domainkey.${zoneName(2)}`;
    expect(await check.txt(name, { server: 's7' })).toMatchObject({ ok: true });
    const [file] = filesOf(plan);
    if (file?.rollback === undefined) throw new Error('no rollback in the plan');
    await write('s7', file.path, file.rollback);
    // as old as a backup that kept its time: named must read it nevertheless
    await lab.sh('s7', `touch -d 2001-01-01 '${file.path}'`);
    expect(failures(await runAll('s7', commandsOf(plan, 'activate')))).toEqual([]);
    await expect.poll(() => lab.sh('s7', `dig +short TXT ${name} @127.0.0.1 | wc -l`), { timeout: 5000 }).toBe('0\n');
    facts = (await scan('s7')).facts;
  });

  test('restore gives back the bytes of before, but for the serial', async () => {
    const zone = zoneName(1);
    const path = `/etc/bind/zones/db.${zone}`;
    const original = facts.files[path];
    const plan = driver.plan(facts, [addKey(zone, 'gone')]);
    if (original === undefined) throw new Error('no such file');
    const before = fromContent(original.content);
    await carryOut('s7', plan);
    const after = plan.after.files[path]?.sha256 ?? '';
    const restored = driver.restore((await scan('s7')).facts, [{ path, before, after }]);
    if (restored === null) throw new Error('BIND keeps files');
    expect(restored.refused).toEqual([]);
    await carryOut('s7', restored);
    const now = await lab.sh('s7', `cat ${path}`);
    expect(now).not.toBe(before);
    expect(now.replace(/hostmaster \d+/, '')).toBe(before.replace(/hostmaster \d+/, ''));
    const again = driver.restore((await scan('s7')).facts, [{ path, before, after }]);
    expect(again?.refused.map(({ problem }) => problem.code)).toEqual(['file-changed']);
  });

  test('a zone that does not load today, and one that named does not know, are refused with the record to paste', async () => {
    await lab.sh('s7', `printf 'broken IN A none\\n' >> /etc/bind/zones/db.${zoneName(4)}`);
    await lab.sh(
      's7',
      `printf 'zone "new.example" { type primary; file "/etc/bind/zones/db.%s"; };\\n' ${zoneName(5)} >> /etc/bind/named.conf.local`,
    );
    const broken = (await scan('s7')).facts;
    const plan = driver.plan(broken, [addKey(zoneName(4), 'x'), addKey('new.example', 'x')]);
    expect(plan.steps).toEqual([]);
    expect(plan.refused.map(({ problem }) => problem.code)).toEqual(['zone-does-not-load', 'zone-does-not-load']);
    expect(plan.refused[0]?.problem.hint).toContain(`x._domainkey.${zoneName(4)}. IN TXT "v=DKIM1; k=rsa; p=`);
    expect(driver.view(broken).problems.map(({ code }) => code)).toContain('zone-does-not-load');
  });
});

describe('zones of several views', () => {
  beforeAll(() => lab.reset('s7'));

  test('are edited in each view, a file that views share once', async () => {
    await lab.sh(
      's7',
      `cd /etc/bind/zones
       sed 's/hostmaster [0-9]*/hostmaster 7/' db.${zoneName(1)} > db.inside
       cat > /etc/bind/named.conf <<'END'
include "/etc/bind/named.conf.options";
view inside {
  match-clients { 10.0.0.0/8; };
  zone "${zoneName(1)}" { type primary; file "/etc/bind/zones/db.inside"; };
  zone "${zoneName(2)}" { type primary; file "/etc/bind/zones/db.${zoneName(2)}"; };
  zone "${zoneName(3)}" { type primary; file "/etc/bind/zones/db.${zoneName(3)}"; };
};
view outside {
  match-clients { any; };
  zone "${zoneName(1)}" { type primary; file "/etc/bind/zones/db.${zoneName(1)}"; };
  zone "${zoneName(2)}" { type primary; file "/etc/bind/zones/db.${zoneName(2)}"; };
  zone "${zoneName(3)}" { in-view inside; };
};
END
       rndc reconfig; sleep 1`,
    );
    const { facts } = await scan('s7');
    const edits = [1, 2, 3].map(number => addKey(zoneName(number)));
    const plan = driver.plan(facts, edits);
    expect(plan.refused).toEqual([]);
    expect(filesOf(plan).map(({ path }) => path)).toEqual([
      '/etc/bind/zones/db.inside',
      `/etc/bind/zones/db.${zoneName(1)}`,
      `/etc/bind/zones/db.${zoneName(2)}`,
      `/etc/bind/zones/db.${zoneName(3)}`,
    ]);
    await carryOut('s7', plan);
    for (const zone of [1, 2, 3].map(zoneName)) {
      for (const client of ['127.0.0.1', '10.99.1.8']) {
        const answer = await lab.sh('s7', `dig +short -b ${client} TXT s2026._domainkey.${zone} @10.99.1.8`);
        expect(answer.replaceAll('" "', '').trim()).toBe(`"${key}"`);
      }
    }
    expect(driver.plan((await scan('s7')).facts, edits).steps).toEqual([]);
  });
});

describe('dynamic and inline-signed zones', () => {
  const zone = 'dyn.example';
  const records = () => lab.sh('ns1', `dig +noall +answer AXFR ${zone} @127.0.0.1 | grep -v SOA | sort`);

  test('are told apart, with their state', async () => {
    const view = driver.view((await scan('ns1')).facts);
    const kinds = Object.fromEntries(view.zones.map(({ name, kind, signed }) => [name, `${kind} ${signed}`]));
    expect(kinds).toMatchObject({
      'obchod.example': 'dynamic false',
      'dyn.example': 'dynamic false',
      'podpis.example': 'inline-signed true',
      'knihy.example': 'secondary false',
    });
    expect(view.zones.find(({ name }) => name === 'knihy.example')).toMatchObject({
      role: 'secondary',
      primaries: ['10.99.0.11'],
      refusal: { code: 'zone-secondary' },
    });
  });

  test('an update is made once, taken back once, and neither when something else is there', async () => {
    const before = await records();
    const { facts } = await scan('ns1');
    const plan = driver.plan(facts, [addKey(zone)]);
    const [step] = plan.steps.filter((one): one is RecordsStep => one.kind === 'records');
    if (step === undefined) throw new Error('no update in the plan');
    expect(plan.steps).toHaveLength(1);
    expect(await run('ns1', step.apply)).toMatchObject({ code: 0, stderr: '' });
    expect(await run('ns1', step.apply)).not.toMatchObject({ code: 0 });
    expect(await check.txt(step.name, { server: 'ns1', equals: key })).toMatchObject({ ok: true });

    const added = (await scan('ns1')).facts;
    expect(driver.plan(added, [addKey(zone)]).steps).toEqual([]);
    const rrset = { name: step.name, ttl: null, values: [key] };
    const changed = driver.plan(added, [
      { zone, name: step.name, before: rrset, after: { ...rrset, values: ['o=~', key] } },
    ]);
    const [change] = changed.steps.filter((one): one is RecordsStep => one.kind === 'records');
    if (change === undefined) throw new Error('no second update');
    expect(await run('ns1', change.apply)).toMatchObject({ code: 0, stderr: '' });
    expect(await run('ns1', step.revert)).not.toMatchObject({ code: 0 });
    expect(await run('ns1', change.revert)).toMatchObject({ code: 0, stderr: '' });

    expect(await run('ns1', step.revert)).toMatchObject({ code: 0, stderr: '' });
    expect(await run('ns1', step.revert)).not.toMatchObject({ code: 0 });
    expect(await records()).toBe(before);
  });

  test('no key stands in facts or plans', async () => {
    const secret = (await lab.sh('ns1', `sed -n 's/.*secret "\\(.*\\)";/\\1/p' /etc/bind/lab-ddns.key`)).trim();
    const { facts } = await scan('ns1');
    const plan = driver.plan(facts, [addKey(zone)]);
    expect(secret.length).toBeGreaterThan(20);
    expect(JSON.stringify(plan.steps)).toContain('lab-ddns');
    expect(JSON.stringify([facts, plan])).not.toContain(secret);
  });

  test('the unsigned file of an inline-signed zone is edited like a static one', async () => {
    const plan = driver.plan((await scan('ns1')).facts, [addKey('podpis.example')]);
    expect(filesOf(plan).map(({ path }) => path)).toEqual(['/var/lib/bind/db.podpis.example']);
    await stage('ns1', plan);
    try {
      expect(failures(await runAll('ns1', commandsOf(plan, 'check')))).toEqual([]);
    } finally {
      await lab.sh('ns1', `rm '${stagedPath('/var/lib/bind/db.podpis.example')}'`);
    }
  });
});
