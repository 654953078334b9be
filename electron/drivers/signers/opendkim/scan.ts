/**
 * Reads OpenDKIM. The round trips follow from how deep its questions are (configuration, what it includes, its tables,
 * the keys they name, the directories behind links), never from the number of domains.
 */
import { posix } from 'node:path';
import { printable } from '../../../../shared/text.ts';
import type { ExecFact, FileFact, HostReader } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { publicHalf } from '../../kit/private-key.ts';
import { parseConfig } from './config.ts';
import { parseDataset } from './dataset.ts';
import type { KeyFact, OpenDkimFacts, TextFact } from './facts.ts';
import { isKeyPath, readKeyEntry } from './key-table.ts';
import { maskConfig, maskTable } from './mask.ts';
import { argument, readDirectives, readModel, resolvePath } from './model.ts';
import { packagedConfig, packageVersion } from './own-config.ts';
import { readPlaces } from './places.ts';
import { readSigning } from './signing.ts';
import { tablePaths } from './tables.ts';

/** Directives whose value may name a list of text that view or plan needs. */
const lists = ['keytable', 'signingtable', 'domain', 'internalhosts'];
const deepestInclude = 5;

const readOrNull = (host: HostReader, path: string) => host.file(path).catch(() => null);

function parents(path: string): readonly string[] {
  const found: string[] = [];
  for (let directory = posix.dirname(path); ; directory = posix.dirname(directory)) {
    found.push(directory);
    if (directory === '/' || directory === '.') return found;
  }
}

interface Daemon {
  readonly active: boolean;
  readonly words: readonly string[];
  readonly user: string | null;
}

/**
 * The command line of the process (`pgrep -a`: "PID ARGS"), for a unit may take options from a variable; of the unit where
 * none runs.
 */
function readDaemon(unit: ExecFact, processes: ExecFact): Daemon {
  const property = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit.stdout)?.[1] ?? '';
  const running = processes.code === 0 ? /^\d+ (.*)$/m.exec(processes.stdout)?.[1] : undefined;
  const line = running ?? /argv\[\]=([^;]*?) ;/.exec(property('ExecStart'))?.[1] ?? '';
  return {
    active: property('ActiveState') === 'active' || (unit.code !== 0 && processes.code === 0),
    words: line.trim().split(/\s+/).slice(1),
    user: property('User') === '' ? null : property('User'),
  };
}

async function readConfigs(host: HostReader, main: string, first: FileFact | null): Promise<OpenDkimFacts['configs']> {
  const configs: Record<string, TextFact | null> = {};
  let wanted = [main];
  for (let depth = 0; wanted.length > 0 && depth <= deepestInclude; depth += 1) {
    const files = await Promise.all(wanted.map(path => (path === first?.path ? first : readOrNull(host, path))));
    const included: string[] = [];
    for (const [index, path] of wanted.entries()) {
      const file = files[index] ?? null;
      configs[path] = file === null ? null : maskConfig(file);
      if (file === null) continue;
      for (const { name, value } of parseConfig(file.content, path)) if (name === 'include') included.push(value);
    }
    wanted = [...new Set(included)].filter(path => configs[path] === undefined);
  }
  return configs;
}

async function readTexts(
  host: HostReader,
  facts: Pick<OpenDkimFacts, 'configs' | 'configPath'>,
): Promise<OpenDkimFacts['texts']> {
  const directives = readDirectives(facts);
  const keyTables = new Set<string>();
  const paths = new Set<string>([tablePaths.keys, tablePaths.signing, tablePaths.ownMail]);
  for (const { name, value } of directives.filter(directive => lists.includes(directive.name))) {
    const dataset = parseDataset(value);
    if (dataset.kind !== 'file' && dataset.kind !== 'refile') continue;
    const path = resolvePath(directives, dataset.path);
    paths.add(path);
    if (name === 'keytable') keyTables.add(path);
  }
  const read = async (path: string) => {
    const file = await readOrNull(host, path);
    if (file === null) return [path, null] as const;
    return [
      path,
      keyTables.has(path) || path === tablePaths.keys ? maskTable(file) : { ...file, masked: false },
    ] as const;
  };
  return Object.fromEntries(await Promise.all([...paths].map(read)));
}

/** Nothing of the file but its public half and its hash is kept. */
function keyFact(file: FileFact): KeyFact {
  const half = publicHalf(file.content);
  const { path, real, mode, owner, group } = file;
  return {
    path,
    real,
    mode,
    owner,
    group,
    sha256: sha256(file.content),
    algorithm: half?.algorithm ?? 'unknown',
    bits: half?.bits ?? null,
    publicKey: half?.publicKey ?? null,
  };
}

/** group(5) and passwd(5). */
class Accounts {
  readonly #members = new Map<string, Set<string>>();
  readonly #primary = new Map<string, string>();

  constructor(groupText: string, passwdText: string) {
    const names = new Map<string, string>();
    for (const [name = '', , id = '', list = ''] of groupText.split('\n').map(line => line.split(':'))) {
      names.set(id, name);
      this.#members.set(name, new Set(list.split(',').filter(member => member !== '')));
    }
    for (const [name = '', , , id = ''] of passwdText.split('\n').map(line => line.split(':'))) {
      const group = names.get(id);
      if (group === undefined || name === '') continue;
      this.#primary.set(name, group);
      this.#members.get(group)?.add(name);
    }
  }

