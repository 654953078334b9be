/**
 * Commands that prove a plan before and after it is live. `opendkim -n` alone finds little (a signing table may name
 * unknown keys), so the staged tables are asked for the edited domains too.
 */
import type { CommandStep } from '../../../../shared/model.ts';
import { reloadCommand, restartCommand, runningCommand } from '../../kit/service.ts';
import type { Draft } from './draft.ts';
import { unreadableForReload } from './lint-config.ts';
import { matcher } from './lookup.ts';

/** `opendkim -Q` answers one question a process and reads the whole table for it: this many domains are asked for. */
const mostQuestions = 48;

export interface StagedPaths {
  /** What the plan writes: the path in the configuration, and the path of the file step (behind links). */
  readonly config: string | null;
  readonly keys: { readonly named: string; readonly written: string | null };
  readonly signing: { readonly named: string; readonly written: string | null };
}

/** Paths that stand in a sed script as themselves. */
function isPlainPath(path: string): boolean {
  return /^\/[A-Za-z0-9._/-]+$/.test(path);
}

/** The configuration as it will be, with the staged tables in place of the live ones, through the daemon's own parser. */
export function syntaxCheck(
  configPath: string,
  written: string | null,
  staged: readonly { readonly named: string; readonly written: string | null }[],
): CommandStep | null {
  const tables = staged.filter(table => table.written !== null);
  if (![configPath, ...tables.map(table => table.named)].every(isPlainPath)) return null;
  const config = written === null ? configPath : `{new:${written}}`;
  const script = [
    'set -eu',
    `sed ${tables.map((table, index) => `-e "s|${table.named.replaceAll('.', '[.]')}|$${index + 2}|g"`).join(' ') || '-n p'} "$1" | opendkim -n -x -`,
  ].join('\n');
  const argv = [
    '/bin/sh',
    '-c',
    script,
    'signet-check-configuration',
    config,
    ...tables.map(table => `{new:${table.written ?? ''}}`),
  ];
  return { kind: 'command', phase: 'check', argv };
}

/** What `opendkim -Q` answers: it tells upper from lower case, which the daemon does not, and knows nothing of superdomains. */
function questions(draft: Draft, domains: readonly string[]): readonly (readonly [string, string])[] {
  const { signing } = draft.tables;
  const entries = signing.entries();
  if (signing.kind !== 'refile') {
    return domains.map(domain => [domain, entries.find(entry => entry.key === domain)?.value ?? '']);
  }
  const patterns = entries.map(entry => ({ value: entry.value, matches: matcher(entry.key, false) }));
  return domains.map(domain => {
    const address = `signet-check@${domain}`;
    return [address, patterns.find(({ matches }) => matches(address))?.value ?? ''];
  });
}

function sample(domains: readonly string[]): readonly string[] {
  const step = Math.max(1, Math.ceil(domains.length / mostQuestions));
  return domains.filter((_domain, index) => index % step === 0);
}

/** A line a question: the address, a blank, what stands first in the answer. */
function lookupCheck(draft: Draft, paths: StagedPaths): CommandStep | null {
  if (draft.switched.size === 0 || paths.signing.written === null) return null;
  const asked = questions(draft, sample([...draft.switched])).filter(([, answer]) => /^[^\s:']*$/.test(answer));
  if (asked.length === 0) return null;
  const script = [
    'set -eu',
    'while read -r question answer; do',
    '  found=$(printf \'%s\\n%s/1\\n\' "$1:$2" "$question" | opendkim -Q 2>/dev/null | sed -n "1s/^\'\\(.*\\)\'\\$/\\1/p")',
    '  [ "$found" = "$answer" ] && continue',
    '  printf \'%s is looked up as "%s" instead of "%s"\\n\' "$question" "$found" "$answer" >&2',
    '  exit 1',
    'done',
  ].join('\n');
  return {
    kind: 'command',
    phase: 'check',
    argv: ['/bin/sh', '-c', script, 'signet-check-tables', draft.tables.signing.kind, `{new:${paths.signing.written}}`],
    stdin: asked.map(([address, answer]) => `${address} ${answer}\n`).join(''),
  };
}

/**
 * A reload is lazy (at the next message), needs no pause, and reads the tables anew; it happens as the daemon's user.
 * Where that user cannot read the files, only a restart will do.
 */
export function commandsFor(draft: Draft, paths: StagedPaths): readonly CommandStep[] {
  const { facts, model } = draft;
  const { init, service } = facts;
  const restarts = unreadableForReload(facts, model) !== null;
  const change = restarts ? restartCommand(init, service.name) : reloadCommand(init, service.name);
  const checks = [
    syntaxCheck(facts.configPath, paths.config, [paths.keys, paths.signing]),
    lookupCheck(draft, paths),
  ].filter(step => step !== null);
  return [
    ...checks,
    { kind: 'command', phase: 'activate', argv: change, timeout: 60 },
    { kind: 'command', phase: 'verify', argv: runningCommand(init, service.name, 'opendkim'), timeout: 30 },
  ];
}
