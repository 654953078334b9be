/** The DomainKeys milter, asked to check: a configuration and a key table are named with file and line where they are wrong. */
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../../../tools/program.ts';

const program = fileURLToPath(new URL('../../../../../electron/drivers/signers/domainkeys/milter.pl', import.meta.url));

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

async function check(config: string, table: string, how = '--check') {
  await writeFile(at('config'), config);
  await writeFile(at('keytable'), table.replaceAll('@', folder));
  const { code, stderr } = await runProgram(['perl', program, how, at('config'), at('keytable')]);
  return { code, said: stderr.replaceAll(`${folder}/`, '') };
}

test('a configuration with every setting, and a table', async () => {
  const config = `# Signet
    socket inet:8892@127.0.0.1
    Sign yes
    Verify No # not yet
    Failing Discard
    Policies domainkeys, dmarc
    Internal 10.0.0.0/8 2001:db8::/32 192.0.2.1 [2001:db9::]/64
    MinimumBits 1024
    Nameservers 127.0.0.1@5353 ::1@5353
    AuthservId mx.example.com
    KeyTable /etc/signet-domainkeys/keytable`;
  const table = '# domain selector key\nExample.com s1 @/good\nexample.org s2.a @/pkcs8\nexample.org s3 @/good\n';
  expect(await check(config, table)).toEqual({ code: 0, said: '' });
  expect(await check('', '')).toEqual({ code: 0, said: '' });
});

test.each([
  ['Sing yes', 'there is no setting Sing'],
  ['Sign', 'not a value of Sign: nothing'],
  ['Sign perhaps', 'not a value of Sign: perhaps'],
  ['Failing discrad', 'not a value of Failing: discrad'],
  ['Policies spf', 'not a value of Policies: spf'],
  ['Policies none dmarc', 'not a value of Policies: none dmarc'],
  ['Internal 10.0.0.0/33', 'not a value of Internal: 10.0.0.0/33'],
  ['Internal localhost', 'not a value of Internal: localhost'],
  ['Nameservers 127.0.0.1@53 127.0.0.2@54', 'not a value of Nameservers: 127.0.0.1@53 127.0.0.2@54'],
  ['Socket inet:70000@127.0.0.1', 'not a value of Socket: inet:70000@127.0.0.1'],
  ['KeyTable keytable', 'not a value of KeyTable: keytable'],
])('%s', async (line, said) => {
  expect(await check(`Verify yes\n\n${line}\n`, '')).toEqual({ code: 78, said: `config:3: ${said}\n` });
});

test('all that is wrong is named', async () => {
  expect(await check('Sign yes\nSign no\nX', '')).toEqual({
    code: 78,
    said: 'config:2: Sign is there twice\nconfig:3: there is no setting X\n',
  });
});

test.each([
  ['example.com s1', 'not DOMAIN SELECTOR /PATH'],
  ['example.com s1 key', 'not DOMAIN SELECTOR /PATH'],
  ['exa$mple.com s1 @/good', 'not a domain and a selector'],
  ['example.com s1 @/missing', 'missing cannot be read: No such file or directory'],
  ['example.com s1 @/open', 'open is no private RSA key'],
  ['example.com s1 @/short', 'the key has 768 bits, less than MinimumBits'],
])('%s', async (line, said) => {
  const table = `example.net s1 @/good\n${line}\n`;
  expect(await check('', table)).toEqual({ code: 78, said: `keytable:2: ${said}\n` });
});

test('a key that everybody may read', async () => {
  await chmod(at('good'), 0o644);
  try {
    expect(await check('', 'example.com s1 @/good')).toEqual({
      code: 78,
      said: 'keytable:1: everybody may read good\n',
    });
  } finally {
    await chmod(at('good'), 0o600);
  }
});

test('what is not there', async () => {
  const { code, stderr } = await runProgram(['perl', program, '--check', at('none')]);
  expect({ code, stderr }).toEqual({
    code: 78,
    stderr: `${at('none')}:0: cannot be read: No such file or directory\n`,
  });
});

test('the keys are not looked at where they are being put in place', async () => {
  expect(await check('', 'example.com s1 @/missing', '-n')).toEqual({ code: 0, said: '' });
  expect(await check('', 'example.com s1', '-n')).toMatchObject({ code: 78 });
});

test('it does not serve with a configuration that is wrong, and says how it is called', async () => {
  await writeFile(at('config'), 'Sing yes');
  expect(await runProgram(['perl', program, at('config')])).toMatchObject({ code: 78 });
  expect(await runProgram(['perl', program])).toMatchObject({ code: 64, stderr: expect.stringMatching(/^usage:/) });
});

test.runIf(process.getuid?.() === 0)('it does not serve as root', async () => {
  await writeFile(at('keytable'), '');
  await writeFile(at('config'), `KeyTable ${at('keytable')}`);
  const { code, stderr } = await runProgram(['perl', program, at('config')]);
  expect({ code, stderr }).toMatchObject({ code: 78, stderr: expect.stringContaining('not to run as root') });
});
