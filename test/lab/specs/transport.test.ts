/** The transport and the reader against real sshd, sudo, PAM and Debian's tools: s1 (root) and ns1 (sudo NOPASSWD). */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createHostReader } from '../../../electron/drivers/kit/host-reader.ts';
import type { SecretSource, Transport } from '../../../electron/transport/api.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import type { ServerConfig } from '../../../shared/model.ts';
import { problemOf } from '../../electron/transport/kit.ts';
import { useHosts } from '../../tools/hosts.ts';
import { fault, lab, labServer } from '../../tools/lab.ts';

const password = `it's-"${randomBytes(9).toString('base64')}`;
const users = ['signet-sudo', 'signet-nopass', 'signet-none', 'signet-tty', 'signet-loud'] as const;
type User = (typeof users)[number];
let s1: ServerConfig;
let ns1: ServerConfig;
let rsaIdentity: string;

const sudoers = `
signet-sudo ALL=(ALL:ALL) ALL
signet-nopass ALL=(ALL:ALL) NOPASSWD: ALL
signet-tty ALL=(ALL:ALL) NOPASSWD: ALL
signet-loud ALL=(ALL:ALL) ALL
Defaults:signet-tty requiretty
`;

useHosts('s1', 'mx1', 'mx2', 'ns1');

beforeAll(async () => {
  const first = await labServer('s1');
  s1 = first.config;
  rsaIdentity = first.identity.replace('id_ed25519', 'id_rsa');
  ns1 = (await labServer('ns1')).config;
  await removeUsers();
  for (const user of users) {
    await lab.sh('s1', `useradd -m -s /bin/bash ${user}`);
    await lab.exec('s1', ['chpasswd'], `${user}:${password}\n`);
  }
  await lab.exec('s1', ['sh', '-c', 'umask 077; cat > /etc/sudoers.d/signet-test'], sudoers);
  const loud = `echo "Welcome!"; echo "to stderr" >&2; printf 'no newline'; export LC_ALL=C.UTF-8 LANG=de_DE.UTF-8\n`;
  await lab.exec('s1', ['sh', '-c', 'cat | tee ~signet-loud/.bashrc > ~signet-loud/.profile'], loud);
});

afterAll(removeUsers);

async function removeUsers(): Promise<void> {
  for (const user of users) await lab.exec('s1', ['sh', '-c', `pkill -KILL -u ${user}; userdel -rf ${user}`]);
  await lab.sh('s1', 'rm -f /etc/sudoers.d/signet-test');
}

const transports: Transport[] = [];
afterEach(() => {
  for (const transport of transports.splice(0)) transport.close();
});

function transportWith(
  secrets: Partial<Record<keyof SecretSource, string>> = {},
  servers: readonly ServerConfig[] = [],
): Transport {
  const transport = createTransport({
    secrets: {
      password: async () => secrets.password ?? null,
      passphrase: async () => secrets.passphrase ?? null,
      sudoPassword: async () => secrets.sudoPassword ?? null,
    },
    servers: name => servers.find(each => each.name === name),
  });
  transports.push(transport);
  return transport;
}

function as(user: User, sudo: ServerConfig['sudo']): ServerConfig {
  return { ...s1, user, sudo, login: { method: 'password' } };
}

const whoami = 'id -un; echo "$LC_ALL"; cat; echo err >&2';
const root = { code: 0, stdout: 'root\nC\n', stderr: 'err\n' };

test('root by key, and a user by sudo without a password', async () => {
  const transport = transportWith();
  expect(await (await transport.open(s1)).run(whoami)).toEqual(root);
  expect(await (await transport.open(ns1)).run(whoami)).toEqual(root);
});

test('an RSA key, by SHA-2', async () => {
  const server: ServerConfig = { ...s1, login: { method: 'key', identity: rsaIdentity } };
  expect(await (await transportWith().open(server)).run(whoami)).toEqual(root);
});

test('each host key of the server alone is enough', async () => {
  for (const key of s1.hostKeys) {
    const session = await transportWith().open({ ...s1, hostKeys: [key] });
    expect((await session.run('echo in')).stdout).toBe('in\n');
  }
  expect(s1.hostKeys).toContainEqual(await transportWith().hostKey(s1));
});

test('sudo with a password that is asked for', async () => {
  const session = await transportWith({ password, sudoPassword: password }).open(as('signet-sudo', 'password'));
  const several = await Promise.all([session.run(whoami), session.run(whoami), session.run(whoami)]);
  expect(several).toEqual([root, root, root]);
});

test('a chatty profile and another locale below sudo with a password', async () => {
  const session = await transportWith({ password, sudoPassword: password }).open(as('signet-loud', 'password'));
  expect(await session.run(whoami)).toEqual(root);
});

test('sudo that does not ask does not get the password', async () => {
  const session = await transportWith({ password, sudoPassword: 'never-sent' }).open(as('signet-nopass', 'password'));
  expect(await session.run(whoami)).toEqual(root);
  const log = await lab.sh('s1', 'journalctl -q --no-pager -n 200; cat /var/log/auth.log 2>/dev/null || true');
  expect(log).not.toContain('never-sent');
});

test('the password is in no argument on the server', async () => {
  const session = await transportWith({ password, sudoPassword: password }).open(as('signet-sudo', 'password'));
  const { stdout } = await session.run("cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'");
  expect(stdout).toContain('/bin/sh');
  expect(stdout).not.toContain(password);
});

