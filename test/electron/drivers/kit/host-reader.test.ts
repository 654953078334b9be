import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHostReader } from '../../../../electron/drivers/kit/host-reader.ts';
import { SignetError } from '../../../../shared/problem.ts';
import { LocalSession } from '../../../fakes/local-session.ts';

const directory = mkdtempSync(join(tmpdir(), 'signet-reader-'));
const at = (name: string): string => join(directory, name);
const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof SignetError) return error.problem.code;
  throw new Error('expected a SignetError', { cause: error });
}

/** Names as they stand on a disk, without "/", newline and NUL. */
const oddNames = [
  'a b',
  "it's",
  '$(id)',
  '`id`',
  'back\\slash',
  '*',
  '-rf',
  '"',
  'ž'.normalize('NFC'),
  ';&|<>',
  ' ',
  'tab\there',
  '!x',
];

beforeAll(() => {
  for (const name of oddNames) writeFileSync(at(name), `content of ${name}`);
  writeFileSync(at('binary'), bytes);
  writeFileSync(at('empty'), '');
  writeFileSync(at('no-newline'), 'abc');
  writeFileSync(at('newlines'), '\n\n\n');
  chmodSync(at('binary'), 0o640);
  mkdirSync(at('folder'));
  symlinkSync('binary', at('link'));
  symlinkSync('link', at('link-to-link'));
  symlinkSync('nowhere', at('dangling'));
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 16 * 1024 * 1024 + 1);
  writeFileSync(at('large'), '');
  truncateSync(at('large'), 16 * 1024 * 1024);
  mkdirSync(at('many'));
  for (let i = 0; i < 1200; i += 1) writeFileSync(at(`many/file ${i}.zone`), `number ${i}\n`.repeat(i % 7));
});
afterAll(() => rmSync(directory, { recursive: true }));

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

describe.each([
  ['dash with GNU tools', ['/bin/dash']],
  ['bash', ['/bin/bash', '--posix']],
  ['BusyBox', ['busybox', 'sh']],
])('%s', (_name, shell) => {
  test('the first look', async () => {
    const session = new LocalSession(shell);
    const reader = await createHostReader(session);
    expect(session.roundTrips).toBe(1);
    expect(reader.host.hostname).not.toBe('');
    expect(Math.abs(reader.host.clock.server - reader.host.clock.laptop)).toBeLessThan(5);
    expect(reader.host.os.id).toMatch(/^[a-z]+$/);
  });

  test('files: bytes, mode, owner, hash, link, missing', async () => {
    const reader = await createHostReader(new LocalSession(shell));
    const names = ['binary', 'empty', 'no-newline', 'newlines', 'link', 'link-to-link', 'dangling', 'missing', 'large'];
    const [binary, empty, open, newlines, link, twice, dangling, missing, large] = await Promise.all(
      names.map(name => reader.file(at(name))),
    );
    expect(binary).toEqual({
      path: at('binary'),
      real: at('binary'),
      mode: 0o640,
      owner: userInfo().username,
      group: expect.stringMatching(/./),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      content: bytes.toString('latin1'),
    });
    expect([empty?.content, open?.content, newlines?.content]).toEqual(['', 'abc', '\n\n\n']);
    expect([link?.path, link?.real, twice?.real]).toEqual([at('link'), at('binary'), at('binary')]);
    expect([dangling, missing]).toEqual([null, null]);
    expect(large?.content.length).toBe(16 * 1024 * 1024);
  });

  test('what cannot be read has its own code, and spoils nothing else', async () => {
    const reader = await createHostReader(new LocalSession(shell));
    const outcomes = [
      codeOf(reader.file(at('folder'))),
      codeOf(reader.file(at('huge'))),
      codeOf(reader.file('/dev/null')),
      codeOf(reader.file('relative')),
      codeOf(reader.file('/a\nb')),
      codeOf(reader.file('/a\0b')),
      reader.file(at('binary')).then(fact => fact?.content.length),
    ];
    expect(await Promise.all(outcomes)).toEqual([
      'not-a-file',
      'file-too-long',
      'not-a-file',
      'path-unusual',
      'path-unusual',
      'path-unusual',
      256,
    ]);
  });

  test('paths with blanks and metacharacters', async () => {
    const reader = await createHostReader(new LocalSession(shell));
    const facts = await Promise.all(oddNames.map(name => reader.file(latin1(at(name)))));
    expect(facts.map(fact => fact?.content)).toEqual(oddNames.map(name => latin1(`content of ${name}`)));
  });

  test('stat', async () => {
    const reader = await createHostReader(new LocalSession(shell));
    const [folder, link, missing, device] = await Promise.all(
      [at('folder'), at('link'), at('missing'), '/dev/null'].map(path => reader.stat(path)),
    );
    expect([folder?.type, link?.type, missing, device?.type]).toEqual(['directory', 'file', null, 'other']);
    expect(link?.mode).toBe(0o640);
  });

  test('glob: only * and ? are special', async () => {
    const reader = await createHostReader(new LocalSession(shell));
    const [many, one, none, quoted, odd] = await Promise.all([
      reader.glob(at('many/file 1?.zone')),
      reader.glob(at('no-n?wline')),
      reader.glob(at('nothing*')),
      reader.glob(at('[n]o-newline')),
      reader.glob(at('$(*')),
    ]);
    expect(many).toEqual(Array.from({ length: 10 }, (_, index) => at(`many/file ${10 + index}.zone`)));
    expect(one).toEqual([at('no-newline')]);
    expect([none, quoted]).toEqual([[], []]);
    expect(odd).toEqual([at('$(id)')]);
  });

  test('commands: status, streams apart, input, not installed', async () => {
    const session = new LocalSession(shell);
    const reader = await createHostReader(session);
    const results = await Promise.all([
      reader.exec(['sh', '-c', 'printf out; printf err >&2; exit 3']),
      reader.exec(['cat'], { stdin: 'in\u00ff without newline' }),
      reader.exec(['cat']),
      reader.exec(['no-such-command']),
      reader.exec(['printf', '%s', "it's $HOME"]),
    ]);
    expect(results.slice(0, 3)).toEqual([
      { code: 3, stdout: 'out', stderr: 'err' },
      { code: 0, stdout: 'in\u00ff without newline', stderr: '' },
      { code: 0, stdout: '', stderr: '' },
    ]);
    expect(results[3]?.code).toBe(127);
    expect(results[4]?.stdout).toBe("it's $HOME");
    expect(session.roundTrips).toBe(2);
  });

  test('5 files and 1200 files take the same number of round trips', async () => {
    const trips = async (count: number): Promise<number> => {
      const session = new LocalSession(shell);
      const reader = await createHostReader(session);
      const names = Array.from({ length: count }, (_, index) => index);
      const facts = await Promise.all(names.map(index => reader.file(at(`many/file ${index}.zone`))));
      facts.forEach((fact, index) => expect(fact?.content).toBe(`number ${index}\n`.repeat(index % 7)));
      return session.roundTrips;
    };
    expect([await trips(5), await trips(1200)]).toEqual([2, 2]);
  });

  test('a file that changes while it is read is read again, alone; what follows it is not harmed', async () => {
    const write = `sha256sum() { command sha256sum "$@"; sed -i 1s/^/x/ '${at('many/file 1.zone')}'; }`;
    const session = new LocalSession(shell, write);
    const reader = await createHostReader(session);
    const [changing, after] = await Promise.allSettled([
      reader.file(at('many/file 1.zone')),
      reader.file(at('many/file 2.zone')),
    ]);
    expect(changing).toMatchObject({ status: 'rejected', reason: { problem: { code: 'file-changing' } } });
    expect(after).toMatchObject({ status: 'fulfilled', value: { content: 'number 2\nnumber 2\n' } });
    expect(session.roundTrips).toBe(3);
    writeFileSync(at('many/file 1.zone'), 'number 1\n');
  });
});

