import { existsSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { problemOf, secretsOf, serverAt } from './kit.ts';
import type { Session, Transport } from '../../../electron/transport/api.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import { startFakeServer } from '../../fakes/ssh-server.ts';
import type { FakeServer, FakeServerOptions } from '../../fakes/ssh-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function sessionOn(
  options: FakeServerOptions,
): Promise<{ fake: FakeServer; transport: Transport; session: Session }> {
  const fake = await startFakeServer({ password: 'right', ...options });
  closing.push(() => fake.close());
  const transport = createTransport({ secrets: secretsOf({ password: 'right' }), servers: () => undefined });
  closing.push(() => transport.close());
  return { fake, transport, session: await transport.open(serverAt(fake)) };
}

test('a script has its exit status, and its streams apart, byte for byte', async () => {
  const { session, fake } = await sessionOn({});
  const result = await session.run("printf 'a\\377\\n\\nb'; printf 'x' >&2; exit 7");
  expect(result).toEqual({ code: 7, stdout: 'a\u00ff\n\nb', stderr: 'x' });
  expect(fake.commands).toEqual(['exec env LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin /bin/sh -s']);
});

test.each([
  ['no newline at the end', 'printf abc', 'abc'],
  ['nothing', 'true', ''],
  ['only newlines', "printf '\\n\\n'", '\n\n'],
  ['a comment as the last line', 'echo a # b', 'a\n'],
  ['a backslash as the last character', 'echo a \\', 'a\n'],
  ['set -e', 'set -e; echo a; false; echo b', 'a\n'],
  ['a here-document', "cat <<'END'\n$HOME\nEND\n", '$HOME\n'],
  ['a command that reads its input', 'cat; echo after', 'after\n'],
  ['exec', 'exec echo replaced', 'replaced\n'],
])('%s', async (_name, script, stdout) => {
  const { session } = await sessionOn({});
  expect((await session.run(script)).stdout).toBe(stdout);
});

test('bytes of the script arrive as they are', async () => {
  const { session } = await sessionOn({});
  let bytes = '';
  for (let i = 1; i < 256; i += 1) bytes += String.fromCharCode(i);
  const result = await session.run(`cat <<'END'\n${bytes}\nEND\n`);
  expect(result.stdout).toBe(`${bytes}\n`);
  expect((await problemOf(session.run('echo \u20ac'))).code).toBe('script-not-bytes');
});

test('a large script and a large output pass', async () => {
  const { session } = await sessionOn({});
  const line = `${'y'.repeat(99)}\n`;
  const text = line.repeat(60_000);
  const result = await session.run(`cat <<'END'\n${text}END\n`);
  expect(result.stdout.length).toBe(text.length);
  expect(result.stdout === text).toBe(true);
});