  user(name: string, group: string | null): OpenDkimFacts['user'] {
    const primary = group ?? this.#primary.get(name) ?? name;
    const groups = [...this.#members].filter(([, members]) => members.has(name)).map(([each]) => each);
    const exists = this.#primary.size === 0 ? null : this.#primary.has(name);
    return { name, group: primary, groups: [...new Set([primary, ...groups])], exists };
  }

  /** Members of each group but root and `user`. */
  others(groups: readonly string[], user: string): Record<string, readonly string[]> {
    const others = (group: string) =>
      [...(this.#members.get(group) ?? [])].filter(name => name !== user && name !== 'root');
    return Object.fromEntries([...new Set(groups)].map(group => [group, others(group)]));
  }
}

export async function scanOpenDkim(host: HostReader): Promise<OpenDkimFacts> {
  const [version, unit, processes, first, groups, passwd, queue, chroot, conffiles, aside] = await Promise.all([
    host.exec(['opendkim', '-V']),
    host.exec(['systemctl', 'show', '-p', 'ExecStart', '-p', 'ActiveState', '-p', 'User', 'opendkim.service']),
    host.exec(['pgrep', '-a', '-x', 'opendkim']),
    readOrNull(host, packagedConfig),
    host.exec(['getent', 'group']),
    host.exec(['getent', 'passwd']),
    host.exec(['postconf', '-h', 'queue_directory']),
    host.exec(['postconf', '-F', 'smtp/inet/chroot']),
    host.exec(['dpkg-query', '-W', '-f=${Conffiles}', 'opendkim']),
    readOrNull(host, packageVersion),
  ]);
  const daemon = readDaemon(unit, processes);
  const configPath = argument(daemon.words, 'x') ?? packagedConfig;
  const configs = await readConfigs(host, configPath, first);
  const texts = await readTexts(host, { configs, configPath });
  const early: OpenDkimFacts = {
    server: host.server,
    version: /Filter v(\S+)/.exec(version.stdout)?.[1] ?? null,
    init: host.host.init,
    service: { name: 'opendkim', active: daemon.active },
    arguments: daemon.words.map(word => printable(word)),
    configPath,
    configs,
    texts,
    keys: {},
    directories: {},
    present: [],
    groupUsers: {},
    user: { name: 'root', group: 'root', groups: ['root'], exists: true },
    packaged: {
      md5: new RegExp(`^ ${packagedConfig} ([0-9a-f]{32})`, 'm').exec(conffiles.stdout)?.[1] ?? null,
      aside: aside === null ? null : maskConfig(aside),
    },
    postfix: queue.code === 0 ? { queueDirectory: queue.stdout.trim(), chroot: / = y$/m.test(chroot.stdout) } : null,
  };
  const model = readModel(early);
  const [name = 'root', group] = (
    argument(daemon.words, 'u') ??
    model.get('UserID')?.value ??
    daemon.user ??
    'root'
  ).split(':');
  const accounts = new Accounts(groups.stdout, passwd.stdout);
  const user = accounts.user(name, group ?? null);
  const tables = readSigning(model);
  const paths = new Map<string, string>();
  for (const entry of tables.keys.entries()) {
    const path = readKeyEntry(entry)?.path;
    if (path !== undefined && isKeyPath(path) && !path.includes('%'))
      paths.set(path, resolvePath(model.directives, path));
  }
  const guess = readPlaces(tables.keys, new Set());
  const bases = [...new Set([guess.base, '/etc/dkimkeys', '/etc/opendkim/keys'])];
  const read = [...Object.values(configs), ...Object.values(texts)].flatMap(text => (text === null ? [] : [text.real]));
  const near = [...paths.values(), ...read, ...bases.map(base => `${base}/_`), tablePaths.keys].flatMap(parents);
  const [files, stats, present] = await Promise.all([
    Promise.all([...paths].map(async ([path, real]) => [path, await readOrNull(host, real)] as const)),
    statAll(host, near),
    Promise.all(bases.flatMap(base => [host.glob(`${base}/*`), host.glob(`${base}/*/*`)])),
  ]);
  const keys = Object.fromEntries(files.map(([path, file]) => [path, file === null ? null : keyFact(file)]));
  const behind = Object.values(keys).flatMap(key => (key === null ? [] : parents(key.real)));
  const more = await statAll(
    host,
    behind.filter(path => stats[path] === undefined),
  );
  const directories = { ...stats, ...more };
  const owners = [...Object.values(directories), ...Object.values(keys)].flatMap(fact =>
    fact === null ? [] : [fact.group],
  );
  return {
    ...early,
    user,
    keys,
    directories,
    present: [...new Set(present.flat())],
    groupUsers: accounts.others(owners, user.name),
  };
}

async function statAll(host: HostReader, paths: readonly string[]): Promise<OpenDkimFacts['directories']> {
  return Object.fromEntries(
    await Promise.all([...new Set(paths)].map(async path => [path, await host.stat(path).catch(() => null)] as const)),
  );
}
