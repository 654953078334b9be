import { describe, expect, test } from 'vitest';
import type { DnsEdit } from '../../../../electron/drivers/api.ts';
import type { BindFacts } from '../../../../electron/drivers/dns/bind/facts.ts';
import { driver } from '../../../../electron/drivers/dns/bind.ts';
import { sha256 } from '../../../../electron/drivers/kit/bytes.ts';
import type { CommandStep, FileStep, RecordsStep, Step } from '../../../../shared/model.ts';
import { fromContent, type Content } from '../../../../shared/text.ts';
import { createMemoryHost } from '../../../fakes/memory-host.ts';
import { createNamed, plainZone, type FakeNamed, type FakeZone } from './bind/fake-named.ts';

const scan = (named: FakeNamed): Promise<BindFacts> => driver.scan(createNamed(named));

const zone = (name: string, more: Partial<FakeZone> = {}): FakeZone => ({ name, text: plainZone(), ...more });

const edit = (zone: string, label = 's1._domainkey', value: string | null = 'v=DKIM1; p=AAAA'): DnsEdit => {
  const name = label === '' ? zone : `${label}.${zone}`;
  return { zone, name, before: null, after: value === null ? null : { name, ttl: null, values: [value] } };
};

const filesOf = (steps: readonly Step[]): readonly FileStep[] => steps.filter(step => step.kind === 'file');
const updatesOf = (steps: readonly Step[]): readonly RecordsStep[] => steps.filter(step => step.kind === 'records');
const commandsOf = (steps: readonly Step[], phase: CommandStep['phase']): readonly CommandStep[] =>
  steps.filter(step => step.kind === 'command').filter(step => step.phase === phase);

function textOf(content: FileStep['after'] | FileStep['rollback']): string {
  if (!content || !('text' in content)) throw new Error('no content');
  return fromContent(content satisfies Content);
}

const dynamicConfig = (name: string, statement: string): string =>
  `type primary; file "/var/lib/bind/${name}"; ${statement}`;
const dynamic = (name: string, statement: string, more: Partial<FakeZone> = {}): FakeZone => ({
  name,
  config: dynamicConfig(name, statement),
  file: `/var/lib/bind/${name}`,
  text: plainZone(),
  status: 'dynamic: yes\nfrozen: no',
  records: `${name}.\t\t 3600 IN SOA\tns.host.example. h.${name}. 5 3600 3600 3600 3600\n`,
  ...more,
});

describe('detect', () => {
  test('finds named by its tools', async () => {
    expect(await driver.detect(createNamed({ zones: [] }))).toBe(true);
    expect(await driver.detect(createMemoryHost({ files: {} }))).toBe(false);
  });
});

describe('scan', () => {
  test('takes as many round trips for 300 zones as for 3', async () => {
    const trips = async (count: number): Promise<number> => {
      const zones = Array.from({ length: count }, (_, i) =>
        i % 3 === 0
          ? dynamic(`z${i}.example`, 'allow-update { key "ddns"; };')
          : zone(`z${i}.example`, { text: plainZone(5, '$INCLUDE /etc/bind/inc\n') }),
      );
      const host = createNamed({ zones, files: { '/etc/bind/inc': '; nothing\n' } });
      const facts = await driver.scan(host);
      expect(facts.zones).toHaveLength(count);
      return host.roundTrips();
    };
    expect(await trips(300)).toBe(await trips(3));
    expect(await trips(3)).toBeLessThanOrEqual(5);
  });

  test('keeps the hashes of the configuration, not its keys', async () => {
    const facts = await scan({ zones: [zone('a.example')] });
    expect(facts.requires.map(({ path }) => path)).toEqual(['/etc/bind/named.conf', '/etc/bind/named.conf.local']);
    expect(JSON.stringify(facts)).not.toContain('c2VjcmV0LXNlY3JldA==');
  });

  test('a named that does not run, and a configuration that it would not take, are told', async () => {
    const stopped = driver.view(await scan({ zones: [zone('a.example')], running: false }));
    expect(stopped.problems.map(({ code }) => code)).toEqual(['bind-not-running']);
    expect(stopped.zones[0]?.refusal?.code).toBe('bind-not-running');
    const checkconf = { code: 1, stderr: "/etc/bind/named.conf:3: unknown option '\u001B[31mx'" };
    const invalid = driver.view(await scan({ zones: [], checkconf }));
    expect(invalid.problems).toEqual([expect.objectContaining({ code: 'named-conf-invalid' })]);
    expect(invalid.problems[0]?.message).toContain('\\u{1b}[31mx');
  });

  test('names that could reach a shell or rndc as more than a name are never passed on', async () => {
    const host = createNamed({ zones: [zone('$(reboot).example'), zone('-x.example'), zone('a b.example')] });
    const view = driver.view(await driver.scan(host));
    expect(view.zones.map(({ refusal }) => refusal?.code)).toEqual(Array(3).fill('zone-name-unsupported'));
    expect(JSON.stringify(host.commands())).not.toContain('reboot');
  });
});

