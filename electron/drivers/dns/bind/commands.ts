/**
 * The commands that the BIND driver runs on a server: POSIX sh in argv, so that a plan shows them in full. Data are
 * positional parameters or standard input, never part of a script.
 */
import type { CommandLine, CommandStep } from '../../../../shared/model.ts';
import type { ZoneDifference } from '../../kit/zone/records.ts';
import { defaultView, type BindFacts, type UpdateWay } from './facts.ts';

function sh(name: string, script: string, args: readonly string[]): readonly string[] {
  return ['sh', '-c', script, name, ...args];
}

// ---------------------------------------------------------------- reading

/** One record separator (0x1e) begins each answer: named never prints it. Eight at a time, a write each. */
const zoneStatusScript = `xargs -n 2 -P 8 sh -c '
answer=$(rndc zonestatus "$1" IN "$2" 2>&1)
printf "\\036%s %s\\n%s\\n" "$1" "$2" "$answer"' zonestatus`;

export function zoneStatusCommand(zones: readonly { readonly name: string; readonly view: string }[]): CommandLine {
  return {
    argv: sh('signet-zone-status', zoneStatusScript, []),
    stdin: zones.map(({ name, view }) => `${name} ${view}\n`).join(''),
  };
}

/** Dynamic zones with their journals; of the records, only those that matter at a name of a key or a policy. */
const dynamicZonesScript = `while IFS= read -r zone && IFS= read -r file; do
printf '\\036%s %s\\n' "$zone" "$file"
named-compilezone -q -j -k ignore -i none -w "$1" -s full -f text -F text -o - "$zone" "$file" 2>/dev/null |
  awk '$4 ~ /^(SOA|NS|CNAME|DNAME|TXT)$/'
done`;

export function dynamicZonesCommand(
  directory: string,
  zones: readonly { readonly name: string; readonly file: string }[],
): CommandLine {
  return {
    argv: sh('signet-dynamic-zones', dynamicZonesScript, [directory]),
    stdin: zones.map(({ name, file }) => `${name}\n${file}\n`).join(''),
  };
}

// ---------------------------------------------------------------- static zones

/**
 * Law: the canonical difference of old and new zone must equal the plan before anything goes live. Both files are compiled
 * by BIND's own reader; the SOA is compared without its serial, and the serial by itself.
 */
const checkScript = `set -eu
zone=$1 directory=$2 old=$3 new=$4 serial=$5
LC_ALL=C
export LC_ALL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sort -u > "$work/planned"
named-checkzone -q -k ignore -i none -w "$directory" "$zone" "$new"
compile() {
  named-compilezone -k ignore -i none -w "$directory" -s full -f text -F text -o "$work/$1" "$zone" "$2" > "$work/log" 2>&1 ||
    { cat "$work/log" >&2; exit 1; }
  awk '{ owner = tolower($1); ttl = $2; class = $3; type = $4
    sub(/^[^ \\t]+[ \\t]+[^ \\t]+[ \\t]+[^ \\t]+[ \\t]+[^ \\t]+[ \\t]+/, "")
    if (type == "SOA") sub(/ [0-9]+/, " SERIAL")
    print owner, ttl, class, type, $0 }' "$work/$1" | sort -u > "$work/$1.records"
}
compile old "$old"
compile new "$new"
{ comm -23 "$work/old.records" "$work/new.records" | sed 's/^/-/'
  comm -13 "$work/old.records" "$work/new.records" | sed 's/^/+/'; } | sort -u > "$work/found"
cmp -s "$work/planned" "$work/found" ||
  { echo "$zone: the new zone differs from the old one otherwise than planned:" >&2; cat "$work/found" >&2; exit 1; }
found=$(awk '$4 == "SOA" { print $7; exit }' "$work/new")
[ "$found" = "$serial" ] || { echo "$zone: its serial is $found, not $serial" >&2; exit 1; }`;

