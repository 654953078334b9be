/**
 * A change as one script: it writes the run directory, starts the runner detached, and follows it. Pure.
 *
 * Contents travel as arguments of the shell's own `printf`: they stand in no process list and in no temporary file (a
 * here-document of bash does), and every byte arrives, with or without a final newline.
 */
import runner from './runner.sh?raw';
import { layOut, sha256, type LayoutOptions, type RunFiles } from './layout.ts';
import type { Change } from '../../shared/model.ts';
import { shellQuote } from '../../shared/shell.ts';

/** Where transactions live on a server. */
export interface Places {
  readonly state: string;
  readonly lock: string;
}

const serverPlaces: Places = { state: '/var/lib/signet', lock: '/run/lock/signet.lock' };

export interface BundleOptions extends LayoutOptions {
  readonly places?: Places;
}

/**
 * The name of a transaction's directory below `Places.state`. A change that was applied for some domains and is applied for
 * others later in the same run (after a fresh plan) is another transaction.
 */
export function runDirectory(run: string, change: Pick<Change, 'id' | 'pending'>): string {
  const pending = sha256([...change.pending].sort().join('\n')).slice(0, 8);
  return `${run}-${change.id}-${pending}`.replace(/[^A-Za-z0-9@._+-]/g, '_');
}

/** `printf %s` for plain text; octal escapes for the rest, which some shells keep for themselves (bash: 0x01, dash: 0x81..). */
function write(path: string, bytes: string): string {
  if (/^[\t\n\x20-\x7e]*$/.test(bytes)) return `w ${shellQuote(path)} ${shellQuote(bytes)}`;
  const escaped = bytes.replace(
    /[^\t\n\x20-\x5b\x5d-\x7e]/g,
    c => `\\0${c.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return `b ${shellQuote(path)} ${shellQuote(escaped)}`;
}

function writeAll(files: RunFiles): string {
  const sums = [...files].map(([path, bytes]) => `${sha256(bytes)}  ./${path}\n`).join('');
  const folders = new Set(
    [...files.keys()].filter(path => path.includes('/')).map(path => path.replace(/\/[^/]*$/, '')),
  );
  const lines = [...folders].map(folder => `mkdir -p "$part"/${folder}`);
  for (const [path, bytes] of files) lines.push(write(path, bytes));
  // What frees the last blocks of a full disk for the outcome when everything is taken back
  lines.push('head -c 65536 /dev/zero >"$part/reserve"');
  lines.push(write('sums', sums), '(cd "$part" && sha256sum -c sums >/dev/null)');
  return lines.map(line => `${line} || exit 1`).join('\n');
}

const head = (places: Places, name: string) => `umask 077
base=${shellQuote(places.state)}
dir=$base/${shellQuote(name)}
say() { printf 'outcome\\tfailed\\t%s\\t%s\\nend\\n' "$1" "$2"; exit 0; }
`;

/** A change is carried out once: one that is there already is followed; one that ended without effect makes room. */
export function applyScript(options: BundleOptions): string {
  const places = options.places ?? serverPlaces;
  const files = layOut(options, places.lock);
  files.set('runner.sh', runner);
  return `{
${head(places, runDirectory(options.run, options.change))}part=$dir.part
case $(command -v printf) in printf) ;; *) say shell-unsupported 'printf is not built into /bin/sh' ;; esac
if [ -e "$dir" ]; then
  ending=
  [ ! -f "$dir/outcome" ] || read -r outcome ending rest <"$dir/outcome"
  case $ending in
    '' | applied) sh "$dir/runner.sh" follow "$dir"; exit ;;
  esac
  n=1
  while [ -e "$dir~$n" ]; do n=$((n + 1)); done
  mv "$dir" "$dir~$n"
fi
w() { printf %s "$2" >"$part/$1" || exit 1; }
b() { printf %b "$2" >"$part/$1" || exit 1; }
words=$( {
mkdir -p "$base" && chmod 700 "$base" && rm -rf "$part" && mkdir "$part" || exit 1
${writeAll(files)}
: >"$part/progress" && mv "$part" "$dir" || exit 1
} 2>&1 ) || {
  rm -rf "$part"
  words=$(printf %s "$words" | tail -n 2 | tr '\\n\\t' '  ')
  case $words in
    *'No space left'* | *'quota exceeded'* | *'I/O error'*) say disk-full "$base: $words" ;;
    *'Read-only file system'*) say read-only "$base: $words" ;;
    *) say run-directory-unwritable "$base: $words" ;;
  esac
}
if command -v setsid >/dev/null 2>&1; then
  setsid sh "$dir/runner.sh" run "$dir" </dev/null >/dev/null 2>&1 &
else
  nohup sh "$dir/runner.sh" run "$dir" </dev/null >/dev/null 2>&1 &
fi
sh "$dir/runner.sh" follow "$dir"
exit
}
`;
}

type Which = Pick<BundleOptions, 'run' | 'places'> & { readonly change: Pick<Change, 'id' | 'pending'> };

/** What became of a transaction: followed while it runs, recovered if its process died. Prints "absent" when it never arrived. */
export function followScript({ run, change, places = serverPlaces }: Which): string {
  return `{
${head(places, runDirectory(run, change))}if [ -f "$dir/manifest" ]; then sh "$dir/runner.sh" follow "$dir"; else echo absent; fi
exit
}
`;
}

/** The laptop's decision about a transaction that waits for it; then as `followScript`. */
export function decideScript({ run, change, places = serverPlaces }: Which, decision: 'confirm' | 'revert'): string {
  return `{
${head(places, runDirectory(run, change))}if [ -f "$dir/manifest" ]; then : >"$dir/${decision}"; sh "$dir/runner.sh" follow "$dir"; else echo absent; fi
exit
}
`;
}
