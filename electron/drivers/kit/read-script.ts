/**
 * The script of one round trip of a HostReader, and the reading of its output. Pure. The number of processes on the server
 * grows with the commands asked for and with every 500 files, not with the files.
 */
import type { ExecFact, StatFact } from '../api.ts';
import { shellCommand, shellQuote } from '../../../shared/shell.ts';

export interface ExecRequest {
  readonly argv: readonly string[];
  readonly stdin: string | null;
}

export interface Batch {
  readonly files: readonly string[];
  readonly stats: readonly string[];
  readonly globs: readonly string[];
  readonly execs: readonly ExecRequest[];
  /** One `cat` a file, each between marks: for what changed while it was read together with others. */
  readonly oneByOne: boolean;
}

export interface Stat extends StatFact {
  readonly size: number;
}

/** What one round trip brought of the files. Maps are by the path as asked for. */
export interface BatchResult {
  readonly stats: ReadonlyMap<string, Stat>;
  readonly reals: ReadonlyMap<string, string>;
  readonly sums: ReadonlyMap<string, string>;
  readonly contents: ReadonlyMap<string, string>;
  readonly globs: readonly (readonly string[])[];
  readonly execs: readonly ExecFact[];
}

export const maxFileSize = 16 * 1024 * 1024;

const pathsAtATime = 500;
/** Well below the limit of a single exec (Linux: 2 MiB at the usual stack, POSIX: 4 KiB and more), with the environment. */
const bytesAtATime = 64 * 1024;

function portions(paths: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let bytes = Infinity;
  for (const path of paths) {
    const last = all.at(-1);
    if (last === undefined || last.length >= pathsAtATime || bytes + path.length > bytesAtATime) {
      all.push([path]);
      bytes = path.length;
    } else {
      last.push(path);
      bytes += path.length + 1;
    }
  }
  return all;
}

/**
 * `read_files` keeps of its arguments the regular files that can be read and are not too long, then runs each tool once on
 * all of them. A tool that finds a file gone leaves it out: names or counts tell.
 */
function functions(mark: string, realpath: boolean): string {
  return `
say() { printf '\\n%s %s\\n' ${mark} "$1"; }
stat_paths() { say stat; stat -L -c '%f %s %u %g %U %G %n' "$@" 2>/dev/null; }
keep_files() {
  big=$(find -L "$@" -maxdepth 0 -type f -size +${maxFileSize / 512} 2>/dev/null)
  kept=$#
  for p do
    if [ -f "$p" ] && [ -r "$p" ]; then
      case "$big" in '') set -- "$@" "$p" ;; *) case "
$big
" in *"
$p
"*) ;; *) set -- "$@" "$p" ;; esac ;; esac
    fi
  done
  shift "$kept"
  [ $# -gt 0 ] || return 0
  say kept; printf '%s\\n' "$@"
  say real; ${realpath ? 'realpath "$@"' : 'for p do readlink -f "$p"; done'} 2>/dev/null
  say sum; sha256sum "$@" 2>/dev/null
  "$reader" "$@"
}
cat_all() { say all; cat "$@" 2>/dev/null; }
cat_each() { for p do say each; cat "$p" 2>/dev/null; done; }
list() { say glob; for p do if [ -e "$p" ]; then printf '%s\\0' "$p"; fi; done; }
`;
}

/** Only `*` and `?` stay bare, everything else is quoted. */
function globWord(pattern: string): string {
  return pattern
    .split(/([*?]+)/)
    .map(part => (/^[*?]+$/.test(part) ? part : part === '' ? '' : shellQuote(part)))
    .join('');
}

function execLines({ argv, stdin }: ExecRequest, mark: string, timeout: readonly string[]): string {
  const command = shellCommand([...timeout, ...argv]);
  const fed = stdin === null ? `${command} </dev/null` : `printf %s ${shellQuote(stdin)} | ${command}`;
  return `say exec; printf '\\n%s exec\\n' ${mark} >&2\n${fed}\nsay "code $?"`;
}

export function readScript(
  batch: Batch,
  mark: string,
  server: { readonly timeout: readonly string[]; readonly realpath: boolean },
): string {
  const words = (paths: readonly string[]): string => paths.map(shellQuote).join(' ');
  const known = [...new Set([...batch.files, ...batch.stats])];
  return [
    functions(mark, server.realpath),
    `reader=${batch.oneByOne ? 'cat_each' : 'cat_all'}`,
    ...portions(known).map(paths => `stat_paths ${words(paths)}`),
    ...portions(batch.files).map(paths => `keep_files ${words(paths)}`),
    ...batch.globs.map(pattern => `list ${globWord(pattern)}`),
    ...batch.execs.map(exec => execLines(exec, mark, server.timeout)),
    'say end',
    `printf '\\n%s end\\n' ${mark} >&2`,
    'exit 0',
  ].join('\n');
}