describe('view', () => {
  test('shows keys, policies and aliases', async () => {
    const text = plainZone(
      5,
      '_dmarc TXT "v=DMARC1;" " p=none"\ns1._domainkey 60 TXT "v=DKIM1; p=A"\n_domainkey TXT "o=~"\n' +
        '*._domainkey TXT "v=DKIM1; p="\n_adsp._domainkey TXT "dkim=all"\nk1._domainkey CNAME k1.other.example.\n' +
        'www TXT "no"\nsub CNAME www\n',
    );
    const [shown] = driver.view(await scan({ zones: [zone('A.Example', { text })] })).zones;
    expect(shown).toMatchObject({
      name: 'a.example',
      view: null,
      kind: 'static',
      role: 'primary',
      serial: 5,
      refusal: null,
    });
    expect(shown?.txt).toEqual([
      { name: '_dmarc.a.example', ttl: 3600, values: ['v=DMARC1; p=none'] },
      { name: 's1._domainkey.a.example', ttl: 60, values: ['v=DKIM1; p=A'] },
      { name: '_domainkey.a.example', ttl: 3600, values: ['o=~'] },
      { name: '*._domainkey.a.example', ttl: 3600, values: ['v=DKIM1; p='] },
      { name: '_adsp._domainkey.a.example', ttl: 3600, values: ['dkim=all'] },
    ]);
    expect(shown?.cnames).toEqual(['k1._domainkey.a.example']);
  });

  test('warns of two records of a selector, and of one cut at its semicolon', async () => {
    const more = 'a._domainkey TXT "v=DKIM1; p=A"\na._domainkey TXT "v=DKIM1; p=B"\nb._domainkey TXT v=DKIM1; k=rsa\n';
    const view = driver.view(await scan({ zones: [zone('a.example', { text: plainZone(5, more) })] }));
    expect(view.problems.map(({ code }) => code)).toEqual(['duplicate-key-record', 'key-record-cut']);
  });

  const frozen = 'dynamic: yes\nfrozen: yes';
  test.each<[string, string, string, FakeZone, Partial<FakeNamed>?]>([
    [
      'zone-secondary',
      'secondary',
      'secondary',
      { name: 'z.example', config: 'type slave; masters { 192.0.2.1; }; file "s";' },
    ],
    ['zone-not-primary', 'other', 'forward', { name: 'z.example', config: 'type forward; forwarders { 192.0.2.1; };' }],
    ['zone-in-view', 'other', 'in-view', { name: 'z.example', view: 'b', config: 'in-view "a";' }],
    [
      'zone-catalog',
      'primary',
      'static',
      zone('z.example'),
      { options: 'catalog-zones { zone "z.example" default-masters { 192.0.2.1; }; };' },
    ],
    ['zone-without-file', 'primary', 'static', { name: 'z.example', config: 'type primary; database "ldap x";' }],
    [
      'zone-file-not-text',
      'primary',
      'static',
      zone('z.example', { config: 'type primary; file "z"; masterfile-format raw;' }),
    ],
    ['zone-file-missing', 'primary', 'static', { name: 'z.example' }],
    [
      'zone-does-not-load',
      'primary',
      'static',
      zone('z.example', { error: "NS 'ns.z.example' has no address records" }),
    ],
    ['zone-does-not-load', 'primary', 'static', zone('z.example', { status: null })],
    ['zone-frozen', 'primary', 'frozen', dynamic('z.example', 'allow-update { any; };', { status: frozen })],
    ['zone-not-updatable', 'primary', 'dynamic', dynamic('z.example', '')],
    ['zone-unreadable', 'primary', 'dynamic', dynamic('z.example', 'allow-update { any; };', { records: '' })],
    [
      'zone-generated',
      'primary',
      'generated',
      zone('z.example', { text: `; DO NOT EDIT: made by dnsgen\n${plainZone()}` }),
    ],
    ['zone-generated', 'primary', 'generated', zone('z.example', { text: `; cPanel first:110.0.5\n${plainZone()}` })],
    ['zone-syntax', 'primary', 'static', zone('z.example', { text: plainZone(5, 'a TXT "x\n') })],
    ['zone-include-missing', 'primary', 'static', zone('z.example', { text: plainZone(5, '$INCLUDE gone\n') })],
    [
      'soa-in-include',
      'primary',
      'static',
      zone('z.example', { text: '$INCLUDE /etc/soa\n' }),
      { files: { '/etc/soa': plainZone() } },
    ],
  ])('%s', async (code, role, kind, refusedZone, named = {}) => {
    const facts = await scan({ zones: [refusedZone], ...named });
    const [shown] = driver.view(facts).zones;
    expect(shown).toMatchObject({ role, kind, refusal: { code, severity: 'stop' } });
    const { steps, refused } = driver.plan(facts, [edit('z.example')]);
    expect(steps).toEqual([]);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.subject).toBe('s1._domainkey.z.example');
    expect(refused[0]?.problem.hint).toContain('s1._domainkey.z.example. IN TXT "v=DKIM1; p=AAAA"');
  });

  test('a file that zones of different names share is refused for both, also behind a link', async () => {
    const zones = [zone('a.example', { file: '/etc/bind/parked' }), { name: 'b.example', file: '/etc/bind/link' }];
    const facts = await scan({ zones, links: { '/etc/bind/link': '/etc/bind/parked' } });
    expect(driver.view(facts).zones.map(({ refusal }) => refusal?.code)).toEqual([
      'zone-file-shared',
      'zone-file-shared',
    ]);
  });
});

