/** The milter set up for a server, or taken out of it: packages, program, user, configuration and service. Pure. */
import type { CommandStep, DirectoryStep, FileStep, Step } from '../../../../shared/model.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable, toContent, type ByteString } from '../../../../shared/text.ts';
import type { FileFact, HostFacts, SettingsContext, SettingsPlan, SettingsWish } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { stop } from '../../kit/problems.ts';
import { runningCommand } from '../../kit/service.ts';
import { editedConfig, newConfig } from './config.ts';
import type { DomainKeysFacts } from './facts.ts';
import script from './milter.init?raw';
import program from './milter.pl?raw';
import unit from './milter.service?raw';
import socket from './milter.socket?raw';
import { endpoint, paths, service } from './places.ts';
import { tableEntries } from './table.ts';

type Plan = SettingsPlan<DomainKeysFacts>;

const packages = ['libmail-dkim-perl', 'libsendmail-pmilter-perl'] as const;

/** The `#` makes it a comment for the milter, too. */
const emptyTable: ByteString =
  '# DOMAIN SELECTOR KEYFILE, a line for every signature. Read again as soon as it changes.\n';

interface Part {
  readonly path: string;
  readonly content: ByteString;
  readonly mode: number;
}

/** The texts hold no other characters than those of ASCII, so that text and bytes are the same. */
function partsFor(init: HostFacts['init']): readonly Part[] {
  const start: readonly Part[] =
    init === 'systemd'
      ? [
          { path: paths.unit, content: unit, mode: 0o644 },
          { path: paths.socket, content: socket, mode: 0o644 },
        ]
      : [{ path: paths.script, content: script, mode: 0o755 }];
  return [{ path: paths.program, content: program, mode: 0o755 }, ...start];
}

export function settingsDomainKeys(facts: DomainKeysFacts | null, wish: SettingsWish, context: SettingsContext): Plan {
  const out = !wish.sign && wish.verify === null;
  if (facts === null) return out ? planOf(null, []) : installed(wish, context);
  return out ? takenOut(facts) : changed(facts, wish);
}

function planOf(after: DomainKeysFacts | null, steps: readonly Step[], refused: Problem | null = null): Plan {
  return { steps, requires: [], after, endpoint, refused };
}

function fileFact({ path, content, mode }: Part): FileFact {
  return { path, real: path, mode, owner: 'root', group: 'root', sha256: sha256(content), content };
}

function created({ path, content, mode }: Part): FileStep {
  return { kind: 'file', path, before: null, old: null, after: toContent(content), mode, owner: 'root:root' };
}

function replaced(file: FileFact, content: ByteString | null): FileStep {
  return {
    kind: 'file',
    path: file.real,
    before: file.sha256,
    old: toContent(file.content),
    after: content === null ? null : toContent(content),
    mode: file.mode,
    owner: `${file.owner}:${file.group}`,
  };
}

function directories(present: boolean): readonly DirectoryStep[] {
  const both = [paths.directory, paths.keys].map((path): DirectoryStep => ({
    kind: 'directory',
    path,
    mode: 0o755,
    owner: 'root:root',
    present,
  }));
  return present ? both : both.toReversed();
}

function installed(wish: SettingsWish, context: SettingsContext): Plan {
  const { server, host } = context;
  if (context.packages !== 'apt') {
    const by = context.packages === null ? `is ${printable(host.os.name, 60)}` : 'installs packages with dnf';
    const message = `${server} ${by}: the DomainKeys milter takes packages of Debian and its kin`;
    return planOf(null, [], stop('packages-unsupported', message, 'Use DKIM there: --scheme dkim.', { server }));
  }
  const parts: readonly Part[] = [
    ...partsFor(host.init),
    { path: paths.config, content: newConfig(wish, context.own), mode: 0o644 },
    { path: paths.table, content: emptyTable, mode: 0o644 },
  ];
  return planOf(
    {
      server,
      init: host.init,
      running: true,
      files: Object.fromEntries(parts.map(part => [part.path, fileFact(part)])),
      keys: {},
    },
    [
      ...packages.map((name): Step => ({ kind: 'package', manager: 'apt', name })),
      ...directories(true),
      ...parts.map(created),
      check(paths.program, paths.config, paths.table),
      ...serviceCommands(host.init, true),
    ],
  );
}

