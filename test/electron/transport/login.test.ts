import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { problemOf, secretsOf, serverAt } from './kit.ts';
import type { Secrets } from './kit.ts';
import type { Transport } from '../../../electron/transport/api.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import type { TransportOptions } from '../../../electron/transport/ssh.ts';
import type { LoginMethod } from '../../../shared/model.ts';
import { newHostKey, pinOf, startFakeServer } from '../../fakes/ssh-server.ts';
import type { FakeServer, FakeServerOptions } from '../../fakes/ssh-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'signet-login-'));
const keyFile = (name: string): string => join(directory, name);
let agent: ChildProcess;
const agentSocket = join(directory, 'agent.sock');

function keygen(name: string, ...options: string[]): Buffer {
  execFileSync('ssh-keygen', ['-q', '-f', keyFile(name), '-C', name, ...options]);
  const parsed = ssh2.utils.parseKey(readFileSync(keyFile(`${name}.pub`)));
  if (parsed instanceof Error) throw parsed;
  return parsed.getPublicSSH();
}

const publicKeys: Record<string, Buffer> = {};

beforeAll(async () => {
  publicKeys['ed'] = keygen('ed', '-t', 'ed25519', '-N', '');
  publicKeys['rsa'] = keygen('rsa', '-t', 'rsa', '-b', '2048', '-N', '');
  publicKeys['pem'] = keygen('pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'opens');
  publicKeys['locked'] = keygen('locked', '-t', 'ed25519', '-N', 'opens');
  publicKeys['held'] = keygen('held', '-t', 'ed25519', '-N', '');
  writeFileSync(keyFile('junk'), 'not a key\n');
  agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: 'ignore' });
  while (!existsSync(agentSocket)) await setTimeout(20);
  const env = { ...process.env, SSH_AUTH_SOCK: agentSocket };
  execFileSync('ssh-add', ['-q', keyFile('held')], { env, stdio: 'ignore' });
});