describe('plan for static zones', () => {
  test('is one file, one check, one reload and one verify, whatever the number of edits', async () => {
    const facts = await scan({ zones: [zone('a.example'), zone('b.example')] });
    const edits = [edit('a.example'), edit('a.example', '_dmarc', 'v=DMARC1; p=none')];
    const { steps, requires, refused } = driver.plan(facts, edits);
    expect(refused).toEqual([]);
    expect(steps.map(step => (step.kind === 'command' ? step.phase : step.kind))).toEqual([
      'file',
      'check',
      'activate',
      'verify',
    ]);
    const [file] = filesOf(steps);
    expect(file).toMatchObject({
      path: '/etc/bind/db.a.example',
      before: sha256(plainZone()),
      owner: 'root:root',
    });
    expect(textOf(file?.old ?? null)).toBe(plainZone());
    expect(textOf(file?.after ?? null)).toBe(
      plainZone(6, 's1._domainkey IN TXT "v=DKIM1; p=AAAA"\n_dmarc IN TXT "v=DMARC1; p=none"\n'),
    );
    expect(textOf(file?.rollback)).toBe(plainZone(7));
    expect(commandsOf(steps, 'check')[0]).toMatchObject({
      argv: expect.arrayContaining(['a.example', '/etc/bind/db.a.example', '{new:/etc/bind/db.a.example}', '6']),
      stdin:
        '+_dmarc.a.example. 3600 IN TXT "v=DMARC1; p=none"\n+s1._domainkey.a.example. 3600 IN TXT "v=DKIM1; p=AAAA"\n',
    });
    expect(requires.map(({ path }) => path)).toEqual(['/etc/bind/named.conf', '/etc/bind/named.conf.local']);
  });

  test('follows links to the file, keeps its mode and owner, and requires its includes', async () => {
    const text = plainZone(5, '$INCLUDE inc\n');
    const files = {
      '/srv/zones/a': { content: text, mode: 0o640, owner: 'dns', group: 'bind' },
      '/var/cache/bind/inc': 'mail A 192.0.2.1\n',
    };
    const facts = await scan({
      zones: [{ name: 'a.example' }],
      files,
      links: { '/etc/bind/db.a.example': '/srv/zones/a' },
    });
    const { steps, requires } = driver.plan(facts, [edit('a.example')]);
    expect(filesOf(steps)).toEqual([expect.objectContaining({ path: '/srv/zones/a', mode: 0o640, owner: 'dns:bind' })]);
    expect(requires).toContainEqual({ path: '/var/cache/bind/inc', before: sha256('mail A 192.0.2.1\n') });
  });

  test('is empty over the facts that it leads to, and can be taken on from there', async () => {
    const facts = await scan({ zones: [zone('a.example')] });
    const first = driver.plan(facts, [edit('a.example')]);
    expect(driver.plan(first.after, [edit('a.example')])).toMatchObject({ steps: [], refused: [], requires: [] });
    const second = driver.plan(first.after, [edit('a.example', 's2._domainkey')]);
    expect(filesOf(second.steps)[0]?.before).toBe(sha256(textOf(filesOf(first.steps)[0]?.after ?? null)));
    expect(textOf(filesOf(second.steps)[0]?.after ?? null)).toContain(' h 7 ');
    expect(driver.view(second.after).zones[0]).toMatchObject({ serial: 7, txt: [{}, {}] });
  });

  test('refuses what is not as the edit expects, and does the rest', async () => {
    const text = plainZone(5, 's1._domainkey TXT "v=DKIM1; p=OTHER"\nk1._domainkey CNAME x.\n');
    const facts = await scan({ zones: [zone('a.example', { text })] });
    const edits = ['s1._domainkey', 'k1._domainkey', 's2._domainkey'].map(label => edit('a.example', label));
    const { steps, refused } = driver.plan(facts, [...edits, edit('nowhere.example')]);
    expect(refused.map(({ subject, problem }) => [subject, problem.code])).toEqual([
      ['s1._domainkey.a.example', 'record-exists'],
      ['k1._domainkey.a.example', 'name-is-alias'],
      ['s1._domainkey.nowhere.example', 'zone-unknown'],
    ]);
    expect(refused[0]?.problem).toMatchObject({ file: '/etc/bind/db.a.example' });
    expect(commandsOf(steps, 'check')[0]?.stdin).toBe('+s2._domainkey.a.example. 3600 IN TXT "v=DKIM1; p=AAAA"\n');
  });

  test('bytes that are not UTF-8 stay as they are', async () => {
    const text = plainZone(5, '; p\xf8\xedli\x9a\n');
    const { steps } = driver.plan(await scan({ zones: [zone('a.example', { text })] }), [edit('a.example')]);
    expect(textOf(filesOf(steps)[0]?.after ?? null)).toContain('; p\xf8\xedli\x9a\n');
  });

  test('of an inline-signed zone edits the unsigned file', async () => {
    const signed = zone('a.example', { status: 'secure: yes\ninline signing: yes\ndynamic: no' });
    const facts = await scan({ zones: [signed] });
    expect(driver.view(facts).zones[0]).toMatchObject({ kind: 'inline-signed', signed: true });
    expect(filesOf(driver.plan(facts, [edit('a.example')]).steps)).toHaveLength(1);
  });
});

