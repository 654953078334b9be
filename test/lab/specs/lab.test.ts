/** The lab itself: what the other tests take for granted. Changes nothing on any host. */
import { describe, expect, test } from 'vitest';
import { useHosts } from '../../tools/hosts.ts';
import { check, lab, labServer } from '../../tools/lab.ts';
import { runProgram } from '../../tools/program.ts';

/** As root by what the host has for it. A profile may say something first. */
const asRoot = { none: 'id -u', nopasswd: 'sudo -n id -u', password: "sudo -k -S -p '' id -u" } as const;

useHosts('mx1', 'mx2', 'ns1', 's1');

describe.each(['mx1', 'mx2', 'ns1', 'sink', 's1'])('%s', name => {
  test('lets us in by key, under the host key that known_hosts has, and lets us be root', async () => {
    const { config, identity, knownHosts, sudoPassword } = await labServer(name);
    const options = [
      'BatchMode=yes',
      'IdentitiesOnly=yes',
      'StrictHostKeyChecking=yes',
      `IdentityFile=${identity}`,
      `UserKnownHostsFile=${knownHosts}`,
      'GlobalKnownHostsFile=/dev/null',
      `Port=${config.port}`,
    ].flatMap(option => ['-o', option]);
    const { code, stdout, stderr } = await runProgram(
      ['ssh', '-F', 'none', ...options, `${config.user}@${config.host}`, `${asRoot[config.sudo]}; hostname`],
      { timeoutMs: 20_000, stdin: `${sudoPassword ?? ''}\n` },
    );
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: expect.stringMatching(`(^|\n)0\n${name}\n$`) });
  });

  test('presents the Ed25519 key that is pinned', async () => {
    const { fingerprint } = await labServer(name);
    const told = await lab.sh(name, 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    expect(told).toContain(fingerprint);
  });
});

test('the checks turn red: mail that nobody signs is not called signed', async () => {
  const result = await check.signed('s1', 'nobody.example');
  expect(result).toMatchObject({ ok: false, reason: 'no DKIM-Signature header' });
});

test('the state of a host does not differ from itself, and a change is seen', async () => {
  const before = await check.fleetState('ns1');
  expect(await check.fleetDiff(before)).toMatchObject({ ok: true, differences: {} });
  const state = before['ns1'] ?? {};
  expect(Object.keys(state).length).toBeGreaterThan(100);
  const altered = { ns1: { ...state, '/etc/hostname': 'something else' } };
  expect(await check.fleetDiff(altered)).toMatchObject({
    ok: false,
    differences: { ns1: { changed: ['/etc/hostname'] } },
  });
});
