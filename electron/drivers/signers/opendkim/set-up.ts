/** OpenDKIM where there is no configuration of an admin's: ours written, and the package's put back. Pure. */
import type { CommandStep, FileStep } from '../../../../shared/model.ts';
import { toContent } from '../../../../shared/text.ts';
import type { SettingsContext, SettingsWish, StatFact } from '../../api.ts';
import { stop } from '../../kit/problems.ts';
import { runningCommand } from '../../kit/service.ts';
import { syntaxCheck } from './checks.ts';
import type { OpenDkimFacts, TextFact } from './facts.ts';
import { ownConfig, ownEndpoint, ownFiles, ownMark, packagedConfig, packageVersion } from './own-config.ts';
import {
  besides,
  created,
  directorySteps,
  name,
  refusing,
  tableMode,
  textFact,
  withDirectory,
  endpointOf,
  type Plan,
} from './settings-parts.ts';
import { Table } from './table.ts';
import { tablePaths } from './tables.ts';

/** As the package leaves a server. Its files are there once it is installed, and not before. */
export function freshFacts({ server, host, chroot }: SettingsContext): OpenDkimFacts {
  const directory = (path: string, mode: number, owner: string): readonly [string, StatFact] => [
    path,
    { path, type: 'directory', mode, owner, group: owner },
  ];
  return {
    server,
    version: null,
    init: host.init,
    service: { name, active: true },
    arguments: [],
    configPath: packagedConfig,
    configs: { [packagedConfig]: null },
    texts: {},
    keys: {},
    directories: Object.fromEntries([
      directory('/', 0o755, 'root'),
      directory('/etc', 0o755, 'root'),
      directory('/etc/dkimkeys', 0o700, name),
    ]),
    present: [],
    user: { name, group: name, groups: [name], exists: true },
    groupUsers: {},
    postfix: chroot,
    packaged: { md5: null, aside: null },
  };
}

/** `fresh`: the package comes with the same change, and its configuration with it. */
export function setUp(facts: OpenDkimFacts, wish: SettingsWish, context: SettingsContext, fresh: boolean): Plan {
  const old = facts.configs[packagedConfig] ?? null;
  const taken = besides.map(name => tablePaths[name]).find(path => (facts.texts[path] ?? null) !== null);
  if (taken !== undefined) {
    const message = `${taken} is there, but ${packagedConfig} does not name it`;
    return refusing(facts, stop('table-unused', message, 'Move it away first.', { file: taken }));
  }
  const config = ownConfig(wish, context.own);
  const group = facts.user.group;
  const tables = besides.map(name => created(tablePaths[name], ownFiles[name], tableMode, `root:${group}`));
  const main = created(packagedConfig, config, 0o644, 'root:root');
  const files: readonly FileStep[] =
    old === null
      ? [main, ...tables]
      : [
          { ...main, path: old.real, before: old.sha256, old: toContent(old.content) },
          created(packageVersion, old.content, 0o644, 'root:root'),
          ...tables,
        ];
  const check = syntaxCheck(
    packagedConfig,
    files[0]?.path ?? packagedConfig,
    tables.map(({ path }) => ({ named: path, written: path })),
  );
  return {
    steps: [
      ...(fresh ? [{ kind: 'package', manager: 'apt', name } as const] : []),
      ...directorySteps(facts),
      ...files,
      ...(check === null ? [] : [check]),
      ...serviceCommands(facts, true),
    ],
    requires: [],
    after: {
      ...facts,
      service: { ...facts.service, active: true },
      configs: { ...facts.configs, [packagedConfig]: textFact(packagedConfig, config, 0o644, 'root') },
      texts: {
        ...facts.texts,
        ...Object.fromEntries(
          besides.map(name => [tablePaths[name], textFact(tablePaths[name], ownFiles[name], tableMode, group)]),
        ),
      },
      directories: withDirectory(facts),
      packaged: {
        md5: facts.packaged?.md5 ?? null,
        aside: old === null ? null : { ...old, path: packageVersion, real: packageVersion },
      },
    },
    endpoint: ownEndpoint,
    refused: null,
  };
}

/** The package's configuration comes back, what was beside it goes, and nothing runs that did not run before. */
export function takenOut(facts: OpenDkimFacts): Plan {
  const config = facts.configs[packagedConfig] ?? null;
  const aside = facts.packaged?.aside ?? null;
  if (config === null || aside === null) {
    const message = `${packageVersion}, the configuration as the package brought it, is not there`;
    const hint = `Put it there, or take the words "${ownMark}" out of ${packagedConfig} to keep it as yours.`;
    return refusing(facts, stop('package-version-missing', message, hint, { file: packageVersion }));
  }
  const gone: FileStep[] = [];
  const texts = { ...facts.texts };
  for (const path of besides.map(name => tablePaths[name])) {
    const text = facts.texts[path] ?? null;
    if (text === null) continue;
    if (path !== tablePaths.ownMail && new Table(text.content, 'file').entries().length > 0) {
      const message = `${path} still has entries: keys that are not Signet's, or that wait for a due task`;
      return refusing(
        facts,
        stop('table-in-use', message, 'Take them out, or wait for the due tasks.', { file: path }),
      );
    }
    gone.push(removed(text));
    texts[path] = null;
  }
  return {
    steps: [
      {
        kind: 'file',
        path: config.real,
        before: config.sha256,
        old: toContent(config.content),
        after: toContent(aside.content),
        mode: config.mode,
        owner: `${config.owner}:${config.group}`,
      },
      removed(aside),
      ...gone,
      { kind: 'directory', path: tablePaths.directory, mode: 0o755, owner: 'root:root', present: false },
      ...serviceCommands(facts, false),
    ],
    requires: [],
    after: {
      ...facts,
      service: { ...facts.service, active: false },
      configs: { ...facts.configs, [packagedConfig]: { ...config, content: aside.content, sha256: aside.sha256 } },
      texts,
      directories: { ...facts.directories, [tablePaths.directory]: null },
      packaged: { md5: facts.packaged?.md5 ?? null, aside: null },
    },
    endpoint: endpointOf(facts),
    refused: null,
  };
}

function removed({ real, sha256: before, content, mode, owner, group }: TextFact): FileStep {
  return { kind: 'file', path: real, before, old: toContent(content), after: null, mode, owner: `${owner}:${group}` };
}

/**
 * The same command before and after, for it also follows a change that is taken back: with our configuration the daemon
 * runs, at every start of the machine too; with the package's, which nothing asks, it does not.
 */
function serviceCommands({ init, service }: OpenDkimFacts, runs: boolean): readonly CommandStep[] {
  const [start, end] =
    init === 'systemd'
      ? [
          `systemctl enable --quiet ${service.name}.service; systemctl restart ${service.name}.service`,
          `systemctl disable --quiet --now ${service.name}.service`,
        ]
      : [`service ${service.name} restart`, `service ${service.name} stop`];
  const script = `set -eu\nif grep -q '^${ownMark}' "$1"; then ${start}; else ${end}; fi 2>&1`;
  const activate: CommandStep = {
    kind: 'command',
    phase: 'activate',
    argv: ['/bin/sh', '-c', script, 'signet-opendkim-service', packagedConfig],
    timeout: 60,
  };
  const verify: CommandStep = {
    kind: 'command',
    phase: 'verify',
    argv: runningCommand(init, service.name, name),
    timeout: 30,
  };
  return runs ? [activate, verify] : [activate];
}
