/** A visit costs the same number of commands over SSH, however many domains it is about: counted by sshd itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome, signet, signetOk, type Home } from '../../tools/cli.ts';
import { addAndScan, apply, ask } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { lab } from '../../tools/lab.ts';

const host = 's7';
let home: Home;

/** How many commands sshd was asked to run while `work` ran. */
async function commands(work: () => Promise<unknown>): Promise<number> {
  const count = async () =>
    Number(await lab.sh(host, 'journalctl -q -u ssh --no-pager | grep -c "Starting session: command" || true'));
  const before = await count();
  await work();
  return (await count()) - before;
}

/** Hosts `count` domains, each with a zone of its own: those of the lab first, then more that are made of the first. */
async function hostDomains(count: number): Promise<void> {
  await lab.sh(
    host,
    `cd /etc/bind/zones
     cp -n /etc/bind/named.conf.customers /root/customers; cp -n /etc/postfix/virtual_domains /root/domains
     one=firma0001-${host}.example
     { grep -v '^#' /root/domains; seq -f more%g-${host}.example 200; } | head -n ${count} >/etc/postfix/virtual_domains
     : >/etc/bind/named.conf.customers
     while read -r domain; do
       [ -e db.$domain ] || sed "s/$one/$domain/g" db.$one >db.$domain
       echo "zone \\"$domain\\" { type master; file \\"/etc/bind/zones/db.$domain\\"; };" >>/etc/bind/named.conf.customers
     done </etc/postfix/virtual_domains
     rndc reconfig`,
  );
}

useHosts(host);

beforeAll(async () => {
  await lab.sh(host, 'echo "LogLevel VERBOSE" >/etc/ssh/sshd_config.d/count.conf; systemctl reload ssh');
  home = await makeHome();
  await addAndScan(home, host);
});

afterAll(() => home.remove());

describe('a scan', () => {
  const scans = new Map<number, { readonly told: number; readonly counted: number }>();

  test.each([1, 20, 200])('of %i domains', async count => {
    await hostDomains(count);
    let told = 0;
    const counted = await commands(async () => {
      const [result] = await ask.scan(home, host);
      expect(result).toMatchObject({ ok: true, domains: count });
      told = result?.roundTrips ?? 0;
    });
    expect(counted).toBeGreaterThan(0);
    scans.set(count, { told, counted });
  });

  test('costs the same for all of them', () => {
    const [one, ...others] = [...scans.values()];
    expect(others).toEqual([one, one]);
    expect(one?.counted).toBeLessThanOrEqual(one?.told ?? 0);
  });
});

describe('an apply', () => {
  test('of one domain and of nineteen costs the same', async () => {
    await hostDomains(20);
    await ask.scan(home, host);
    const names = (await ask.domains(home)).map(row => row.domain);
    const stage = (...domains: readonly string[]) =>
      signetOk(['signing', 'on', ...domains, '--key', 'rsa1024'], { home });
    const applied = async () => expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    await stage(...names.slice(0, 1));
    const one = await commands(applied);
    await stage(...names.slice(1));
    const nineteen = await commands(applied);
    expect({ nineteen }).toEqual({ nineteen: one });
  });

  test('and so does a verify', async () => {
    const [first = ''] = (await ask.domains(home)).map(row => row.domain);
    const one = await commands(() => signet(['verify', first], { home }));
    const twenty = await commands(() => signet(['verify'], { home }));
    // one more may be needed where a connection is made anew
    expect(twenty).toBeLessThanOrEqual(one + 1);
  });
});
