/** Packages of a change as the script that installs them; its exit status says what was in the way. Pure. */
import type { PackageStep } from '../../shared/model.ts';
import { refused } from '../../shared/problem.ts';
import { shellQuote } from '../../shared/shell.ts';
import { printable } from '../../shared/text.ts';

/** Seconds: a slow mirror, and a package manager that is busy for a while. */
export const packageTimeout = 600;

/**
 * apt-get(8), not interactive: nothing is asked, files of an admin stay as they are, nothing that is only recommended comes
 * along. What the lists of packages do not know is looked for once more in fresh ones.
 */
const script = `export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
command -v apt-get >/dev/null 2>&1 || { echo 'there is no apt-get'; exit 13; }
missing=
for name; do
  case $(dpkg-query -W -f='\${db:Status-Abbrev}' "$name" 2>/dev/null) in
    ii*) ;;
    *) missing="$missing $name" ;;
  esac
done
[ -n "$missing" ] || exit 0
get() {
  apt-get -q -y -o DPkg::Lock::Timeout=15 -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 \\
    -o Acquire::http::Timeout=20 -o Acquire::Retries=1 "$@" 2>&1
}
install() { said=$(get --no-install-recommends install $missing); }
install && exit 0
case $said in
  *'ould not get lock'* | *'nable to acquire the dpkg'* | *'nable to lock'* | *'was interrupted'*) ;;
  *)
    updated=$(get update)
    install && exit 0
    case $updated in *'Failed to fetch'* | *'Could not resolve'* | *'Could not connect'* | *'Some index files failed'*) offline=1 ;; esac
    ;;
esac
printf '%s\\n' "$said" | grep -E '^(E|W|Err)' | tail -n 3
case $said in
  *'ould not get lock'* | *'nable to acquire the dpkg'* | *'nable to lock'*) exit 10 ;;
  *'Failed to fetch'* | *'Could not resolve'* | *'Could not connect'*) exit 12 ;;
  *'nable to locate package'* | *'no installation candidate'*) [ -z "\${offline:-}" ] || exit 12; exit 11 ;;
esac
exit 1
`;

/** The script for all packages of a change. Throws a refusal for what cannot be installed; nothing was sent then. */
export function packageScript(steps: readonly PackageStep[], server: string): string {
  const foreign = steps.find(({ manager }) => manager !== 'apt');
  if (foreign !== undefined) {
    throw refused(
      'package-step-unsupported',
      `${server}: the package ${printable(foreign.name)} would have to be installed with ${foreign.manager}`,
      'Signet installs packages with apt only: install it yourself, then scan again.',
      { server },
    );
  }
  const odd = steps.find(({ name }) => !/^[a-z0-9][a-z0-9.+-]+$/.test(name));
  if (odd !== undefined) {
    throw refused(
      'package-name-unsupported',
      `${server}: "${printable(odd.name)}" is not the name of a package`,
      'This is a defect: please report it.',
      { server },
    );
  }
  return `set -- ${steps.map(({ name }) => shellQuote(name)).join(' ')}\n${script}`;
}
