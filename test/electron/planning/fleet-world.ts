/**
 * A fleet in memory for planning: hosts with Postfix, OpenDKIM and BIND as files and canned answers. The drivers are the
 * real ones; carrying out a step changes the files, and reading a host again gives facts as a scan would.
 */
import { createHash } from 'node:crypto';
import type { Change, Plan, Step } from '../../../shared/model.ts';
import { fromContent } from '../../../shared/text.ts';
import { registry } from '../../../electron/drivers/registry.ts';
import { scanHost } from '../../../electron/drivers/scan-host.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import type { GeneratedKey } from '../../../electron/vault/api.ts';
import type { MemoryFile } from '../../fakes/memory-host.ts';
import { createMemoryHost, succeeded } from '../../fakes/memory-host.ts';

export interface HostPlan {
  readonly name: string;
  /** Mail domains; signed ones have a key and a record from the start. */
  readonly domains: readonly { readonly name: string; readonly signed: boolean; readonly policy: boolean }[];
  /** Zones that this host is the primary of. */
  readonly zones: readonly string[];
  /** Absent: OpenDKIM with tables, in the path of mail. `none`: it is not installed; `unwired`: Postfix passes it by. */
  readonly signer?: 'none' | 'unwired';
  /** Signet's milter for DomainKeys is in the path too, and signs nothing. */
  readonly domainkeys?: boolean;
}

/** What the package of the signer brings; the program stands for all of it. */
export const packaged = {
  program: '/usr/sbin/opendkim',
  config: '/etc/opendkim.conf',
  text: '# as packaged\nUserID opendkim\nSocket local:/run/opendkim/opendkim.sock\n',
} as const;

type Files = Map<string, MemoryFile>;

export class World {
  readonly #hosts = new Map<string, Files>();
  readonly #plans: readonly HostPlan[];
  readonly #pems: ReadonlyMap<string, string>;

  /** `old`: the key that signs where something is signed already; `pems`: staged private keys by reference. */
  constructor(plans: readonly HostPlan[], old: GeneratedKey, pems: ReadonlyMap<string, string>) {
    this.#plans = plans;
    this.#pems = pems;
    const byZone = domainsByZone(plans);
    for (const plan of plans) this.#hosts.set(plan.name, filesOf(plan, byZone, old));
  }

  /** Facts as a scan gives them; what is served is what the zones hold. */
  async facts(): Promise<readonly ServerFacts[]> {
    const scanned = await Promise.all(this.#plans.map(async plan => scanHost(this.#host(plan), registry)));
    const served: Record<string, readonly string[]> = {};
    for (const { dns } of scanned) {
      for (const { view } of dns) {
        for (const zone of view.zones) for (const rrset of zone.txt) served[rrset.name] = rrset.values;
      }
    }
    return scanned.map(scan => ({ ...scan, scannedAt: '2026-11-24T00:00:00Z', served, delegations: {} }));
  }

  /** One transaction: every `before` must be as the world is. */
  apply(change: Change): void {
    const files = this.#files(change.server);
    for (const { path, before } of change.requires) this.#require(files, path, before, change.id);
    for (const step of change.steps) if (step.kind === 'file') this.#require(files, step.path, step.before, change.id);
    for (const step of change.steps) if (step.kind === 'package') install(files, change);
    for (const step of change.steps) this.#step(files, step);
  }

  /** Every file, for comparing one state with another. */
  snapshot(server: string): ReadonlyMap<string, string> {
    return new Map([...this.#files(server)].map(([path, { content }]) => [path, content ?? '(directory)']));
  }

  has(server: string, path: string): boolean {
    return this.#files(server).has(path);
  }

  #files(server: string): Files {
    const files = this.#hosts.get(server);
    if (files === undefined) throw new Error(`no host ${server}`);
    return files;
  }

  #require(files: Files, path: string, before: string | null, change: string): void {
    const content = files.get(path)?.content;
    const now =
      content === undefined ? null : createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex');
    if (now !== before) throw new Error(`${change}: ${path} is not as the plan found it`);
  }

  #step(files: Files, step: Step): void {
    if (step.kind === 'directory') {
      const inside = [...files.keys()].some(path => path.startsWith(`${step.path}/`));
      if (step.present && !files.has(step.path)) files.set(step.path, { mode: step.mode, ...owned(step.owner) });
      if (!step.present && !inside) files.delete(step.path);
    }
    if (step.kind !== 'file') return;
    if (step.after === null) {
      files.delete(step.path);
      return;
    }
    const old = files.get(step.path);
    const content = 'secret' in step.after ? this.#pems.get(step.after.secret) : fromContent(step.after);
    if (content === undefined) throw new Error(`no such key: ${step.path}`);
    files.set(step.path, { mode: step.mode, ...owned(step.owner), ...old, content });
  }

