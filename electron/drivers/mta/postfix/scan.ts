/** Reads Postfix in four round trips at most, whatever it hosts: parameters, other instances, files and maps, maps named in files. */
import { posix } from 'node:path';
import { failed } from '../../../../shared/problem.ts';
import { printable } from '../../../../shared/text.ts';
import type { ExecFact, HostReader } from '../../api.ts';
import { domainParameters, parameters, type InstanceFacts, type MapFacts, type PostfixFacts } from './facts.ts';
import { readListWord, splitList, splitListFile } from './tokens.ts';

type Settings = Omit<InstanceFacts, 'files' | 'maps'>;

/** Lines of `name = value`, as `postconf` prints them. */
function readSettings(output: string): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const line of output.split('\n')) {
    const [, name, value] = /^(\S+) = ?(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings[name] = value.trim();
  }
  return settings;
}

async function readInstance(host: HostReader, name: string, configDirectory: string | null): Promise<Settings> {
  const at = configDirectory === null ? [] : ['-c', configDirectory];
  const [values, overrides, chroot] = await Promise.all([
    host.exec(['postconf', ...at, '-x', ...parameters, 'config_directory']),
    host.exec(['postconf', ...at, '-P', '*/*/smtpd_milters', '*/*/non_smtpd_milters']),
    host.exec(['postconf', ...at, '-F', '*/*/chroot']),
  ]);
  if (values.code !== 0) {
    throw failed(
      'postfix-unreadable',
      `postconf failed on ${host.server}: ${printable(values.stderr.trim())}`,
      'Run "postconf -x" on the server and correct what it says.',
      { server: host.server },
    );
  }
  const read = readSettings(values.stdout);
  return {
    name,
    configDirectory: configDirectory ?? read['config_directory'] ?? '/etc/postfix',
    parameters: read,
    overrides: readSettings(overrides.stdout),
    chrooted: Object.entries(readSettings(chroot.stdout))
      .filter(([, value]) => value === 'y')
      .map(([service]) => service.replace(/\/chroot$/, '')),
  };
}

/** The other instances: `postmulti -l` prints "name group enabled directory", the first of them with the name "-". */
function otherInstances(list: ExecFact): readonly { readonly name: string; readonly directory: string }[] {
  if (list.code !== 0) return [];
  return list.stdout
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .flatMap(([name, , enabled, directory]) =>
      name !== undefined && directory?.startsWith('/') && name !== '-' && enabled === 'y' ? [{ name, directory }] : [],
    );
}

async function readFiles(host: HostReader, paths: ReadonlySet<string>): Promise<InstanceFacts['files']> {
  const read = async (path: string) => {
    const file = await host.file(path).catch(() => null);
    return [path, file?.content ?? null] as const;
  };
  return Object.fromEntries(await Promise.all([...paths].map(read)));
}

async function readMaps(
  host: HostReader,
  directory: string,
  maps: ReadonlySet<string>,
): Promise<InstanceFacts['maps']> {
  const read = async (map: string): Promise<readonly [string, MapFacts]> => {
    const { code, stdout, stderr } = await host.exec(['postmap', '-c', directory, '-s', map]);
    if (code !== 0) return [map, { keys: [], error: printable(stderr.trim()) }];
    const keys = stdout.split('\n').flatMap(line => (line === '' ? [] : [line.split('\t')[0] ?? '']));
    return [map, { keys, error: null }];
  };
  return Object.fromEntries(await Promise.all([...maps].map(read)));
}

function wordsOf(settings: Settings): readonly string[] {
  return domainParameters.flatMap(name => splitList(settings.parameters[name] ?? ''));
}

function pick(words: readonly string[], kind: 'file' | 'map'): ReadonlySet<string> {
  const found = new Set<string>();
  for (const word of words.map(readListWord)) {
    if (word.kind === 'file' && kind === 'file') found.add(word.path);
    if (word.kind === 'map' && kind === 'map') found.add(word.map);
  }
  return found;
}

async function readLists(host: HostReader, settings: Settings): Promise<InstanceFacts> {
  const words = wordsOf(settings);
  const [files, maps] = await Promise.all([
    readFiles(host, pick(words, 'file')),
    readMaps(host, settings.configDirectory, pick(words, 'map')),
  ]);
  const named = pick(
    Object.values(files).flatMap(content => splitListFile(content ?? '')),
    'map',
  );
  const more = new Set([...named].filter(map => maps[map] === undefined));
  if (more.size === 0) return { ...settings, files, maps };
  return { ...settings, files, maps: { ...maps, ...(await readMaps(host, settings.configDirectory, more)) } };
}

export async function scanPostfix(host: HostReader): Promise<PostfixFacts> {
  const usual = '/etc/postfix/main.cf';
  const readOrNull = (path: string) => host.file(path).catch(() => null);
  const [bare, list, found] = await Promise.all([
    readInstance(host, '-', null),
    host.exec(['postmulti', '-l']),
    readOrNull(usual),
  ]);
  const path = posix.join(bare.configDirectory, 'main.cf');
  const first = { ...bare, mainCf: path === usual ? found : await readOrNull(path) };
  const others = await Promise.all(
    otherInstances(list).map(({ name, directory }) => readInstance(host, name, directory)),
  );
  return { instances: await Promise.all([first, ...others].map(settings => readLists(host, settings))) };
}
