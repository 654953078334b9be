import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importSshConfig, parseHop } from '../../../electron/transport/ssh-config.ts';
import type { ImportedServer, ImportResult } from '../../../electron/transport/ssh-config.ts';

const home = mkdtempSync(join(tmpdir(), 'signet-config-'));
mkdirSync(join(home, '.ssh', 'conf.d'), { recursive: true });
afterAll(() => rmSync(home, { recursive: true }));

/** Imports files given by their path below ~/.ssh. */
function importFiles(files: Readonly<Record<string, string>>, patterns?: readonly string[]): Promise<ImportResult> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, '.ssh', name), text);
  const chosen = patterns === undefined ? {} : { patterns };
  return importSshConfig({ home, localUser: 'me', environment: { TEAM: 'ops' }, exists: () => true, ...chosen });
}

function find(result: ImportResult, name: string): ImportedServer {
  const server = result.servers.find(each => each.name === name);
  if (server === undefined) throw new Error(`${name} is not imported: ${JSON.stringify(result)}`);
  return server;
}

test('first match wins, wildcards give defaults and are no servers', async () => {
  const result = await importFiles({
    config: `
# fleet
Host alpha beta
  HostName %h.example
  User root
Host alpha
  User ignored
  Port 2222
Host *.internal !skip.internal
  User inside
Host one.internal skip.internal
Host *
  Port 22022
  IdentityFile ~/.ssh/id_%r
`,
  });
  expect(result.servers.map(each => each.name)).toEqual(['alpha', 'beta', 'one.internal', 'skip.internal']);
  expect(find(result, 'alpha')).toMatchObject({ host: 'alpha.example', user: 'root', port: 2222, jump: null });
  expect(find(result, 'beta')).toMatchObject({
    host: 'beta.example',
    port: 22022,
    login: { method: 'key', identity: join(home, '.ssh/id_root') },
  });
  expect(find(result, 'one.internal').user).toBe('inside');
  expect(find(result, 'skip.internal').user).toBe('me');
  expect(result.notImported).toEqual([]);
});

test('a Match block is named and never run', async () => {
  const proof = join(home, 'ran');
  const result = await importFiles({
    config: `Match exec "touch ${proof}"\n  User evil\nHost a\n  User good\n  ProxyCommand touch ${proof}\nHost b\n  User good\n`,
  });
  expect(result.servers.map(each => [each.name, each.user])).toEqual([['b', 'good']]);
  expect(result.notImported.map(each => each.text)).toEqual([`Match exec touch ${proof}`, 'Host a']);
  expect(() => execFileSync('test', ['!', '-e', proof])).not.toThrow();
});

test('Include: relative, globs in order, below a Host, cycles', async () => {
  const result = await importFiles({
    config: 'Include conf.d/*.conf\nHost a\n  Include only-a\n  Include config\nHost b\nHost late\n  User late\n',
    'conf.d/1.conf': 'Host early\n  User first\n',
    'conf.d/2.conf': 'Host early\n  User second\n  Port 7\n',
    'only-a': 'User from-include\nHost b\n  User never\n',
  });
  expect(find(result, 'early')).toMatchObject({ user: 'first', port: 7 });
  expect(find(result, 'a').user).toBe('from-include');
  expect(find(result, 'b').user).toBe('me');
  expect(result.notImported).toEqual([
    { text: `Include ${join(home, '.ssh/config')}`, reason: 'the file includes itself' },
  ]);
});

test('ProxyJump: a name, a chain, a user and port, a circle', async () => {
  const result = await importFiles({
    config: `
Host bastion
  HostName 192.0.2.1
  User jump
Host inner
  HostName 10.0.0.2
  ProxyJump bastion
Host deep
  ProxyJump bastion,ops@gate.example:2200
Host none
  ProxyJump none
Host round
  ProxyJump trip
Host trip
  ProxyJump round
`,
  });
  expect(find(result, 'inner').jump).toBe('bastion');
  const deep = find(result, 'deep');
  const gate = find(result, deep.jump ?? '');
  expect(gate).toMatchObject({ host: 'gate.example', user: 'ops', port: 2200, jump: 'bastion' });
  expect(find(result, 'none').jump).toBeNull();
  expect(result.servers.map(each => each.name)).not.toContain('round');
  expect(result.notImported.some(each => each.reason.includes('circle'))).toBe(true);
  const order = result.servers.map(each => each.name);
  expect(order.indexOf('bastion')).toBeLessThan(order.indexOf('inner'));
});