afterAll(() => {
  agent.kill();
  rmSync(directory, { recursive: true });
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function fakeServer(options: FakeServerOptions): Promise<FakeServer> {
  const fake = await startFakeServer(options);
  closing.push(() => fake.close());
  return fake;
}

function transportWith(secrets: Secrets = {}, options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({
    secrets: secretsOf(secrets),
    servers: () => undefined,
    agentSocket: join(directory, 'nothing.sock'),
    ...options,
  });
  closing.push(() => transport.close());
  return transport;
}

const byKey = (name: string): LoginMethod => ({ method: 'key', identity: keyFile(name) });

test('by password', async () => {
  const fake = await fakeServer({ password: 'right' });
  const session = await transportWith({ password: 'right' }).open(serverAt(fake));
  expect((await session.run('echo in')).stdout).toBe('in\n');
});

test('a wrong password is tried once', async () => {
  const fake = await fakeServer({ password: 'right' });
  const problem = await problemOf(transportWith({ password: 'guess-9' }).open(serverAt(fake)));
  expect(problem.code).toBe('login-refused');
  expect(JSON.stringify(problem)).not.toContain('guess-9');
  expect(fake.passwords).toEqual(['guess-9']);
});

test('no stored password: nothing is tried', async () => {
  const fake = await fakeServer({ password: 'right' });
  expect((await problemOf(transportWith().open(serverAt(fake)))).code).toBe('password-needed');
  expect(fake.passwords).toEqual([]);
});

test('by keyboard-interactive', async () => {
  const fake = await fakeServer({
    interactive: { prompts: [{ prompt: 'Password: ', echo: false }], answers: ['right'] },
  });
  const session = await transportWith({ password: 'right' }).open(serverAt(fake));
  expect((await session.run('echo in')).stdout).toBe('in\n');
  const problem = await problemOf(transportWith({ password: 'wrong' }).open(serverAt(fake)));
  expect(problem.code).toBe('login-refused');
});

test('a question that is not the password does not get it', async () => {
  const fake = await fakeServer({
    interactive: { prompts: [{ prompt: 'Code:\u001b[2J ', echo: true }], answers: ['123'] },
  });
  const problem = await problemOf(transportWith({ password: 'right' }).open(serverAt(fake)));
  expect(problem.code).toBe('login-needs-more');
  expect(problem.message).not.toContain('\u001b');
  expect(fake.passwords).toEqual(['']);
});

test.each(['ed', 'rsa'])('by key file: %s', async name => {
  const fake = await fakeServer({ publicKeys: [publicKeys[name] ?? Buffer.alloc(0)] });
  const session = await transportWith().open(serverAt(fake, { login: byKey(name) }));
  expect((await session.run('echo in')).stdout).toBe('in\n');
});

test.each(['locked', 'pem'])('by key file with a passphrase: %s', async name => {
  const fake = await fakeServer({ publicKeys: [publicKeys[name] ?? Buffer.alloc(0)] });
  const server = serverAt(fake, { login: byKey(name) });
  const session = await transportWith({ passphrase: 'opens' }).open(server);
  expect((await session.run('echo in')).stdout).toBe('in\n');
  expect((await problemOf(transportWith().open(server))).code).toBe('passphrase-needed');
  expect((await problemOf(transportWith({ passphrase: 'wrong' }).open(server))).code).toBe('passphrase-wrong');
});

test('a key file and then the password', async () => {
  const fake = await fakeServer({ publicKeys: [publicKeys['ed'] ?? Buffer.alloc(0)], password: 'right', both: true });
  const server = serverAt(fake, { login: byKey('ed') });
  expect((await (await transportWith({ password: 'right' }).open(server)).run('echo in')).stdout).toBe('in\n');
  expect((await problemOf(transportWith({ password: 'wrong' }).open(server))).code).toBe('login-refused');
});

test('a key that the server does not know', async () => {
  const fake = await fakeServer({ publicKeys: [] });
  const problem = await problemOf(transportWith().open(serverAt(fake, { login: byKey('ed') })));
  expect(problem.code).toBe('login-refused');
  expect(problem.hint).toContain('publickey');
});

test.each([
  ['missing', 'no such file'],
  ['junk', 'cannot be used'],
  ['ed.pub', 'public key'],
  ['.', 'directory'],
])('a key file that is none: %s', async (name, words) => {
  const fake = await fakeServer({});
  const problem = await problemOf(transportWith().open(serverAt(fake, { login: byKey(name) })));
  expect(problem.code).toBe('key-unreadable');
  expect(problem.message).toContain(words);
});

test('by agent, and what is missing when it does not work', async () => {
  const fake = await fakeServer({ publicKeys: [publicKeys['held'] ?? Buffer.alloc(0)] });
  const server = serverAt(fake, { login: { method: 'agent' } });
  const session = await transportWith({}, { agentSocket }).open(server);
  expect((await session.run('echo in')).stdout).toBe('in\n');
  expect((await problemOf(transportWith().open(server))).code).toBe('agent-unavailable');
  const other = await fakeServer({ publicKeys: [] });
  const refusedKey = serverAt(other, { login: { method: 'agent' } });
  expect((await problemOf(transportWith({}, { agentSocket }).open(refusedKey))).code).toBe('login-refused');
});

test('a locked key file is used through the agent that holds it, and no other key is offered', async () => {
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'later', '-f', keyFile('held')]);
  rmSync(keyFile('held.pub'));
  const fake = await fakeServer({ publicKeys: [publicKeys['held'] ?? Buffer.alloc(0)] });
  const session = await transportWith({}, { agentSocket }).open(serverAt(fake, { login: byKey('held') }));
  expect((await session.run('echo in')).stdout).toBe('in\n');
});

test('a host that is not there: refused, unknown name, no SSH', async () => {
  const fake = await fakeServer({});
  const gone = { port: fake.port, hostKeys: fake.hostKeys };
  await fake.close();
  closing.pop();
  const refusedPort = await problemOf(transportWith({ password: 'x' }).open(serverAt(gone)));
  expect(refusedPort).toMatchObject({ code: 'host-unreachable', server: 'alpha' });
  expect(refusedPort.message).toContain('refused');
  const unknown = await problemOf(transportWith({ password: 'x' }).open(serverAt(gone, { host: 'nonesuch.invalid' })));
  expect(unknown.code).toBe('host-unreachable');
  expect(unknown.message).toContain('DNS');
  const silent = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
  const port = (silent.address() as AddressInfo).port;
  const http = await problemOf(transportWith({ password: 'x' }).open(serverAt({ port, hostKeys: fake.hostKeys })));
  expect(['host-unreachable', 'handshake-failed']).toContain(http.code);
  silent.close();
});