function statOf(line: string): Stat | null {
  const [, hex, size, uid, gid, user, group, path] =
    /^([0-9a-f]+) ([0-9]+) ([0-9]+) ([0-9]+) (\S+) (\S+) (.*)$/.exec(line) ?? [];
  if (hex === undefined || uid === undefined || gid === undefined || path === undefined) return null;
  const bits = Number.parseInt(hex, 16);
  const kind = bits & 0o170000;
  return {
    path,
    type: kind === 0o100000 ? 'file' : kind === 0o040000 ? 'directory' : 'other',
    mode: bits & 0o7777,
    owner: user === undefined || user === 'UNKNOWN' ? uid : user,
    group: group === undefined || group === 'UNKNOWN' ? gid : group,
    size: Number(size),
  };
}

/** A line of sha256sum: GNU puts a backslash before it when the name holds one, and doubles those in the name. */
function sumOf(line: string): { readonly path: string; readonly sum: string } | null {
  const [, escaped, sum, name] = /^(\\?)([0-9a-f]{64}) [ *](.*)$/.exec(line) ?? [];
  if (sum === undefined || name === undefined) return null;
  return { sum, path: escaped === '' ? name : name.replaceAll('\\\\', '\\') };
}

interface Section {
  readonly name: string;
  readonly body: string;
}

/** Sections begin with a line "MARK name". The newline before it is not part of the section before. */
function sections(text: string, mark: string): readonly Section[] {
  return text
    .split(`\n${mark} `)
    .slice(1)
    .map(part => {
      const newline = part.indexOf('\n');
      return newline === -1
        ? { name: part, body: '' }
        : { name: part.slice(0, newline), body: part.slice(newline + 1) };
    });
}

function lines(body: string): readonly string[] {
  return body.split('\n').filter(line => line !== '');
}

/** Cuts the bytes of `cat` by the sizes of its files. Files that follow one whose size has changed are cut wrongly: their hash tells. */
function slices(
  content: string,
  paths: readonly string[],
  stats: ReadonlyMap<string, Stat>,
): readonly [string, string][] {
  let at = 0;
  return paths.map(path => {
    const end = at + (stats.get(path)?.size ?? 0);
    const piece = content.slice(at, end);
    at = end;
    return [path, piece];
  });
}

/** null: the output is not complete. */
export function readOutput(stdout: string, stderr: string, mark: string): BatchResult | null {
  const parts = sections(stdout, mark);
  const errors = sections(stderr, mark);
  if (parts.at(-1)?.name !== 'end' || errors.at(-1)?.name !== 'end') return null;
  const stats = new Map<string, Stat>();
  const reals = new Map<string, string>();
  const sums = new Map<string, string>();
  const contents = new Map<string, string>();
  const globs: string[][] = [];
  const execs: ExecFact[] = [];
  let kept: readonly string[] = [];
  let each = 0;
  for (const { name, body } of parts) {
    if (name === 'stat') {
      for (const line of lines(body)) {
        const stat = statOf(line);
        if (stat !== null) stats.set(stat.path, stat);
      }
    } else if (name === 'kept') {
      kept = lines(body);
      each = 0;
    } else if (name === 'real') {
      // As many as were asked for, or one vanished and nobody knows which
      const resolved = lines(body);
      if (resolved.length === kept.length) kept.forEach((path, index) => reals.set(path, resolved[index] ?? path));
    } else if (name === 'sum') {
      for (const { path, sum } of lines(body).flatMap(line => sumOf(line) ?? [])) sums.set(path, sum);
    } else if (name === 'all') {
      for (const [path, piece] of slices(body, kept, stats)) contents.set(path, piece);
    } else if (name === 'each') {
      const path = kept[each];
      if (path !== undefined) contents.set(path, body);
      each += 1;
    } else if (name === 'glob') {
      globs.push(body.split('\0').filter(path => path !== '' && !path.includes('\n')));
    } else if (name === 'exec') {
      execs.push({ code: -1, stdout: body, stderr: errors[execs.length]?.body ?? '' });
    } else if (name.startsWith('code ')) {
      const last = execs.pop();
      if (last !== undefined) execs.push({ ...last, code: Number(name.slice(5)) });
    }
  }
  return { stats, reals, sums, contents, globs, execs };
}
