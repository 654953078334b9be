/** The generic first look at a server: one round trip, shared by everything that wants to know. */
import type { HostFacts } from '../api.ts';
import type { Session } from '../../transport/api.ts';
import { failed, refused } from '../../../shared/problem.ts';
import { printable } from '../../../shared/text.ts';

/** Tools that a reader cannot do without (coreutils or BusyBox). */
const tools = ['stat', 'cat', 'sha256sum', 'find', 'readlink'];

export interface FirstLook {
  readonly facts: HostFacts;
  /** Words to put before a command so that it ends after 30 s; none where there is no `timeout`. */
  readonly timeout: readonly string[];
  readonly realpath: boolean;
}

const script = `
for tool in ${tools.join(' ')}; do command -v "$tool" >/dev/null 2>&1 || printf 'missing=%s\\n' "$tool"; done
printf 'uid=%s\\n' "$(id -u)"
printf 'hostname=%s\\n' "$(uname -n)"
printf 'clock=%s\\n' "$(date +%s)"
if [ -d /run/systemd/system ]; then echo init=systemd
elif [ -e /run/openrc/softlevel ] || [ -x /sbin/openrc-run ]; then echo init=openrc
elif [ -d /etc/init.d ]; then echo init=sysv
else echo init=unknown; fi
if timeout -k 5 30 true 2>/dev/null; then echo timeout=kill
elif timeout 30 true 2>/dev/null; then echo timeout=plain; fi
if command -v realpath >/dev/null 2>&1; then echo realpath=yes; fi
echo os-release
cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null || true
`;

/** os-release(5): shell-like assignments; values may be quoted. */
function osRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) continue;
    const [, quoted] = /^(?:"(.*)"|'.*')$/.exec(value) ?? [];
    values.set(name, printable((quoted ?? value.replaceAll("'", '')).replace(/\\(["$`\\])/g, '$1'), 100));
  }
  return values;
}

function initOf(value: string | undefined): HostFacts['init'] {
  return value === 'systemd' || value === 'openrc' || value === 'sysv' ? value : 'unknown';
}

/** Rejects with `not-root` (no sudo, and the log-in user is not root) and `server-tools-missing`. */
export async function firstLook(session: Session): Promise<FirstLook> {
  const { server } = session;
  const asked = Date.now();
  const { stdout } = await session.run(script);
  const laptop = Math.round((asked + Date.now()) / 2000);
  const split = stdout.indexOf('os-release\n');
  const lines = stdout.slice(0, split).split('\n');
  const all = (key: string): readonly string[] =>
    lines.filter(line => line.startsWith(`${key}=`)).map(line => line.slice(key.length + 1));
  const missing = all('missing');
  if (missing.length > 0)
    throw failed(
      'server-tools-missing',
      `${server}: the server lacks ${missing.join(', ')}`,
      'Install coreutils and findutils, or BusyBox.',
      { server },
    );
  if (all('uid')[0] !== '0')
    throw refused('not-root', `${server}: commands do not run as root`, 'Log in as root, or set how sudo is used.', {
      server,
    });
  const os = osRelease(stdout.slice(split));
  const id = os.get('ID') ?? 'unknown';
  const [timeout] = all('timeout');
  return {
    facts: {
      hostname: printable(all('hostname')[0] ?? '', 255),
      os: { id, version: os.get('VERSION_ID') ?? '', name: os.get('PRETTY_NAME') ?? os.get('NAME') ?? id },
      init: initOf(all('init')[0]),
      clock: { server: Number(all('clock')[0]), laptop },
    },
    timeout: timeout === 'kill' ? ['timeout', '-k', '5', '30'] : timeout === 'plain' ? ['timeout', '30'] : [],
    realpath: all('realpath').length > 0,
  };
}