describe('plan for views', () => {
  const views = (second: FakeZone): FakeNamed => ({
    zones: [zone('a.example', { view: 'in', file: '/etc/bind/in' }), second],
  });

  test('edits the file of each view', async () => {
    const facts = await scan(
      views(zone('a.example', { view: 'out', file: '/etc/bind/out', text: plainZone(2024010100) })),
    );
    const { steps } = driver.plan(facts, [edit('a.example')]);
    expect(filesOf(steps).map(({ path }) => path)).toEqual(['/etc/bind/in', '/etc/bind/out']);
    expect(commandsOf(steps, 'activate')[0]?.argv.slice(4).join(' ')).toBe(
      'a.example in /etc/bind/in a.example out /etc/bind/out',
    );
  });

  test('edits a file that views share once, and reloads both', async () => {
    const { steps } = driver.plan(await scan(views({ name: 'a.example', view: 'out', file: '/etc/bind/in' })), [
      edit('a.example'),
    ]);
    expect(filesOf(steps)).toHaveLength(1);
    expect(commandsOf(steps, 'verify')[0]?.argv.slice(4)).toEqual(['a.example', 'in', '6', 'a.example', 'out', '6']);
  });

  test('does in no view what one of them refuses', async () => {
    const text = plainZone(5, 's1._domainkey TXT "other"\n');
    const facts = await scan(views(zone('a.example', { view: 'out', file: '/etc/bind/out', text })));
    const { steps, refused } = driver.plan(facts, [edit('a.example'), edit('a.example', '_dmarc')]);
    expect(refused.map(({ subject }) => subject)).toEqual(['s1._domainkey.a.example']);
    expect(commandsOf(steps, 'check').map(({ stdin }) => stdin)).toEqual(
      Array(2).fill('+_dmarc.a.example. 3600 IN TXT "v=DKIM1; p=AAAA"\n'),
    );
  });
});