  #host(plan: HostPlan) {
    const files = Object.fromEntries(this.#files(plan.name));
    return createMemoryHost({
      server: plan.name,
      files,
      host: { os: { id: 'debian', version: '12', name: 'Debian 12' } },
      exec: (argv, stdin) => answer(plan, this.#files(plan.name), argv, stdin),
    });
  }
}

/** As dpkg does it, and as the runner makes room for files of the change's own. */
function install(files: Files, change: Change): void {
  files.set(packaged.program, { content: 'program' });
  files.set('/etc/dkimkeys', { mode: 0o700, owner: 'opendkim', group: 'opendkim' });
  const own = change.steps.some(step => step.kind === 'file' && step.path === packaged.config && step.before === null);
  files.set(own ? `${packaged.config}.dpkg-dist` : packaged.config, { content: packaged.text });
}

function owned(owner: string): { readonly owner: string; readonly group: string } {
  const [user = 'root', group = 'root'] = owner.split(':');
  return { owner: user, group };
}

const zoneFile = (zone: string) => `/etc/bind/zones/db.${zone}`;

function filesOf(plan: HostPlan, byZone: ReadonlyMap<string, HostPlan['domains']>, old: GeneratedKey): Files {
  const files: Files = new Map();
  const key: MemoryFile = { content: old.privateKeyPem, mode: 0o600, owner: 'opendkim', group: 'opendkim' };
  const signed = plan.domains.filter(domain => domain.signed);
  files.set('/etc/bind/named.conf', { content: plan.zones.map(zoneClause).join('') });
  for (const zone of plan.zones) files.set(zoneFile(zone), { content: zoneText(zone, byZone.get(zone) ?? [], old) });
  files.set('/etc/postfix/domains', { content: plan.domains.map(({ name }) => `${name}\n`).join('') });
  const second = plan.domainkeys === true ? ', inet:127.0.0.1:8892' : '';
  const milters = `smtpd_milters = inet:localhost:8891${second}\nnon_smtpd_milters = $smtpd_milters\n`;
  if (plan.domainkeys === true) {
    files.set('/etc/signet-domainkeys/config', { content: 'Sign yes\nVerify no\n' });
    files.set('/etc/signet-domainkeys/keytable', { content: '# by line\n' });
    files.set('/etc/signet-domainkeys/keys', { mode: 0o755 });
  }
  const wired = plan.signer === undefined ? milters : '';
  files.set('/etc/postfix/main.cf', { content: `# by hand\n${wired}myhostname = ${plan.name}.example.net` });
  if (plan.signer === 'none') return files;
  files.set(packaged.program, { content: 'program' });
  files.set(packaged.config, {
    content:
      'UserID opendkim\nSocket inet:8891@localhost\nKeyTable /etc/opendkim/key.table\nSigningTable refile:/etc/opendkim/signing.table\n',
  });
  files.set('/etc/opendkim/key.table', {
    content: signed
      .map(({ name }) => `old._domainkey.${name} ${name}:old:/etc/dkimkeys/${name}/old.private\n`)
      .join(''),
  });
  files.set('/etc/opendkim/signing.table', {
    content: signed.map(({ name }) => `*@${name} old._domainkey.${name}\n`).join(''),
  });
  files.set('/etc/dkimkeys', { mode: 0o700, owner: 'opendkim', group: 'opendkim' });
  for (const { name } of signed) {
    files.set(`/etc/dkimkeys/${name}`, { mode: 0o700, owner: 'opendkim', group: 'opendkim' });
    files.set(`/etc/dkimkeys/${name}/old.private`, key);
  }
  return files;
}

/** A domain that several servers host has its records once. */
function domainsByZone(plans: readonly HostPlan[]): ReadonlyMap<string, HostPlan['domains']> {
  const domains = new Map<string, HostPlan['domains'][number]>();
  for (const domain of plans.flatMap(plan => plan.domains)) {
    const known = domains.get(domain.name);
    const signed = domain.signed || known?.signed === true;
    domains.set(domain.name, { name: domain.name, signed, policy: domain.policy || known?.policy === true });
  }
  const zones = new Set(plans.flatMap(plan => plan.zones));
  return Map.groupBy(domains.values(), ({ name }) => {
    const labels = name.split('.');
    return labels.map((_label, i) => labels.slice(i).join('.')).find(zone => zones.has(zone)) ?? '';
  });
}

function zoneClause(zone: string): string {
  return `zone "${zone}" { type master; file "${zoneFile(zone)}"; };\n`;
}

function zoneText(zone: string, domains: HostPlan['domains'], old: GeneratedKey): string {
  const lines = [
    '$TTL 3600',
    `@ IN SOA ns.${zone}. hostmaster.${zone}. ( 2024010100 3600 600 86400 300 )`,
    ` IN NS ns.${zone}.`,
    `ns IN A 192.0.2.1`,
    ` IN MX 10 ns.${zone}.`,
  ];
  for (const { name, signed, policy } of domains) {
    const half = Math.floor(old.publicKey.length / 2);
    if (signed) {
      lines.push(
        `old._domainkey.${name}. IN TXT ( "v=DKIM1; k=rsa; p=${old.publicKey.slice(0, half)}" "${old.publicKey.slice(half)}" )`,
      );
    }
    if (policy) lines.push(`_domainkey.${name}. IN TXT "o=-"`);
  }
  return `${lines.join('\n')}\n`;
}

/** The value of a setting of main.cf with the reference that is used here followed. */
function setting(files: Files, name: string): string {
  const text = files.get('/etc/postfix/main.cf')?.content ?? '';
  const value = new RegExp(`^${name} = (.*)$`, 'm').exec(text)?.[1] ?? '';
  return value === '$smtpd_milters' ? setting(files, 'smtpd_milters') : value;
}

function answer(plan: HostPlan, files: Files, argv: readonly string[], stdin: string) {
  const [command, first] = argv;
  const line = argv.join(' ');
  if (command === 'postconf' && line.includes('mail_version') && first === '-h') return succeeded('3.7.11\n');
  if (command === 'postconf' && argv.includes('-x')) {
    return succeeded(
      [
        'mydestination = localhost',
        'virtual_alias_domains = /etc/postfix/domains',
        'virtual_mailbox_domains =',
        'relay_domains =',
        'virtual_alias_maps =',
        `myhostname = ${plan.name}.example.net`,
        'mydomain = example.net',
        `smtpd_milters = ${setting(files, 'smtpd_milters')}`,
        `non_smtpd_milters = ${setting(files, 'non_smtpd_milters')}`,
        'milter_default_action = tempfail',
        'config_directory = /etc/postfix',
        'queue_directory = /var/spool/postfix',
        'mail_version = 3.7.11',
        '',
      ].join('\n'),
    );
  }
  if (command === 'postconf' && line.endsWith('queue_directory')) return succeeded('/var/spool/postfix\n');
  if (command === 'postconf' || command === 'postmulti') return succeeded();
  const config = files.get(packaged.config)?.content;
  if (command === 'opendkim' && !files.has(packaged.program)) return undefined;
  if (command === 'opendkim') return succeeded('opendkim: OpenDKIM Filter v2.11.0\n');
  if (command === 'dpkg-query') {
    const md5 = createHash('md5').update(packaged.text).digest('hex');
    return succeeded(` /etc/default/opendkim ${'0'.repeat(32)}\n ${packaged.config} ${md5}\n`);
  }
  if (command === 'systemctl') {
    return succeeded(
      'ExecStart={ path=/usr/sbin/opendkim ; argv[]=/usr/sbin/opendkim ; }\nActiveState=STATE\nUser=\n'.replace(
        'STATE',
        config === packaged.text ? 'inactive' : 'active',
      ),
    );
  }
  if (command === 'getent')
    return succeeded(first === 'group' ? 'opendkim:x:110:\n' : 'opendkim:x:110:110::/run:/bin/false\n');
  if (command === 'named-checkconf' && first === '-px') {
    return succeeded(`options { directory "/var/cache/bind"; };\n${plan.zones.map(zoneClause).join('')}`);
  }
  if (command === 'named-checkconf') return succeeded();
  if (line.includes('command -v')) return succeeded();
  if (line.startsWith('rndc status')) {
    return succeeded('version: BIND 9.18.49\nconfiguration file: /etc/bind/named.conf\n');
  }
  if (line.includes('zonestatus')) {
    const zones = stdin.split('\n').filter(Boolean);
    return succeeded(zones.map(zone => `\u001E${zone}\nname: ${zone.split(' ')[0]}\nserial: 1\n`).join(''));
  }
  return undefined;
}

/** What law 2 forbids, in the words of the law. Empty: this state may last forever. */
export function violations(world: World, facts: readonly ServerFacts[]): readonly string[] {
  const found: string[] = [];
  const served = facts[0]?.served ?? {};
  const signing = new Map<string, string[]>();
  for (const { server, signers } of facts) {
    for (const { view } of signers) {
      for (const [domain, selectors] of Object.entries(view.signs)) {
        if (selectors.length > 0) signing.set(domain, [...(signing.get(domain) ?? []), server]);
        for (const selector of selectors) {
          const key = view.keys.find(candidate => candidate.domain === domain && candidate.selector === selector);
          const record = served[`${selector}._domainkey.${domain}`];
          if (record === undefined || record === null) {
            found.push(`${domain} on ${server} is signed with ${selector}, which is not served`);
          } else if (
            key?.publicKey === null ||
            key === undefined ||
            !record.some(text => text.includes(key.publicKey ?? ''))
          ) {
            found.push(`${domain} on ${server} is signed with ${selector}, and another key is served`);
          }
          if (key !== undefined && !world.has(server, key.path)) found.push(`${key.path} is gone and in use`);
        }
      }
    }
  }
  const hosts = facts.filter(({ mta }) => mta !== null);
  for (const { server, mta } of hosts) {
    for (const { domain } of mta?.view.domains ?? []) {
      const condemned = served[`_domainkey.${domain}`]?.some(text => /(^|;)\s*o=-/.test(text)) ?? false;
      if (condemned && signing.get(domain)?.includes(server) !== true) {
        found.push(`mail of ${domain} leaves ${server} without a signature, and its policy says that all is signed`);
      }
    }
  }
  return found;
}

/** A plan in one of the orders that the executor may carry it out in. `pick` chooses among the changes that may begin. */
export function order(plan: Plan, pick: (count: number) => number): readonly Change[] {
  const done = new Set<string>();
  const rest = [...plan.changes];
  const ordered: Change[] = [];
  while (rest.length > 0) {
    const ready = rest.filter(
      change =>
        change.dependsOn.every(id => done.has(id)) &&
        // on one server, changes follow each other in the order of the plan
        rest.find(other => other.server === change.server) === change,
    );
    const change = ready[pick(ready.length)];
    if (change === undefined) throw new Error('the plan has a cycle');
    rest.splice(rest.indexOf(change), 1);
    done.add(change.id);
    ordered.push(change);
  }
  return ordered;
}
