import { expect, test } from 'vitest';
import { createMemoryHost, succeeded } from '../../../fakes/memory-host.ts';

function host() {
  return createMemoryHost({
    files: {
      '/etc/a.conf': 'one',
      '/etc/b.conf': { content: 'two', mode: 0o600, owner: 'opendkim', group: 'opendkim' },
      '/etc/.hidden.conf': '',
      '/etc/sub/c.conf': '',
      '/srv/keys': { mode: 0o700, owner: 'opendkim' },
    },
    links: { '/etc/link.conf': 'sub/c.conf', '/l': '/etc' },
    exec: (argv, stdin) => (argv[0] === 'cat' ? succeeded(stdin) : undefined),
  });
}

test('calls of one turn are one round trip', async () => {
  const memory = host();
  const [file, stat, missing, cat] = await Promise.all([
    memory.file('/etc/b.conf'),
    memory.stat('/srv/keys'),
    memory.file('/nowhere'),
    memory.exec(['cat'], { stdin: 'x' }),
  ]);
  expect(memory.roundTrips()).toBe(1);
  expect(file).toMatchObject({ content: 'two', mode: 0o600, owner: 'opendkim' });
  expect(stat).toMatchObject({ type: 'directory', mode: 0o700 });
  expect(missing).toBeNull();
  expect(cat.stdout).toBe('x');
  expect((await memory.exec(['nothing'])).code).toBe(127);
  expect(memory.roundTrips()).toBe(2);
});

test('globs match as a shell does', async () => {
  const memory = host();
  expect(await memory.glob('/etc/*.conf')).toEqual(['/etc/a.conf', '/etc/b.conf', '/etc/link.conf']);
  expect(await memory.glob('/etc/?.conf')).toEqual(['/etc/a.conf', '/etc/b.conf']);
  expect(await memory.glob('/etc/*/*.conf')).toEqual(['/etc/sub/c.conf']);
});

test('links are followed, directories are no files', async () => {
  const memory = host();
  expect(await memory.file('/l/link.conf')).toMatchObject({ path: '/l/link.conf', real: '/etc/sub/c.conf' });
  await expect(memory.file('/etc')).rejects.toMatchObject({ problem: { code: 'file-unreadable' } });
});
