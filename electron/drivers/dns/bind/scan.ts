/** Reads BIND in a number of round trips that does not depend on the number of zones (only on how deep files include files). */
import { posix } from 'node:path';
import type { CommandLine, FileRequirement } from '../../../../shared/model.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable, toContent } from '../../../../shared/text.ts';
import type { ExecFact, FileFact, HostReader } from '../../api.ts';
import { info, stop } from '../../kit/problems.ts';
import { scanLines, ZoneSyntaxError } from '../../kit/zone/scan-lines.ts';
import { dynamicZonesCommand, isPlainViewName, isPlainZoneName, zoneStatusCommand } from './commands.ts';
import type { BindFacts, DynamicRecord, ZoneFact, ZoneFileFact } from './facts.ts';
import { includesOf, parseNamedConf } from './named-conf.ts';
import { loadErrors, parseDynamicZones, parseZoneStatuses, type StatusAnswer } from './answers.ts';
import { readConfig, type ConfiguredZone, type NamedConfig } from './zone-config.ts';

const usualConfigurations = ['/etc/bind/named.conf', '/etc/named.conf'];
const maxIncludeDepth = 16;

export async function scanBind(host: HostReader): Promise<BindFacts> {
  const [status, ...candidates] = await Promise.all([
    host.exec(['rndc', 'status']),
    ...usualConfigurations.map(path => host.stat(path)),
  ]);
  const running = status.code === 0;
  const told = /^configuration file: (\/[^\n(]*?)\s*$/m.exec(status.stdout)?.[1];
  const configuration = told ?? usualConfigurations.find((_, index) => (candidates[index] ?? null) !== null) ?? null;
  const version = /^version: (?:BIND )?([0-9][0-9A-Za-z.-]*)/m.exec(status.stdout)?.[1] ?? null;
  const base = { version, running, now: host.host.clock.server, configuration };
  const problems: Problem[] = running ? [] : [notRunning(host, status)];
  if (configuration === null) {
    const message = 'The configuration file of named was not found';
    problems.push(stop('named-conf-missing', message, 'Start named, or put it in its usual place.'));
    return { ...base, ...nothing, problems };
  }
  const [canonical, loading, requires] = await Promise.all([
    host.exec(['named-checkconf', '-px', configuration]),
    host.exec(['named-checkconf', '-z', configuration]),
    readConfigurationTree(host, configuration),
  ]);
  if (canonical.code !== 0) {
    const said = printable(canonical.stderr.trim() || canonical.stdout.trim());
    const message = `named-checkconf does not accept ${configuration}: ${said}`;
    problems.push(stop('named-conf-invalid', message, 'Mend the configuration; until then no zone is changed here.'));
    return { ...base, ...nothing, requires, problems };
  }
  const config = readConfig(parseNamedConf(canonical.stdout));
  if (config.hasRuntimeZones) {
    const hint = 'Zones of catalogs and of "rndc addzone" are treated as DNS that is elsewhere.';
    problems.push(info('zones-not-listed', 'named can have zones that its configuration does not list', hint));
  }
  const { zones, files } = await readZones(host, config, `${loading.stdout}\n${loading.stderr}`);
  const { directory, listen, hasViews } = config;
  return { ...base, directory, listen, hasViews, requires, zones, files, problems };
}

const nothing = {
  directory: '/',
  listen: { host: '127.0.0.1', port: 53 },
  hasViews: false,
  requires: [],
  zones: [],
  files: {},
} as const;

function notRunning(host: HostReader, status: ExecFact): Problem {
  const said = printable(status.stderr.trim());
  const message = `named on ${host.server} does not answer rndc: ${said === '' ? 'no reason given' : said}`;
  return stop('bind-not-running', message, 'Start named, and see that "rndc status" works for root.');
}

/** Reads files, and the files that they name, level by level: a round trip a level. A file that cannot be read is left out. */
async function readLevels(
  host: HostReader,
  first: readonly string[],
  named: (file: FileFact) => Promise<readonly string[]> | readonly string[],
): Promise<ReadonlyMap<string, FileFact | null>> {
  const found = new Map<string, FileFact | null>();
  let wanted: readonly string[] = first;
  for (let depth = 0; depth < maxIncludeDepth && wanted.length > 0; depth += 1) {
    const paths = [...new Set(wanted)].filter(path => !found.has(path));
    const files = await Promise.all(paths.map(path => host.file(path).catch(() => null)));
    for (const [index, path] of paths.entries()) found.set(path, files[index] ?? null);
    const next = await Promise.all(files.map(file => (file === null ? [] : named(file))));
    wanted = next.flat().filter(path => !found.has(path));
  }
  return found;
}

/** The hashes of the whole configuration: a zone may have moved when one of them differs. Its texts hold keys and are dropped. */
async function readConfigurationTree(host: HostReader, configuration: string): Promise<readonly FileRequirement[]> {
  const files = await readLevels(host, [configuration], async file => {
    const patterns = includesOf(parseNamedConf(file.content)).map(path => posix.resolve('/', path));
    const paths = await Promise.all(patterns.map(path => (/[*?]/.test(path) ? host.glob(path) : [path])));
    return paths.flat();
  });
  return [...files].map(([path, file]) => ({ path, before: file?.sha256 ?? null }));
}

async function readZones(
  host: HostReader,
  config: NamedConfig,
  loadLog: string,
): Promise<{ readonly zones: readonly ZoneFact[]; readonly files: Readonly<Record<string, ZoneFileFact>> }> {
  const primaries = config.zones.filter(zone => zone.type === 'primary');
  const askable = primaries.filter(zone => isPlainZoneName(zone.name) && isPlainViewName(zone.view));
  const dynamic = askable.flatMap(({ name, file, updates }) =>
    file === null || updates === null || /[\n\r]/.test(file) ? [] : [{ name, file }],
  );
  const [statuses, records, files] = await Promise.all([
    runInParts(host, askable, zoneStatusCommand),
    runInParts(host, dynamic, part => dynamicZonesCommand(config.directory, part)),
    readLevels(
      host,
      primaries.flatMap(({ file, format }) => (file === null || format !== 'text' ? [] : [file])),
      file => Object.values(includedPaths(file.content, config.directory)),
    ),
  ]);
  const answers = {
    statuses: parseZoneStatuses(statuses),
    records: parseDynamicZones(records),
    errors: loadErrors(loadLog),
  };
  const kept: Record<string, ZoneFileFact> = {};
  for (const [path, file] of files) if (file !== null) kept[path] = fileFact(path, file);
  const facts = config.zones.map(zone => zoneFact(zone, config, files, answers));
  // a primary first: the same name in another view may be a mere reference to it
  const ordered = [...facts.filter(zone => zone.type === 'primary'), ...facts.filter(zone => zone.type !== 'primary')];
  return { zones: ordered, files: kept };
}

/** A command may take 30 s: many zones go to several of them, which still travel in one round trip. */
const zonesPerCommand = 150;

async function runInParts<T>(
  host: HostReader,
  items: readonly T[],
  command: (part: readonly T[]) => CommandLine,
): Promise<string> {
  const parts = Array.from({ length: Math.ceil(items.length / zonesPerCommand) }, (_, index) =>
    command(items.slice(index * zonesPerCommand, (index + 1) * zonesPerCommand)),
  );
  const answers = await Promise.all(parts.map(({ argv, stdin }) => host.exec(argv, { stdin: stdin ?? '' })));
  return answers.map(({ stdout }) => stdout).join('\n');
}

function fileFact(path: string, { real, mode, owner, group, sha256, content }: FileFact): ZoneFileFact {
  return { path, real, mode, owner: `${owner}:${group}`, sha256, content: toContent(content) };
}

function zoneFact(
  zone: ConfiguredZone,
  config: NamedConfig,
  files: ReadonlyMap<string, FileFact | null>,
  answers: {
    readonly statuses: ReadonlyMap<string, StatusAnswer>;
    readonly records: ReadonlyMap<string, readonly DynamicRecord[]>;
    readonly errors: ReadonlyMap<string, string>;
  },
): ZoneFact {
  const key = `${zone.name} ${zone.view}`;
  const answer = answers.statuses.get(key);
  return {
    ...zone,
    status: answer?.status ?? null,
    statusText: answer?.text ?? '',
    loadError: answers.errors.get(key) ?? null,
    includes: zone.file === null ? {} : allIncludes(zone.file, config.directory, files),
    records: (zone.file === null ? null : answers.records.get(`${zone.name} ${zone.file}`)) ?? null,
  };
}

/** Paths of $INCLUDE directives, as they stand and absolute. named takes relative ones from its working directory. */
function includedPaths(text: string, directory: string): Readonly<Record<string, string>> {
  const paths: Record<string, string> = {};
  if (!/\$include/i.test(text)) return paths;
  try {
    for (const { tokens, indented } of scanLines(text)) {
      const [first, second] = tokens;
      if (indented || first?.text.toUpperCase() !== '$INCLUDE' || second === undefined) continue;
      paths[second.text] = posix.resolve(directory, second.text);
    }
  } catch (error) {
    if (!(error instanceof ZoneSyntaxError)) throw error;
  }
  return paths;
}

function allIncludes(
  path: string,
  directory: string,
  files: ReadonlyMap<string, FileFact | null>,
): Readonly<Record<string, string>> {
  const all: Record<string, string> = {};
  const visit = (file: string): void => {
    for (const [written, included] of Object.entries(includedPaths(files.get(file)?.content ?? '', directory))) {
      if (Object.hasOwn(all, written)) continue;
      all[written] = included;
      visit(included);
    }
  };
  visit(path);
  return all;
}