test.each([
  ['signet-sudo', 'password', 'wrong-guess', 'sudo-password-wrong'],
  ['signet-sudo', 'password', undefined, 'sudo-password-needed'],
  ['signet-sudo', 'nopasswd', undefined, 'sudo-password-needed'],
  ['signet-none', 'password', password, 'sudo-refused'],
  ['signet-tty', 'nopasswd', undefined, 'sudo-refused'],
] as const)('%s, sudo %s: refused with its own code (%#)', async (user, sudo, sudoPassword, code) => {
  const transport = transportWith(sudoPassword === undefined ? { password } : { password, sudoPassword });
  const session = await transport.open(as(user, sudo));
  const problem = await problemOf(session.run('true'));
  expect(problem.code).toBe(code);
  expect(problem.server).toBe('s1');
});

test('a wrong password, and a user that is not there', async () => {
  const wrong = await problemOf(transportWith({ password: 'wrong-guess' }).open(as('signet-sudo', 'none')));
  expect(wrong.code).toBe('login-refused');
  const nobody = await problemOf(
    transportWith({ password }).open({ ...as('signet-sudo', 'none'), user: 'signet-nobody' }),
  );
  expect(nobody.code).toBe('login-refused');
});

test('a reader refuses a session without root', async () => {
  const session = await transportWith({ password }).open(as('signet-sudo', 'none'));
  expect((await problemOf(createHostReader(session))).code).toBe('not-root');
});

test('through s1 to ns1, both keys checked', async () => {
  const inner: ServerConfig = { ...ns1, jump: 's1' };
  const session = await transportWith({}, [s1]).open(inner);
  expect((await session.run('hostname')).stdout).toBe('ns1\n');
});

test('streams to a port and a socket of the server', async () => {
  const session = await transportWith().open(s1);
  await lab.sh('s1', 'systemctl start postfix opendkim || true');
  const smtp = await session.connect({ host: '127.0.0.1', port: 25 });
  const greeting = await new Promise<string>(resolve => smtp.once('data', data => resolve(String(data))));
  expect(greeting).toMatch(/^220 /);
  smtp.end();
  expect((await problemOf(session.connect({ host: '127.0.0.1', port: 1 }))).code).toBe('connect-failed');
  expect((await problemOf(session.connect({ path: '/nowhere.sock' }))).code).toBe('connect-failed');
  const socket = await session.connect({ path: '/run/systemd/private' });
  socket.end();
});

test('20 commands at once', async () => {
  const session = await transportWith().open(s1);
  const results = await Promise.all(Array.from({ length: 20 }, (_, index) => session.run(`sleep 0.05; echo ${index}`)));
  expect(results.map(each => each.stdout)).toEqual(Array.from({ length: 20 }, (_, index) => `${index}\n`));
});

test('a service left in the background does not keep the command open', async () => {
  const session = await transportWith().open(s1);
  const started = Date.now();
  expect((await session.run('sleep 8 & echo done')).stdout).toBe('done\n');
  expect(Date.now() - started).toBeLessThan(30_000);
});

test('sshd dying in the middle of a command is a failure', async () => {
  const session = await transportWith().open(s1);
  const running = problemOf(session.run('echo begun; sleep 30; echo done'));
  await setTimeout(500);
  try {
    await fault.killSsh('s1');
    expect((await running).code).toBe('connection-lost');
  } finally {
    await fault.heal('s1');
  }
  expect((await (await transportWith().open(s1)).run('echo back')).stdout).toBe('back\n');
});

test('a link that falls silent ends in a timeout, and a host behind it cannot be reached', async () => {
  const session = await transportWith().open(s1);
  try {
    await fault.cut('s1');
    expect((await problemOf(session.run('echo a', { timeoutMs: 2000 }))).code).toBe('command-timeout');
    const unreachable = await problemOf(transportWith().open(s1));
    expect(unreachable.code).toBe('host-unreachable');
  } finally {
    await fault.heal('s1');
  }
  expect((await (await transportWith().open(s1)).run('echo back')).stdout).toBe('back\n');
});

test('a scan of 5 files and of 500 takes the same number of round trips', async () => {
  await lab.sh(
    's1',
    'mkdir -p /root/signet-many && cd /root/signet-many && for i in $(seq 500); do echo "zone $i" > "f $i"; done',
  );
  try {
    const trips = async (pattern: string): Promise<readonly [number, number]> => {
      const session = await transportWith().open(s1);
      const reader = await createHostReader(session);
      const paths = await reader.glob(pattern);
      const facts = await Promise.all(paths.map(path => reader.file(path)));
      return [facts.filter(fact => fact?.content === `zone ${fact?.path.split(' ')[1]}\n`).length, session.roundTrips];
    };
    expect(await trips('/root/signet-many/f ?')).toEqual([9, 3]);
    expect(await trips('/root/signet-many/*')).toEqual([500, 3]);
  } finally {
    await lab.sh('s1', 'rm -r /root/signet-many');
  }
});

test('the reader on both kinds of log-in: facts, files, owners, commands', async () => {
  for (const server of [s1, ns1]) {
    const reader = await createHostReader(await transportWith().open(server));
    expect(reader.host).toMatchObject({ hostname: server.name, os: { id: 'debian', version: '12' }, init: 'systemd' });
    const [shadow, named, checked, osRelease] = await Promise.all([
      reader.file('/etc/shadow'),
      reader.stat('/var/cache/bind'),
      reader.exec(['named-checkconf', '-l']),
      reader.file('/etc/os-release'),
    ]);
    expect(shadow).toMatchObject({ mode: 0o640, owner: 'root', group: 'shadow' });
    expect(named).toMatchObject({ type: 'directory', group: 'bind' });
    expect(checked.code).toBe(0);
    expect(osRelease?.real).toBe('/usr/lib/os-release');
  }
});
