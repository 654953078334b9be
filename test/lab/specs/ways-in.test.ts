/** The ways into a server, each as an admin types it: jump host, password, passphrase, agent, and hosts out of ssh_config. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeHome, signet, signetOk, type CliOptions, type Home } from '../../tools/cli.ts';
import { addArguments, apply, ask } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, lab, labServer, type LabServer } from '../../tools/lab.ts';
import { outputOf } from '../../tools/program.ts';

let home: Home;
let mx1: LabServer;
let mx2: LabServer;
let ns1: LabServer;
let secrets = '';

const trust = () => ['--known-hosts', mx1.knownHosts];
const at = ({ config }: LabServer) => ['--host', config.host, '--user', config.user];

/** It reads and, for one domain, changes the server by this way in. */
async function works(name: string, domain: string, options: Partial<CliOptions> = {}): Promise<void> {
  expect(await signet(['scan', name], { home, ...options })).toMatchObject({ code: 0, stderr: '' });
  expect((await ask.domains(home)).map(row => row.domain)).toContain(domain);
  expect(await signet(['verify', domain], { home, ...options })).toMatchObject({ code: 0 });
}

/** Where the log-ins of sshd on a host came from, since it was started. */
async function loginsOf(host: string): Promise<string> {
  return lab.sh(host, 'journalctl -q -u ssh --no-pager | grep Accepted || true');
}

useHosts('mx1', 'mx2', 'ns1');

beforeAll(async () => {
  [mx1, mx2, ns1] = [await labServer('mx1'), await labServer('mx2'), await labServer('ns1')];
  secrets = join(mx1.identity, '..');
});

beforeEach(async () => {
  home = await makeHome();
});

afterEach(() => home.remove());

test('through a jump host, whose own way in is sudo and a key: all of the job', async () => {
  await signetOk((await addArguments('ns1')).args, { home });
  const add = ['server', 'add', 'mx1', ...at(mx1), '--identity', mx1.identity, ...trust(), '--jump', 'ns1'];
  expect(await signet(add, { home })).toMatchObject({ code: 0, stderr: '' });
  await signetOk(['scan'], { home });
  await signetOk(['signing', 'on', 'obchod.example', 'krojac.example'], { home });
  expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
  expect(await check.signed('mx1', 'obchod.example', { allServers: true })).toMatchObject({ ok: true });
  const logins = await loginsOf('mx1');
  expect(logins).toContain(`from ${ns1.config.host} `);
  expect(logins).not.toMatch(/from 10\.99\.0\.1 /);
});

test('a jump host that is in use is not removed', async () => {
  await signetOk((await addArguments('ns1')).args, { home });
  const add = ['server', 'add', 'mx1', ...at(mx1), '--identity', mx1.identity, ...trust(), '--jump', 'ns1'];
  await signetOk(add, { home });
  const removed = await signet(['server', 'remove', 'ns1'], { home });
  expect(removed.code).toBe(3);
  expect(removed.stderr).toMatch(/mx1.*\[[a-z-]+\]/);
});

test('with a password, and it can be changed', async () => {
  const password = `p "\\' ${crypto.randomUUID()}`;
  await lab.exec('mx1', ['chpasswd'], `root:${password}\n`);
  await lab.sh('mx1', 'echo "PermitRootLogin yes" >/etc/ssh/sshd_config.d/t.conf; systemctl reload ssh');
  const add = ['server', 'add', 'mx1', ...at(mx1), ...trust(), '--secrets-stdin'];
  expect(await signet(add, { home, stdin: JSON.stringify({ password }) })).toMatchObject({ code: 0, stderr: '' });
  await works('mx1', 'tovarna.example');
  await lab.exec('mx1', ['chpasswd'], 'root:another-one\n');
  const refused = await signet(['scan'], { home });
  expect(refused.stderr).toMatch(/mx1.*\[login-refused\]/);
  await signetOk(['server', 'secrets', 'mx1'], { home, stdin: '{"password":"another-one"}' });
  await works('mx1', 'tovarna.example');
});