test('environment and locale are ours, whatever the login has', async () => {
  const { session } = await sessionOn({ environment: { LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8' } });
  expect((await session.run('echo "$LC_ALL $PATH"')).stdout).toBe('C /usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin\n');
});

const shells = ['/bin/dash', '/bin/bash', '/bin/tcsh', '/bin/csh', '/usr/bin/fish', '/bin/ksh', '/usr/bin/zsh'];

test.for(shells)('login shell %s', async (shell, { skip }) => {
  if (!existsSync(shell)) return skip('not installed');
  const { session } = await sessionOn({ loginShell: [shell] });
  expect(await session.run('echo "$LC_ALL"; cat; exit 5')).toEqual({ code: 5, stdout: 'C\n', stderr: '' });
});

test('a banner and a chatty profile leave no trace in the output', async () => {
  const { session } = await sessionOn({
    banner: 'AUTHORISED USE ONLY\r\n',
    profile: 'echo welcome; echo "last login" >&2; printf "no newline"',
  });
  expect(await session.run('echo ours; echo theirs >&2')).toEqual({ code: 0, stdout: 'ours\n', stderr: 'theirs\n' });
});

test('a profile that floods does not grow in memory beyond the limit', async () => {
  const { session } = await sessionOn({ profile: 'yes' });
  expect((await problemOf(session.run('true', { maxOutput: 1_000_000 }))).code).toBe('output-too-long');
});

test('a login shell that refuses is named with its words', async () => {
  const { session } = await sessionOn({
    loginShell: ['/bin/sh', '-c', 'echo "This account is not available"; exit 1'],
  });
  const problem = await problemOf(session.run('true'));
  expect(problem.code).toBe('shell-unusable');
  expect(problem.message).toContain('This account is not available');
});

test('the connection dying in the middle of a command is a failure', async () => {
  const { session, fake } = await sessionOn({});
  const lines: string[] = [];
  const running = session.run('echo one; sleep 20; echo two', {
    onLine: line => {
      lines.push(line);
      fake.cut();
    },
  });
  expect((await problemOf(running)).code).toBe('connection-lost');
  expect(lines).toEqual(['one']);
  expect((await problemOf(session.run('true'))).code).toBe('connection-lost');
});

test('the connection dying right after the last byte of output is a failure', async () => {
  const { session } = await sessionOn({
    exec: (channel, _command, socket) => {
      channel.once('data', () => {
        channel.write('anything\n');
        setTimeout(() => socket.destroy(), 20);
      });
    },
  });
  expect((await problemOf(session.run('true'))).code).toBe('connection-lost');
});

test('a channel that ends without an exit status is a failure, even with a complete output', async () => {
  const { session } = await sessionOn({
    exec: channel => {
      let script = '';
      channel.on('data', (data: Buffer) => {
        script += data.toString();
        const [start, end] = [/signet-start-[0-9a-f]+/, /signet-end-[0-9a-f]+/].map(mark => mark.exec(script)?.[0]);
        if (start === undefined || end === undefined) return;
        channel.stderr.write(`${start}\n${end}\n`);
        channel.write(`${start}\nlooks good\n${end} 0\n`, () => channel.end());
      });
    },
  });
  expect((await problemOf(session.run('true'))).code).toBe('connection-lost');
});

test('an exit status without the end of the script is a failure', async () => {
  const { session } = await sessionOn({
    exec: channel => {
      channel.resume();
      channel.on('end', () => {
        channel.exit(0);
        channel.end();
      });
    },
  });
  expect((await problemOf(session.run('true'))).code).toBe('shell-unusable');
});

test('a shell that is killed is a failure', async () => {
  const { session } = await sessionOn({});
  expect((await problemOf(session.run('kill -9 $$'))).code).toBe('command-killed');
});

test('a syntax error is a failure, and nothing of the script has run', async () => {
  const { session } = await sessionOn({});
  const problem = await problemOf(session.run('echo started >&2\nif then fi'));
  expect(problem.code).toBe('command-incomplete');
  expect(problem.message).not.toContain('started');
});

test('a service left in the background does not keep the command open', async () => {
  const { session } = await sessionOn({});
  const started = Date.now();
  expect((await session.run('sleep 18 & echo done')).stdout).toBe('done\n');
  expect(Date.now() - started).toBeLessThan(15_000);
});

test('slow output is waited for as long as some comes', async () => {
  const { session } = await sessionOn({});
  const result = await session.run('for i in 1 2 3 4 5; do echo $i; sleep 0.2; done', { timeoutMs: 600 });
  expect(result.stdout).toBe('1\n2\n3\n4\n5\n');
});

test('silence ends in a timeout', async () => {
  const { session } = await sessionOn({});
  expect((await problemOf(session.run('echo a; sleep 20', { timeoutMs: 300 }))).code).toBe('command-timeout');
  expect((await session.run('echo next')).stdout).toBe('next\n');
});

test('endless output is stopped, and the connection stays', async () => {
  const { session } = await sessionOn({});
  expect((await problemOf(session.run('yes', { maxOutput: 200_000 }))).code).toBe('output-too-long');
  expect((await session.run('echo next')).stdout).toBe('next\n');
});

test('lines are reported as they come, the last one without a newline too', async () => {
  const { session } = await sessionOn({});
  const lines: string[] = [];
  await session.run('printf "a\\nb"; sleep 0.1; printf "c\\n\\nd"', { onLine: line => lines.push(line) });
  expect(lines).toEqual(['a', 'bc', '', 'd']);
});

test('a line is reported as soon as it is complete', async () => {
  const { session } = await sessionOn({});
  const started = Date.now();
  let after = Infinity;
  await session.run('echo a; sleep 2', { onLine: () => (after = Math.min(after, Date.now() - started)) });
  expect(after).toBeLessThan(1500);
});

test('cancelling ends a command, and one that still waits for its turn', async () => {
  const { session } = await sessionOn({});
  const controller = new AbortController();
  const running = session.run('sleep 20', { signal: controller.signal });
  setTimeout(() => controller.abort(), 100);
  expect((await problemOf(running)).code).toBe('cancelled');
  expect((await problemOf(session.run('true', { signal: controller.signal }))).code).toBe('cancelled');
});

test('at most 8 commands at a time on one host, and fewer where sshd allows fewer', async () => {
  const { session, fake } = await sessionOn({ maxSessions: 10 });
  await Promise.all(Array.from({ length: 20 }, () => session.run('sleep 0.1')));
  expect(fake.mostSessions).toBe(8);
  expect(session.roundTrips).toBe(20);
  const small = await sessionOn({ maxSessions: 2 });
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, index) => small.session.run(`sleep 0.05; echo ${index}`)),
  );
  expect(results.map(each => each.stdout)).toEqual(Array.from({ length: 8 }, (_, index) => `${index}\n`));
});