describe('plan for dynamic zones', () => {
  const served = 's1._domainkey.d.example.\t 60 IN TXT\t"v=DKIM1; " "p=OLD"\n';

  test('compares and swaps, and back', async () => {
    const one = dynamic('d.example', 'allow-update { key "ddns."; };');
    const facts = await scan({ zones: [{ ...one, records: `${one.records}${served}` }] });
    const name = 's1._domainkey.d.example';
    const before = { name, ttl: null, values: ['v=DKIM1; p=OLD'] };
    const after = { name, ttl: null, values: ['v=DKIM1; p=NEW'] };
    const plan = driver.plan(facts, [{ zone: 'd.example', name, before, after }]);
    const [step] = updatesOf(plan.steps);
    expect(plan.steps).toHaveLength(1);
    expect(step?.apply.argv.slice(3)).toEqual(['signet-update-zone', '/etc/bind/named.conf', 'ddns']);
    expect(step?.apply.stdin).toBe(
      [
        'server 127.0.0.1 53',
        'zone d.example.',
        `prereq yxrrset ${name}. IN TXT "v=DKIM1; " "p=OLD"`,
        `update delete ${name}. IN TXT`,
        `update add ${name}. 60 IN TXT "v=DKIM1; p=NEW"`,
        'send\n',
      ].join('\n'),
    );
    expect(step?.revert.stdin).toContain(`prereq yxrrset ${name}. IN TXT "v=DKIM1; p=NEW"\n`);
    expect(step?.revert.stdin).toContain(`update add ${name}. 60 IN TXT "v=DKIM1; " "p=OLD"\n`);
    expect(driver.plan(plan.after, [{ zone: 'd.example', name, before, after }]).steps).toEqual([]);
    expect(driver.plan(facts, [edit('d.example')]).refused[0]?.problem.code).toBe('record-exists');
  });

  test.each([
    ['allow-update { localhost; };', '', ['nsupdate']],
    ['update-policy local;', '', ['nsupdate', '-l', '-p', '53']],
    ['update-policy { grant local-ddns zonesub any; };', '', ['nsupdate', '-l', '-p', '53']],
  ])('goes in by %s', async (statement, options, argv) => {
    const facts = await scan({ zones: [dynamic('d.example', statement)], options });
    const [step] = updatesOf(driver.plan(facts, [edit('d.example')]).steps);
    expect(step?.apply.argv).toEqual(argv);
    expect(step?.apply.stdin).toContain('prereq nxrrset s1._domainkey.d.example. IN TXT\n');
    expect(step?.revert.stdin).not.toContain('update add');
  });

  test('finds the key behind a named address list, and nothing where only other hosts may come in', async () => {
    const zones = [dynamic('d.example', 'allow-update { { 192.0.2.1; admins; }; };')];
    const facts = await scan({ zones, acls: 'acl admins { key "ddns"; };\n' });
    expect(updatesOf(driver.plan(facts, [edit('d.example')]).steps)[0]?.apply.argv.at(-1)).toBe('ddns');
    const closed = await scan({ zones: [dynamic('d.example', 'allow-update { 192.0.2.1; };')] });
    expect(driver.plan(closed, [edit('d.example')]).refused[0]?.problem.code).toBe('zone-not-updatable');
  });

  test('goes where named listens', async () => {
    const options = 'listen-on port 5353 { 192.0.2.7; };';
    const facts = await scan({ zones: [dynamic('d.example', 'allow-update { any; };')], options });
    expect(updatesOf(driver.plan(facts, [edit('d.example')]).steps)[0]?.apply.stdin).toContain(
      'server 192.0.2.7 5353\n',
    );
  });

  test('is refused below an alias or a delegation, and in several views', async () => {
    const one = dynamic('d.example', 'allow-update { any; };');
    const records = `${one.records}sub.d.example. 60 IN NS ns.\ns1._domainkey.d.example. 60 IN CNAME x.\n`;
    const facts = await scan({ zones: [{ ...one, records }] });
    const { refused } = driver.plan(facts, [edit('d.example'), edit('d.example', 'x.sub')]);
    expect(refused.map(({ problem }) => problem.code)).toEqual(['name-is-alias', 'name-delegated']);
    const both = await scan({
      zones: [
        { ...one, view: 'in' },
        { ...one, view: 'out' },
      ],
    });
    expect(driver.plan(both, [edit('d.example')]).refused[0]?.problem.code).toBe('zone-dynamic-in-views');
  });
});

