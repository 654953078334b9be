/** Text from servers is hostile: what stands in their files never runs, and never reaches a terminal or a log raw. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome, signet, type CliResult, type Home } from '../../tools/cli.ts';
import { addAndScan, ask } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { lab } from '../../tools/lab.ts';

/** Each would leave /tmp/ran-* behind, on the server or here, were it to meet a shell. */
const names = [
  '$(touch /tmp/ran-1).example',
  '`touch /tmp/ran-2`.example',
  ';touch /tmp/ran-3;.example',
  "'; touch /tmp/ran-4; '.example",
  '|touch${IFS}/tmp/ran-5.example',
  '&touch\t/tmp/ran-6&.example',
  '-o/tmp/ran-7',
  '--help',
  '../../../../tmp/ran-8',
  'esc\u001b[2J\u001b]0;title\u0007.example',
  'csi\u009b31m.example',
  'return\r.example',
  '<script>alert(1)</script>.example',
  'rtl\u202e\u2066elpmaxe.example',
  'zero\u200bwidth\ufeff.example',
  'nul\\000.example',
  '%s%n%x.example',
  `${'l'.repeat(5000)}.example`,
];

/** Of these none may stand raw in an output: controls (but line ends), C1 controls, marks that turn or hide text. */
// oxlint-disable-next-line no-control-regex
const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

let home: Home;

async function tell(...args: readonly string[]): Promise<CliResult> {
  const result = await signet(args, { home });
  expect(result.stdout).not.toMatch(raw);
  expect(result.stderr).not.toMatch(raw);
  expect(result.stderr).not.toContain('[internal]');
  return result;
}

async function ranHere(): Promise<readonly string[]> {
  return (await readdir('/tmp')).filter(name => name.startsWith('ran-'));
}

useHosts('mx1', 'mx2', 'ns1');

beforeAll(async () => {
  home = await makeHome();
  const encoded = (list: readonly string[]) => Buffer.from(`${list.join('\n')}\n`).toString('base64');
  const lines = encoded(names);
  // a pattern with such characters, or so long, is one that OpenDKIM itself does not load
  const patterns = encoded(names.filter(name => !/[()[\]{}|\\]/.test(name) && name.length < 200));
  await lab.sh(
    'mx1',
    `echo ${lines} | base64 -d >>/etc/postfix/virtual_domains
     echo ${patterns} | base64 -d | while IFS= read -r name; do printf '*@%s\\t%s\\n' "$name" "$name" >>/etc/opendkim/signing.table; done
     echo ${lines} | base64 -d | sed 's/$/ evil.example:s1:\\/etc\\/opendkim\\/keys\\/$(touch \\/tmp\\/ran-9)/' >>/etc/opendkim/key.table
     cp -p /etc/bind/zones/db.pekarna.example '/etc/bind/zones/db.$(touch ran-10).example'
     printf 'zone "x$(touch /tmp/ran-11).example" { type master; file "/etc/bind/zones/db.$(touch ran-10).example"; };\\n' >>/etc/bind/named.conf.customers
     printf 'pekarna2 IN TXT "\\\\027[31m red"\\n' >>/etc/bind/zones/db.pekarna.example
     rndc reconfig; rndc reload pekarna.example`,
  );
});

afterAll(async () => {
  await home.remove();
});

describe('a server whose files hold hostile names', () => {
  test('is scanned, and the good domains are there', async () => {
    await addAndScan(home, 'mx1');
    const domains = (await ask.domains(home)).map(row => row.domain);
    expect(domains).toContain('krojac.example');
    // a name that is no domain is no row
    expect(domains.filter(domain => !/^[a-z0-9_.-]+$/.test(domain))).toEqual([]);
  });

  test.each([
    'domains',
    'domains --json',
    'server list',
    'server list --json',
    'signing on krojac.example pekarna.example',
    'pending',
    'plan --diff',
    'plan --json',
    'verify',
    'records pekarna.example',
    'scan --json',
  ])('signet %s shows nothing raw', async line => {
    const result = await tell(...line.split(' '));
    expect([0, 1]).toContain(result.code);
  });

  test('what cannot be a domain is told to the admin', async () => {
    const { stdout } = await tell('server', 'list');
    expect(stdout).toMatch(/\/etc\/postfix\/virtual_domains/);
  });

  test('signing is switched on beside it; the hostile lines stay as they are', async () => {
    const lines = () => lab.sh('mx1', 'grep -v krojac /etc/opendkim/signing.table | grep -v pekarna | sha256sum');
    const before = await lines();
    const applied = await tell('apply', '--yes');
    expect(applied.stderr).toMatch(/switch@mx1: applied/);
    expect(applied.code).toBe(0);
    expect(await lines()).toBe(before);
  });

  test('and nothing of it ran, there or here', async () => {
    expect(await lab.sh('mx1', 'find / -xdev -name "ran-*" -not -path "/proc/*"')).toBe('');
    expect(await ranHere()).toEqual([]);
  });
});