test('patterns choose; a name that only a pattern covers can be asked for', async () => {
  const config = 'Host mx1 mx2 ns1\nHost *.corp\n  User corp\nHost *\n  Port 23\n';
  const names = (result: ImportResult): readonly string[] => result.servers.map(each => each.name);
  expect(names(await importFiles({ config }, ['mx*']))).toEqual(['mx1', 'mx2']);
  const corp = await importFiles({ config }, ['mail.corp', 'other']);
  expect(corp.servers).toMatchObject([{ name: 'mail.corp', user: 'corp', port: 23 }]);
  expect(corp.notImported).toEqual([{ text: 'other', reason: 'there is no Host of that name' }]);
});

test('what is broken is said', async () => {
  const broken = await importFiles({ config: 'Host a\n  User "open\n' });
  expect(broken.notImported).toHaveLength(1);
  const port = await importFiles({ config: 'Host a\n  Port 99999\nHost b\n' });
  expect(port.servers.map(each => each.name)).toEqual(['b']);
  expect(port.notImported[0]?.reason).toContain('Port');
  rmSync(join(home, '.ssh/config'));
  expect((await importSshConfig({ home })).notImported).toHaveLength(1);
});

test('hops', () => {
  expect(parseHop('a')).toEqual({ user: null, host: 'a', port: null });
  expect(parseHop('u@a:2')).toEqual({ user: 'u', host: 'a', port: 2 });
  expect(parseHop('ssh://u@[::1]:22')).toEqual({ user: 'u', host: '::1', port: 22 });
  expect(parseHop('')).toBeNull();
});

const real = `
Include ${'conf.d'}/extra
Host web? !web9
  User web
  Port 2201
host = quoted
  hostname="q.example"
  identityfile "~/.ssh/my key"
Host mail
  HostName mail.example.net   # the main one
  IdentityFile ~/.ssh/id_mail
  IdentityFile %d/.ssh/id_%h
  UserKnownHostsFile ~/.ssh/known_a ~/.ssh/known_b
  HostKeyAlias mail-alias
  ProxyJump relay
  IdentityAgent ~/.agent.sock
Host relay
  User r
Host web1 web9 MIXED
  ForwardAgent yes
Host *
  User fallback
  Port 2022
  IdentityFile ~/.ssh/id_all
`;

test.each(['web1', 'web9', 'quoted', 'mail', 'relay', 'MIXED', 'extra'])('as ssh -G sees it: %s', async name => {
  const files = { config: real, 'conf.d/extra': 'Host extra\n  HostName %h.example.org\n  Port 24\n' };
  const ours = find(await importFiles(files), name);
  // ssh takes the home from the password database: the includes are given as absolute paths there, and ~ is its own
  writeFileSync(join(home, 'for-ssh'), real.replace('Include conf.d', `Include ${home}/.ssh/conf.d`));
  const printed = execFileSync('ssh', ['-G', '-F', join(home, 'for-ssh'), name]).toString();
  const theirs = new Map<string, string[]>();
  for (const line of printed.split('\n')) {
    const [key = '', ...rest] = line.split(' ');
    theirs.set(key, [...(theirs.get(key) ?? []), rest.join(' ')]);
  }
  const own = execFileSync('sh', ['-c', 'eval echo ~$(id -un)']).toString().trim();
  const tokens = (path: string): string =>
    path.replace(/^~/, home).replaceAll('%d', home).replaceAll('%h', ours.host).replace(own, home);
  expect([ours.host, String(ours.port), ours.user]).toEqual(
    ['hostname', 'port', 'user'].map(key => theirs.get(key)?.[0]),
  );
  expect(ours.identityFiles).toEqual((theirs.get('identityfile') ?? []).map(tokens));
  expect(ours.jump).toBe(theirs.get('proxyjump')?.[0] ?? null);
  expect(ours.knownHostsName).toBe(theirs.get('hostkeyalias')?.[0] ?? ours.host);
  expect(ours.knownHostsFiles.join(' ')).toBe(theirs.get('userknownhostsfile')?.[0]?.split(' ').map(tokens).join(' '));
});