describe('restore', () => {
  test('gives the old bytes back with a serial that grows, once', async () => {
    const facts = await scan({ zones: [zone('a.example', { text: `; \xf8\n${plainZone()}` })] });
    const path = '/etc/bind/db.a.example';
    const { after } = driver.plan(facts, [edit('a.example')]);
    const request = { path, before: `; \xf8\n${plainZone()}`, after: after.files[path]?.sha256 ?? '' };
    const restored = driver.restore(after, [request]);
    const [file] = filesOf(restored?.steps ?? []);
    expect(textOf(file?.after ?? null)).toBe(`; \xf8\n${plainZone(7)}`);
    expect(commandsOf(restored?.steps ?? [], 'check')[0]?.stdin).toBe(
      '-s1._domainkey.a.example. 3600 IN TXT "v=DKIM1; p=AAAA"\n',
    );
    expect(textOf(file?.rollback)).toContain(' h 8 ');
    expect(driver.restore(facts, [request])?.refused[0]?.problem.code).toBe('file-changed');
    expect(driver.restore(after, [{ ...request, path: '/etc/gone' }])?.refused[0]?.problem.code).toBe(
      'zone-file-missing',
    );
    expect(driver.restore(after, [{ ...request, before: 'nonsense' }])?.refused[0]?.problem.code).toBe('zone-syntax');
  });
});
