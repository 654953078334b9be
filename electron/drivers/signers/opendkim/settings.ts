/** OpenDKIM set up for a server, or taken out of it: packages, configuration and service. Pure. */
import type { CommandStep, FileStep, Step } from '../../../../shared/model.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable, toContent, type ByteString } from '../../../../shared/text.ts';
import type { SettingsContext, SettingsPlan, SettingsWish, StatFact } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { stop } from '../../kit/problems.ts';
import { reloadCommand, restartCommand, runningCommand } from '../../kit/service.ts';
import { syntaxCheck } from './checks.ts';
import { changedConfigs, fileStep, isChanged, replacedConfigs } from './config-changes.ts';
import type { ConfigEdit } from './config.ts';
import type { OpenDkimFacts, TextFact } from './facts.ts';
import { readModel } from './model.ts';
import {
  missingChoices,
  modeOf,
  ownConfig,
  ownEndpoint,
  ownMark,
  ownFiles,
  ownerOf,
  packagedConfig,
  packageVersion,
} from './own-config.ts';
import { readSocket } from './socket.ts';
import { Table } from './table.ts';
import { tablePaths } from './tables.ts';

type Plan = SettingsPlan<OpenDkimFacts>;

const name = 'opendkim';
const tableMode = 0o640;
const besides = ['keys', 'signing', 'ownMail'] as const;

export function settingsOpenDkim(facts: OpenDkimFacts | null, wish: SettingsWish, context: SettingsContext): Plan {
  const out = !wish.sign && wish.verify === null;
  if (facts === null) return out ? nothing(facts) : installed(wish, context);
  switch (ownerOf(facts)) {
    case 'package':
      return out ? nothing(facts) : setUp(facts, wish, context, false);
    case 'signet':
      return out ? takenOut(facts) : changed(facts, wish, context);
    case 'admin':
      return out ? nothing(facts) : changed(facts, wish, context);
  }
}

function endpointOf(facts: OpenDkimFacts | null): Plan['endpoint'] {
  return (facts === null ? null : readSocket(readModel(facts).socket ?? '')) ?? ownEndpoint;
}

function nothing(facts: OpenDkimFacts | null): Plan {
  return { steps: [], requires: [], after: facts, endpoint: endpointOf(facts), refused: null };
}

function refusing(facts: OpenDkimFacts | null, refused: Problem): Plan {
  return { ...nothing(facts), refused };
}

function installed(wish: SettingsWish, context: SettingsContext): Plan {
  const { server, host, packages } = context;
  if (packages !== 'apt') {
    const by = packages === null ? `is ${printable(host.os.name, 60)}` : 'installs packages with dnf';
    const message = `${server} has no OpenDKIM and ${by}: Signet installs packages with apt only`;
    return refusing(
      null,
      stop('packages-unsupported', message, `Install ${name} there by hand, and scan again.`, { server }),
    );
  }
  return setUp(freshFacts(context), wish, context, true);
}

