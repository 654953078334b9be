/** signet-milter --check: a configuration and a key table are named with file and line where they are wrong. */
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../../../tools/program.ts';

const program = fileURLToPath(
  new URL('../../../../../electron/drivers/signers/domainkeys/signet-milter', import.meta.url),
);

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-milter-'));
  for (const [name, bits, type] of [
    ['good', 1024, 'pkcs1'],
    ['pkcs8', 1024, 'pkcs8'],
    ['short', 768, 'pkcs1'],
  ] as const) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
    await writeFile(at(name), privateKey.export({ type, format: 'pem' }), { mode: 0o600 });
  }
  await writeFile(at('open'), 'no key');
  await chmod(at('open'), 0o600);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function check(config: string, table: string) {
  await writeFile(at('milter.conf'), config);
  await writeFile(at('key.table'), table.replaceAll('@', folder));
  const { code, stderr } = await runProgram([
    'perl',
    program,
    '--check',
    '--key-table',
    at('key.table'),
    at('milter.conf'),
  ]);
  return { code, said: stderr.replaceAll(`${folder}/`, '') };
}

test('a configuration with every directive, and a table', async () => {
  const config = `# Signet
    listen inet:8892@127.0.0.1
    Sign yes
    Verify No # not yet
    Failing Discard
    Policies domainkeys, dmarc
    InternalNetworks 10.0.0.0/8 2001:db8::/32 192.0.2.1 [2001:db9::]/64
    MinimumKeyBits 1024
    Nameservers 127.0.0.1@5353 ::1@5353
    KeyTable /etc/signet-milter/key.table`;
  const table = '# domain selector key\nExample.com s1 @/good\nexample.org s2.a @/pkcs8\n';
  expect(await check(config, table)).toEqual({ code: 0, said: '' });
  expect(await check('', '')).toEqual({ code: 0, said: '' });
});

test.each([
  ['Sing yes', 'there is no directive Sing'],
  ['Sign', 'not a value of Sign: nothing'],
  ['Sign perhaps', 'not a value of Sign: perhaps'],
  ['Failing discrad', 'not a value of Failing: discrad'],
  ['Policies spf', 'not a value of Policies: spf'],
  ['Policies none dmarc', 'not a value of Policies: none dmarc'],
  ['InternalNetworks 10.0.0.0/33', 'not a value of InternalNetworks: 10.0.0.0/33'],
  ['InternalNetworks localhost', 'not a value of InternalNetworks: localhost'],
  ['Nameservers 127.0.0.1@53 127.0.0.2@54', 'not a value of Nameservers: 127.0.0.1@53 127.0.0.2@54'],
  ['Listen inet:70000@127.0.0.1', 'not a value of Listen: inet:70000@127.0.0.1'],
  ['KeyTable key.table', 'not a value of KeyTable: key.table'],
])('%s', async (line, said) => {
  expect(await check(`Verify yes\n\n${line}\n`, '')).toEqual({ code: 78, said: `milter.conf:3: ${said}\n` });
});

test('all that is wrong is named', async () => {
  expect(await check('Sign yes\nSign no\nX', '')).toEqual({
    code: 78,
    said: 'milter.conf:2: Sign is there twice\nmilter.conf:3: there is no directive X\n',
  });
});

test.each([
  ['example.com s1', 'not DOMAIN SELECTOR /PATH'],
  ['example.com s1 key', 'not DOMAIN SELECTOR /PATH'],
  ['exa$mple.com s1 @/good', 'not a domain and a selector'],
  ['EXAMPLE.net s1 @/good', 'EXAMPLE.net is there twice'],
  ['example.com s1 @/missing', 'missing cannot be read: No such file or directory'],
  ['example.com s1 @/open', 'open is no private RSA key'],
  ['example.com s1 @/short', 'the key has 768 bits, less than MinimumKeyBits'],
])('%s', async (line, said) => {
  const table = `example.net s1 @/good\n${line}\n`;
  expect(await check('', table)).toEqual({ code: 78, said: `key.table:2: ${said}\n` });
});

test('a key that everybody may read', async () => {
  await chmod(at('good'), 0o644);
  try {
    expect(await check('', 'example.com s1 @/good')).toEqual({
      code: 78,
      said: 'key.table:1: everybody may read good\n',
    });
  } finally {
    await chmod(at('good'), 0o600);
  }
});

test('what is not there', async () => {
  const { code, stderr } = await runProgram(['perl', program, '--check', at('none.conf')]);
  expect({ code, stderr }).toEqual({
    code: 78,
    stderr: `${at('none.conf')}:0: cannot be read: No such file or directory\n`,
  });
});

test('it does not serve with a configuration that is wrong', async () => {
  await writeFile(at('milter.conf'), 'Sing yes');
  const { code, stderr } = await runProgram(['perl', program, '--stderr', at('milter.conf')]);
  expect({ code, stderr }).toMatchObject({ code: 78, stderr: expect.stringContaining('there is no directive Sing') });
});

test.runIf(process.getuid?.() === 0)('it does not serve as root', async () => {
  await writeFile(at('milter.conf'), `KeyTable ${at('key.table')}`);
  const { code, stderr } = await runProgram(['perl', program, '--stderr', at('milter.conf')]);
  expect({ code, stderr }).toMatchObject({ code: 78, stderr: expect.stringContaining('not to run as root') });
});