test('with a key that has a passphrase, and sudo with a password', async () => {
  const passphrase = (await readFile(join(secrets, 'id_passphrase.passphrase'), 'utf8')).trim();
  const publicKey = await readFile(join(secrets, 'id_passphrase.pub'), 'utf8');
  await lab.exec('mx2', ['tee', '-a', '/home/spravce/.ssh/authorized_keys'], publicKey);
  const identity = ['--identity', join(secrets, 'id_passphrase'), '--sudo', 'password', '--secrets-stdin'];
  const stdin = JSON.stringify({ passphrase, sudoPassword: mx2.sudoPassword });
  const add = ['server', 'add', 'mx2', ...at(mx2), ...trust(), ...identity];
  expect(await signet(add, { home, stdin })).toMatchObject({ code: 0, stderr: '' });
  await works('mx2', 'kavarna.example');
});

test('with the agent, also where it holds many keys', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signet-agent-'));
  const env = { SSH_AUTH_SOCK: join(folder, 'agent') };
  const agent = spawn('ssh-agent', ['-D', '-a', env.SSH_AUTH_SOCK], { stdio: 'ignore' });
  const ended = once(agent, 'exit');
  try {
    await expect
      .poll(() =>
        stat(env.SSH_AUTH_SOCK).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    const add = ['server', 'add', 'mx1', ...at(mx1), ...trust(), '--agent'];
    const empty = await signet(add, { home, env });
    expect(empty.code).toBe(1);
    expect(empty.stderr).toMatch(/\[agent-empty\]/);
    const [, ...keys] = ['none', 'a', 'b', 'c', 'd'].map(name => join(folder, name));
    for (const key of keys) await outputOf(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const environment = { env: { ...process.env, ...env } };
    await outputOf(['ssh-add', '-q', ...keys, mx1.identity], environment);
    expect(await signet(add, { home, env })).toMatchObject({ code: 0, stderr: '' });
    await works('mx1', 'tovarna.example', { env });
  } finally {
    agent.kill();
    await ended;
    await rm(folder, { recursive: true });
  }
  const gone = await signet(['scan'], { home, env });
  expect(gone.code).toBe(1);
  expect(gone.stderr).toMatch(/mx1.*\[agent-[a-z-]+\]/);
});

test('hosts out of ssh_config: Include and ProxyJump are followed, Match exec never runs', async () => {
  const folder = join(home.path, '.ssh');
  await mkdir(join(folder, 'config.d'), { recursive: true });
  const marker = join(home.path, 'ran');
  await writeFile(
    join(folder, 'config'),
    [
      'Include config.d/*',
      `Match exec "touch ${marker}"`,
      '  User intruder',
      'Host *.example.com',
      '  User wild',
      'Host noname',
      '  HostName $(touch ran).example',
      'Host *',
      `  IdentityFile ${mx1.identity}`,
      `  UserKnownHostsFile ${mx1.knownHosts}`,
      '  User root',
      '',
    ].join('\n'),
  );
  await writeFile(
    join(folder, 'config.d/lab'),
    `Host ns1\n  HostName ${ns1.config.host}\n  User dnsadmin\nHost mx1\n  HostName ${mx1.config.host}\n  ProxyJump ns1\n`,
  );
  const imported = await signet(['server', 'import', 'mx1', 'ns1', '--json'], { home });
  expect(imported).toMatchObject({ code: 0 });
  expect(JSON.stringify(imported.json)).toMatch(/Match exec/);
  const { json } = await signetOk(['server', 'list', '--json'], { home });
  expect(json).toMatchObject([
    { name: 'mx1', host: mx1.config.host, user: 'root', jump: 'ns1' },
    { name: 'ns1', host: ns1.config.host, user: 'dnsadmin', jump: null },
  ]);
  await works('mx1', 'tovarna.example');
  expect(await stat(marker).catch(() => null)).toBeNull();
  const again = await signet(['server', 'import', '--file', join(folder, 'config')], { home });
  expect(again.stdout).toMatch(/mx1: not added/);
  expect(await stat(marker).catch(() => null)).toBeNull();
});