test('host keys: unknown, changed, revoked; the password is not given to any of them', async () => {
  const key = newHostKey();
  const fake = await fakeServer({ password: 'right', hostKeys: [key] });
  const transport = transportWith({ password: 'right' });
  const unknown = await problemOf(transport.open(serverAt(fake, { hostKeys: [] })));
  expect(unknown.code).toBe('host-key-unknown');
  const other = pinOf(newHostKey());
  const changed = await problemOf(transport.open(serverAt(fake, { hostKeys: [other] })));
  expect(changed.code).toBe('host-key-changed');
  expect(changed.message).toContain(other.fingerprint);
  expect(changed.message).toContain(pinOf(key).fingerprint);
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw parsed;
  const line = `ssh-ed25519 ${parsed.getPublicSSH().toString('base64')}`;
  const known = keyFile('known_hosts');
  writeFileSync(known, `@revoked [127.0.0.1]:${fake.port} ${line}\n`);
  const strict = transportWith({ password: 'right' }, { knownHostsFiles: [known, keyFile('missing')] });
  expect((await problemOf(strict.open(serverAt(fake)))).code).toBe('host-key-revoked');
  expect(fake.passwords).toEqual([]);
  expect(await transport.hostKey(serverAt(fake))).toEqual(pinOf(key));
});

test('a server with several keys is asked for the type that is pinned', async () => {
  const [ed, ecdsa, rsa] = [newHostKey('ed25519'), newHostKey('ecdsa'), newHostKey('rsa')];
  const fake = await fakeServer({ password: 'right', hostKeys: [ed, ecdsa, rsa] });
  for (const key of [ed, ecdsa, rsa]) {
    const session = await transportWith({ password: 'right' }).open(serverAt(fake, { hostKeys: [pinOf(key)] }));
    expect((await session.run('echo in')).stdout).toBe('in\n');
    // Only the fingerprint is known: the types are tried one after the other
    const bare = [{ fingerprint: pinOf(key).fingerprint, type: null }];
    await transportWith({ password: 'right' }).open(serverAt(fake, { hostKeys: bare }));
  }
  const wrong = [{ fingerprint: pinOf(newHostKey()).fingerprint, type: null }];
  const problem = await problemOf(transportWith({ password: 'right' }).open(serverAt(fake, { hostKeys: wrong })));
  expect(problem.code).toBe('host-key-changed');
  expect(problem.message).toContain(pinOf(ed).fingerprint);
});

/** Answers like sudo where sudo itself is not installed; the lab has the real one. */
function sudoIn(name: string, script: string): Readonly<Record<string, string>> {
  const bin = join(directory, name);
  mkdirSync(bin);
  writeFileSync(join(bin, 'sudo'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'sudo'), 0o755);
  return { PATH: `${bin}:/usr/bin:/bin` };
}

const asking = `
while [ "$1" != -- ]; do [ "$1" = -p ] && prompt=$2; shift; done; shift
for try in 1 2 3; do
  printf %s "$prompt" >&2
  word=; while c=$(dd bs=1 count=1 2>/dev/null; echo .); c=\${c%.}; [ -n "$c" ] && [ "$c" != "
" ]; do word=$word$c; done
  [ "$word" = "it's right" ] && exec "$@"
  echo "Sorry, try again." >&2
done
exit 1`;

test.each([
  ['password', 'ask', asking, { sudoPassword: "it's right" }, null],
  ['password', 'ask-wrong', asking, { sudoPassword: 'wrong-7' }, 'sudo-password-wrong'],
  ['password', 'ask-none', asking, {}, 'sudo-password-needed'],
  ['password', 'free', 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"', { sudoPassword: 'secret-8' }, null],
  ['nopasswd', 'free-n', 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"', {}, null],
  ['nopasswd', 'needs', 'echo "sudo: a password is required" >&2; exit 1', {}, 'sudo-password-needed'],
  ['nopasswd', 'tty', 'echo "sudo: sorry, you must have a tty to run sudo" >&2; exit 1', {}, 'sudo-refused'],
  ['password', 'denied', 'echo "u is not in the sudoers file." >&2; exit 1', {}, 'sudo-refused'],
] as const)('sudo %s: %s', async (sudo, name, script, secrets, code) => {
  const fake = await fakeServer({ password: 'right', environment: sudoIn(name, script) });
  const session = await transportWith({ password: 'right', ...secrets }).open(serverAt(fake, { sudo, user: 'u' }));
  const running = session.run('cat; echo done; env | grep -c secret-8');
  if (code === null) expect(await running).toMatchObject({ code: 1, stdout: 'done\n0\n', stderr: '' });
  else {
    const problem = await problemOf(running);
    expect(problem.code).toBe(code);
    expect(JSON.stringify(problem)).not.toMatch(/wrong-7|secret-8/);
  }
  expect(fake.commands.join('\n')).not.toMatch(/right|wrong-7|secret-8/);
});

test('sudo that is not installed', async () => {
  const fake = await fakeServer({ password: 'right', environment: { PATH: '/usr/lib/git-core:/bin:/usr/bin' } });
  const session = await transportWith({ password: 'right' }).open(serverAt(fake, { sudo: 'nopasswd', user: 'u' }));
  expect((await problemOf(session.run('true'))).code).toBe('sudo-missing');
});