test('files whose size the kernel does not tell are read too', async () => {
  const reader = await createHostReader(new LocalSession());
  const [version, file] = await Promise.all([reader.file('/proc/version'), reader.file(at('binary'))]);
  expect(version?.content).toContain('Linux');
  expect(file?.content.length).toBe(256);
});

test('the same question is asked once', async () => {
  const session = new LocalSession();
  const reader = await createHostReader(session);
  const [first, second] = await Promise.all([reader.file(at('binary')), reader.file(at('binary'))]);
  expect(first).toBe(second);
  expect(await reader.file(at('binary'))).toBe(first);
  await reader.exec(['date', '+%N']);
  await reader.exec(['date', '+%N']);
  expect(session.roundTrips).toBe(3);
});

test('depth of questions, not their number, is the number of round trips', async () => {
  const session = new LocalSession();
  const reader = await createHostReader(session);
  const paths = await reader.glob(at('many/*.zone'));
  expect(paths).toHaveLength(1200);
  await Promise.all([
    ...paths.map(path => reader.file(path)),
    ...paths.map(path => reader.stat(path)),
    reader.exec(['true']),
  ]);
  expect(session.roundTrips).toBe(3);
});

test('one failing round trip rejects all that travelled in it', async () => {
  const session = new LocalSession();
  const reader = await createHostReader(session);
  session.run = () => Promise.reject(new Error('gone'));
  const results = await Promise.allSettled([reader.file(at('binary')), reader.glob(at('*')), reader.exec(['true'])]);
  expect(results.map(each => each.status)).toEqual(['rejected', 'rejected', 'rejected']);
});

test('a server that cannot be read is refused at once', async () => {
  expect(await codeOf(createHostReader(new LocalSession(['/bin/sh'], 'id() { echo 1000; }')))).toBe('not-root');
  const hidden = 'command() { [ "$2" != sha256sum ]; }';
  expect(await codeOf(createHostReader(new LocalSession(['/bin/sh'], hidden)))).toBe('server-tools-missing');
});

test('arguments and input arrive byte for byte', async () => {
  const reader = await createHostReader(new LocalSession());
  const text = fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map(code => String.fromCharCode(code)),
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(text, text, async (word, stdin) => {
      const [echoed, copied] = await Promise.all([
        reader.exec(['printf', '%s', word]),
        reader.exec(['cat'], { stdin }),
      ]);
      expect(echoed.stdout).toBe(word);
      expect(copied.stdout).toBe(stdin);
    }),
    { numRuns: 40 },
  );
});
