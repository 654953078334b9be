/** The lab itself: what the other tests take for granted. Changes nothing on any host. */
import { describe, expect, test } from 'vitest';
import { check, lab, labServer } from '../../tools/lab.ts';
import { runProgram } from '../../tools/program.ts';

describe.each(['mx1', 'ns1', 'sink', 's1'])('%s', name => {
  test('lets us in by key, under the host key that known_hosts has', async () => {
    const { config, identity, knownHosts } = await labServer(name);
    const { code, stdout, stderr } = await runProgram(
      [
        ...['ssh', '-F', 'none', '-i', identity, '-p', String(config.port)],
        ...['-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'StrictHostKeyChecking=yes'],
        ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'GlobalKnownHostsFile=/dev/null'],
        ...[
          `${config.user}@${config.host}`,
          config.sudo === 'nopasswd' ? 'sudo -n id -u; hostname' : 'id -u; hostname',
        ],
      ],
      { timeoutMs: 20_000 },
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `0\n${name}\n`, stderr: '' });
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