/** What differs of the settings, and of what an older Signet brought. */
function changed(facts: DomainKeysFacts, wish: SettingsWish): Plan {
  const config = facts.files[paths.config] ?? null;
  if (config === null) {
    const message = `${paths.config} is not there or cannot be read`;
    return planOf(facts, [], stop('config-missing', message, 'Put it there again.', { file: paths.config }));
  }
  const files: Record<string, FileFact | null> = { ...facts.files };
  const steps: FileStep[] = [];
  const write = (part: Part) => {
    const file = files[part.path] ?? null;
    if (file?.content === part.content) return;
    steps.push(file === null ? created(part) : replaced(file, part.content));
    files[part.path] =
      file === null ? fileFact(part) : { ...file, content: part.content, sha256: sha256(part.content) };
  };
  write({ path: paths.config, content: editedConfig(config.content, wish), mode: config.mode });
  for (const part of partsFor(facts.init)) write(part);
  if (steps.length === 0 && facts.running) return planOf(facts, []);
  const staged = (path: string) => (steps.some(step => step.path === (facts.files[path]?.real ?? path)) ? path : null);
  const commands = [
    ...(steps.length === 0 ? [] : [check(staged(paths.program), staged(paths.config), null)]),
    ...serviceCommands(facts.init, true),
  ];
  return planOf({ ...facts, files, running: true }, [...steps, ...commands]);
}

function takenOut(facts: DomainKeysFacts): Plan {
  const table = facts.files[paths.table] ?? null;
  const waits = Object.values(facts.keys).some(key => key !== null);
  if (waits || tableEntries(table?.content ?? '').length > 0) {
    const message = `the DomainKeys milter still has keys: some that are not Signet's, or that wait for a due task`;
    const hint = `Take them out of ${paths.keys} and ${paths.table}, or wait for the due tasks.`;
    return planOf(facts, [], stop('table-in-use', message, hint, { file: paths.table }));
  }
  const gone = Object.values(facts.files).flatMap(file => (file === null ? [] : [replaced(file, null)]));
  return planOf(null, [...gone, ...directories(false), ...serviceCommands(facts.init, false)]);
}

/** The parts as they are staged, where they are written by the same change (null: as they are). */
function check(staged: string | null, config: string | null, table: string | null): CommandStep {
  const at = (path: string | null, otherwise: string) => (path === null ? otherwise : `{new:${path}}`);
  const argv = ['/usr/bin/perl', at(staged, paths.program), '-n', at(config, paths.config)];
  return { kind: 'command', phase: 'check', argv: table === null ? argv : [...argv, at(table, table)], timeout: 60 };
}

const user = `getent passwd ${service} >/dev/null || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ${service}`;
const noUser = `if getent passwd ${service} >/dev/null; then userdel ${service}; fi`;

/**
 * The same command before and after, for it also follows a change that is taken back: with its configuration the milter has its
 * user and runs, at every start of the machine too; without, there is neither.
 */
function serviceCommands(init: HostFacts['init'], runs: boolean): readonly CommandStep[] {
  const [start, end] =
    init === 'systemd'
      ? [
          `systemctl daemon-reload
  systemctl enable --quiet ${service}.socket ${service}.service
  systemctl start ${service}.socket
  systemctl restart ${service}.service`,
          `systemctl stop ${service}.socket ${service}.service 2>/dev/null || true
  rm -f /etc/systemd/system/*.wants/${service}.socket /etc/systemd/system/*.wants/${service}.service
  rmdir /etc/systemd/system/sockets.target.wants 2>/dev/null || true
  systemctl daemon-reload
  systemctl reset-failed ${service}.service 2>/dev/null || true`,
        ]
      : [
          `update-rc.d ${service} defaults >/dev/null
  service ${service} restart`,
          `pkill -u ${service} -f '^/usr/bin/perl ${paths.program}' || true
  update-rc.d ${service} remove >/dev/null`,
        ];
  const text = `set -eu
exec 2>&1
if [ -f "$1" ]; then
  ${user}
  ${start}
else
  ${end}
  ${noUser}
fi`;
  const activate: CommandStep = {
    kind: 'command',
    phase: 'activate',
    argv: ['/bin/sh', '-c', text, 'signet-domainkeys-service', paths.config],
    timeout: 60,
  };
  const argv = runningCommand(init, service, service.slice(0, 15));
  return runs ? [activate, { kind: 'command', phase: 'verify', argv, timeout: 30 }] : [activate];
}
