import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../../electron/store/store.ts';
import type { Vault } from '../../../electron/vault/api.ts';
import { openVault } from '../../../electron/vault/vault.ts';
import { SignetError } from '../../../shared/problem.ts';
import { temporaryHome } from '../../tools/homes.ts';
import { codeOf } from '../../tools/problem-of.ts';

const binding = { server: 'mx1', domain: 'example.com', selector: 's1' };
const secret = 'correct horse battery staple';

async function inVault<T>(home: string, passphrase: string | null, work: (vault: Vault) => Promise<T>): Promise<T> {
  const store = openStore(home);
  const vault = openVault({ kind: 'passphrase', home, keyCheck: store.keyCheck, passphrase });
  try {
    return await work(vault);
  } finally {
    vault.close();
    store.close();
  }
}

const stateWith = (home: string, passphrase: string | null) =>
  inVault(home, passphrase, async vault => (await vault.status()).state);

describe('the passphrase vault', () => {
  test('keeps secrets and the master key, in a file for its owner only that shows neither', async () => {
    const home = temporaryHome();
    const sealed = await inVault(home, secret, async vault => {
      await Promise.all([vault.set('mx1', 'password', 'geheim ✓'), vault.set('mx1', 'sudoPassword', 'auch')]);
      return (await vault.sealer()).seal('PEM', binding);
    });
    const file = join(home, 'vault.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toMatch(/geheim|auch|mx1|master/);
    expect(readdirSync(home).filter(name => name.startsWith('.'))).toEqual([]);
    await inVault(home, secret, async vault => {
      expect(await vault.password('mx1')).toBe('geheim ✓');
      expect(await vault.sudoPassword('mx1')).toBe('auch');
      expect(await vault.passphrase('mx1')).toBeNull();
      expect(await vault.password('constructor')).toBeNull();
      expect((await vault.sealer()).open(sealed, binding)).toBe('PEM');
      await vault.delete('mx1', 'password');
      expect(await vault.password('mx1')).toBeNull();
      expect(await vault.sudoPassword('mx1')).toBe('auch');
    });
  });

  test('a wrong passphrase and none are told apart, and change nothing', async () => {
    const home = temporaryHome();
    expect(await stateWith(home, null)).toBe('no-passphrase');
    expect(await stateWith(home, '')).toBe('no-passphrase');
    expect(await stateWith(home, secret)).toBe('ready');
    const before = readFileSync(join(home, 'vault.json'));
    expect(await stateWith(home, 'wrong')).toBe('wrong-passphrase');
    expect(await inVault(home, 'wrong', vault => codeOf(() => vault.set('mx1', 'password', 'x')))).toBe(
      'vault-passphrase-wrong',
    );
    expect(await inVault(home, null, vault => codeOf(() => vault.password('mx1')))).toBe('vault-passphrase-needed');
    expect(readFileSync(join(home, 'vault.json'))).toEqual(before);
  });

  test('a passphrase is the same however the keyboard composes its letters', async () => {
    const home = temporaryHome();
    expect(await stateWith(home, 'ge\u0301nie')).toBe('ready');
    expect(await stateWith(home, 'g\u00e9nie')).toBe('ready');
  });

  test('a lost file is missing, never a new master key, until nothing is sealed any more', async () => {
    const home = temporaryHome();
    expect(await stateWith(home, secret)).toBe('ready');
    rmSync(join(home, 'vault.json'));
    expect(await stateWith(home, secret)).toBe('missing');
    expect(readdirSync(home)).not.toContain('vault.json');

    const key = {
      ...binding,
      ref: { secret: 'k1' },
      algorithm: 'rsa',
      bits: 2048,
      publicKey: 'AAAA',
      scheme: 'dkim',
    } as const;
    const store = openStore(home);
    store.keys.put([{ key, sealed: Buffer.from('x') }]);
    const vault = openVault({ kind: 'passphrase', home, keyCheck: store.keyCheck, passphrase: secret });
    expect(await codeOf(() => vault.renew())).toBe('vault-keys-sealed');
    store.keys.erase(['k1']);
    await vault.renew();
    expect(await vault.status()).toEqual({ state: 'ready', problem: null });
    store.close();
  });

  test('the file of another home is foreign', async () => {
    const [home, other] = [temporaryHome(), temporaryHome()];
    expect([await stateWith(home, secret), await stateWith(other, secret)]).toEqual(['ready', 'ready']);
    writeFileSync(join(home, 'vault.json'), readFileSync(join(other, 'vault.json')));
    expect(await stateWith(home, secret)).toBe('foreign');
  });

  test('a home whose keys are sealed in one kind of vault does not begin another', async () => {
    const home = temporaryHome();
    expect(await stateWith(home, secret)).toBe('ready');
    const store = openStore(home);
    const vault = openVault({ kind: 'keychain', home, keyCheck: store.keyCheck });
    const { state, problem } = await vault.status();
    expect([state, problem?.hint]).toEqual(['foreign', expect.stringContaining('SIGNET_VAULT=passphrase')]);
    store.close();
  });

  test('a damaged file is damaged: not wrong, not empty, not overwritten', async () => {
    const home = temporaryHome();
    const file = join(home, 'vault.json');
    expect(await stateWith(home, secret)).toBe('ready');
    const good = readFileSync(file, 'utf8');
    const stored = JSON.parse(good) as { data: string; scrypt: { N: number } };
    const flipped = `${stored.data.startsWith('A') ? 'B' : 'A'}${stored.data.slice(1)}`;
    const broken = [
      JSON.stringify({ ...stored, data: flipped }),
      JSON.stringify({ ...stored, scrypt: { ...stored.scrypt, N: 2 ** 30 } }),
      good.slice(0, 100),
      '',
    ];
    for (const text of broken) {
      writeFileSync(file, text);
      expect(await stateWith(home, secret)).toBe('damaged');
      expect(await inVault(home, secret, vault => codeOf(() => vault.set('mx1', 'password', 'x')))).toBe(
        'vault-damaged',
      );
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  test('to take nothing away, and to find nothing, needs no passphrase and makes no file', async () => {
    const home = temporaryHome();
    await inVault(home, null, async vault => {
      await vault.delete('mx1');
      expect(await vault.password('mx1')).toBeNull();
    });
    expect(readdirSync(home)).not.toContain('vault.json');
  });

  test('what cannot be written is said so, and leaves no half file', async () => {
    const home = join(temporaryHome(), 'gone');
    const keyCheck = { homeId: 'h', get: () => null, set: () => {}, sealedCount: () => 0 };
    const vault = openVault({ kind: 'passphrase', home, keyCheck, passphrase: secret });
    expect(await codeOf(() => vault.set('mx1', 'password', 'x'))).toBe('vault-write-failed');
    expect(await codeOf(() => vault.sealer())).toBe('vault-write-failed');
  });

  test('no secret stands in an error', async () => {
    const home = temporaryHome();
    await stateWith(home, secret);
    const error: unknown = await inVault(home, 'wrong-but-secret', vault => vault.sealer()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SignetError);
    const shown = JSON.stringify(error instanceof SignetError ? [error.problem, error.stack, error.cause] : null);
    expect(shown).not.toContain('wrong-but-secret');
  });
});