export function checkStep(
  facts: Pick<BindFacts, 'directory'>,
  zone: string,
  path: string,
  difference: ZoneDifference,
  serial: number,
): CommandStep {
  const lines = [...difference.removed.map(line => `-${line}\n`), ...difference.added.map(line => `+${line}\n`)];
  return {
    kind: 'command',
    phase: 'check',
    argv: sh('signet-check-zone', checkScript, [zone, facts.directory, path, `{new:${path}}`, String(serial)]),
    stdin: lines.join(''),
    timeout: 60,
  };
}

/** A zone file that goes live. */
export interface Reload {
  readonly zone: string;
  readonly view: string;
  readonly path: string;
  readonly serial: number;
}

/** named reads a file again only if it is newer than what it loaded: hence the touch, which a restored backup needs. */
const reloadScript = `status=0
while [ "$#" -ge 3 ]; do
  touch -c -- "$3"
  rndc reload "$1" IN "$2" > /dev/null || status=1
  shift 3
done
exit "$status"`;

export function reloadStep(reloads: readonly Reload[]): CommandStep {
  const args = reloads.flatMap(({ zone, view, path }) => [zone, view, path]);
  return {
    kind: 'command',
    phase: 'activate',
    argv: sh('signet-reload-zones', reloadScript, args),
    timeout: 30 + reloads.length,
  };
}

/** "reload queued" is no success: the zone is there once its serial is the planned one, or a newer one (RFC 1982). */
const verifyScript = `loaded() {
  serial=$(rndc zonestatus "$1" IN "$2" 2> /dev/null | sed -n 's/^serial: \\([0-9][0-9]*\\)$/\\1/p')
  [ -n "$serial" ] && [ "$(((serial - $3 + 4294967296) % 4294967296))" -lt 2147483648 ]
}
end=$(($(date +%s) + 10))
while [ "$#" -ge 3 ]; do
  until loaded "$1" "$2" "$3"; do
    [ "$(date +%s)" -lt "$end" ] || { echo "$1: named has not loaded serial $3 (view $2)" >&2; exit 1; }
    sleep 0.2 2> /dev/null || sleep 1
  done
  shift 3
done`;

export function verifyStep(reloads: readonly Reload[]): CommandStep {
  const args = reloads.flatMap(({ zone, view, serial }) => [zone, view, String(serial)]);
  return {
    kind: 'command',
    phase: 'verify',
    argv: sh('signet-verify-zones', verifyScript, args),
    timeout: 30 + reloads.length,
  };
}

// ---------------------------------------------------------------- dynamic zones

/** The key's text goes from named's own configuration to nsupdate through a private file that lives as long as this runs. */
const keyedUpdateScript = `set -eu
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
named-checkconf -p "$1" | awk -v name="$2" '{ line = $0; sub(/^[ \\t]+/, "", line) }
line == "key \\"" name "\\" {" { found = 1 }
found { print line }
found && line == "};" { exit }' > "$work/key"
[ -s "$work/key" ] || { echo "the key $2 is not in $1" >&2; exit 1; }
nsupdate -k "$work/key"`;

export function updateCommand(facts: BindFacts, way: UpdateWay, stdin: string): CommandLine {
  switch (way.way) {
    case 'local':
      return { argv: ['nsupdate', '-l', '-p', String(facts.listen.port)], stdin };
    case 'address':
      return { argv: ['nsupdate'], stdin };
    case 'key': {
      const args = [facts.configuration ?? '/etc/bind/named.conf', way.key];
      return { argv: sh('signet-update-zone', keyedUpdateScript, args), stdin };
    }
  }
}

/** Names that may stand in the arguments of rndc, which joins and splits them again. */
export function isPlainZoneName(name: string): boolean {
  return /^[a-z0-9_][a-z0-9_./-]*$/.test(name);
}

export function isPlainViewName(name: string): boolean {
  return name === defaultView || /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name);
}