/** As the package leaves a server. Its files are there once it is installed, and not before. */
function freshFacts({ server, host, chroot }: SettingsContext): OpenDkimFacts {
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

function created(path: string, content: ByteString, mode: number, owner: string): FileStep {
  return { kind: 'file', path, before: null, old: null, after: toContent(content), mode, owner };
}

function textFact(path: string, content: ByteString, mode: number, group: string): TextFact {
  return { path, real: path, mode, owner: 'root', group, sha256: sha256(content), content, masked: false };
}

function ownMailStep(facts: OpenDkimFacts): FileStep {
  return created(tablePaths.ownMail, ownFiles.ownMail, tableMode, `root:${facts.user.group}`);
}

function directorySteps({ directories }: OpenDkimFacts): readonly Step[] {
  const path = tablePaths.directory;
  if ((directories[path] ?? null) !== null) return [];
  return [{ kind: 'directory', path, mode: 0o755, owner: 'root:root', present: true }];
}

function withDirectory({ directories }: OpenDkimFacts): OpenDkimFacts['directories'] {
  const path = tablePaths.directory;
  const made: StatFact = { path, type: 'directory', mode: 0o755, owner: 'root', group: 'root' };
  return { ...directories, [path]: directories[path] ?? made };
}

/** `fresh`: the package comes with the same change, and its configuration with it. */
function setUp(facts: OpenDkimFacts, wish: SettingsWish, context: SettingsContext, fresh: boolean): Plan {
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

/** Mode, what becomes of failing mail, and a socket that Postfix can reach; nothing else of what is there. */
function changed(facts: OpenDkimFacts, wish: SettingsWish, context: SettingsContext): Plan {
  const model = readModel(facts);
  const masked = Object.values(facts.configs).find(config => config?.masked === true);
  const edits: ConfigEdit[] = [];
  const set = (directive: string, value: string) => edits.push({ kind: 'set', name: directive, value });
  const letters = (mode: string) => [...mode].sort().join('');
  if (letters(model.mode) !== letters(modeOf(wish))) set('Mode', modeOf(wish));
  if (wish.verify !== null)
    for (const choice of missingChoices(model, wish.verify.failing)) set(choice.name, choice.value);
  const script = wish.verify !== null && model.get('ScreenPolicyScript') === undefined;
  if (script) set('ScreenPolicyScript', tablePaths.ownMail);
  const socket = readSocket(model.socket ?? '');
  const chroot = context.chroot?.chroot === true ? context.chroot.queueDirectory : null;
  const isReachable =
    socket !== null && (!('path' in socket) || chroot === null || `${socket.path}/`.startsWith(`${chroot}/`));
  if (!isReachable) set('Socket', `inet:${ownEndpoint.port}@${ownEndpoint.host}`);
  const endpoint = isReachable ? socket : ownEndpoint;
  if (edits.length === 0 && facts.service.active) return { ...nothing(facts), endpoint };
  if (masked !== undefined && masked !== null && edits.length > 0) {
    const message = `${masked.path} holds a password: it is not edited, and it would have to be for these settings`;
    const hint = `Set by hand, and restart OpenDKIM: ${edits.map(edit => ('value' in edit ? `${edit.name} ${edit.value}` : edit.name)).join(', ')}`;
    return refusing(facts, stop('config-holds-secret', message, hint, { file: masked.path }));
  }
  if (facts.arguments.some(word => /^-[bp]/.test(word))) {
    const message = 'the command line of OpenDKIM gives the mode or the socket (-b, -p)';
    return refusing(facts, stop('signer-arguments', message, 'Move these settings into the configuration file.'));
  }
  const configs = changedConfigs(facts, edits).filter(isChanged);
  const beside = script && (facts.texts[tablePaths.ownMail] ?? null) === null ? [ownMailStep(facts)] : [];
  const files = [...configs.map(fileStep), ...beside];
  const main = configs.find(change => change.named === facts.configPath);
  const check = syntaxCheck(
    facts.configPath,
    main === undefined ? null : fileStep(main).path,
    beside.map(({ path }) => ({ named: path, written: path })),
  );
  const { init, service } = facts;
  const reads = isReachable && service.active;
  return {
    steps: [
      ...(beside.length > 0 ? directorySteps(facts) : []),
      ...files,
      ...(check === null || files.length === 0 ? [] : [check]),
      {
        kind: 'command',
        phase: 'activate',
        argv: reads ? reloadCommand(init, service.name) : restartCommand(init, service.name),
        timeout: 60,
      },
      { kind: 'command', phase: 'verify', argv: runningCommand(init, service.name, name), timeout: 30 },
    ],
    requires: [],
    after: {
      ...replacedConfigs(facts, configs),
      ...(beside.length === 0
        ? {}
        : {
            texts: {
              ...facts.texts,
              [tablePaths.ownMail]: textFact(tablePaths.ownMail, ownFiles.ownMail, tableMode, facts.user.group),
            },
            directories: withDirectory(facts),
          }),
      service: { ...service, active: true },
    },
    endpoint,
    refused: null,
  };
}

/** The package's configuration comes back, what was beside it goes, and nothing runs that did not run before. */
function takenOut(facts: OpenDkimFacts): Plan {
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
