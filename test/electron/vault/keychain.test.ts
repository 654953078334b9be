import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startKeyring, withoutBus } from '../../tools/keyring.ts';

const run = promisify(execFile);
const child = new URL('keychain-child.ts', import.meta.url).pathname;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-vault-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function ask(env: NodeJS.ProcessEnv, ...calls: readonly (string | readonly [string, string])[]) {
  const list = calls.map(call => (typeof call === 'string' ? [call, ''] : call));
  const asked = JSON.stringify(list.map(([call, argument]) => ({ call, argument })));
  const { stdout } = await run(process.execPath, [child, join(folder, 'home'), asked], { env });
  const results: unknown = JSON.parse(stdout);
  return results;
}

async function inKeyring<T>(
  state: 'locked' | 'none' | 'unlocked',
  work: (env: NodeJS.ProcessEnv) => Promise<T>,
  data = 'keyring',
): Promise<T> {
  const keyring = await startKeyring(state, join(folder, data));
  try {
    return await work(keyring.env);
  } finally {
    await keyring.stop();
  }
}

const code = (value: string) => expect.objectContaining({ code: value });

describe('the keychain vault, on a real gnome-keyring', () => {
  test('keeps secrets and the master key from one process to the next', async () => {
    await inKeyring('unlocked', async env => {
      const results = await ask(env, 'status', 'get', 'set', 'get', 'seal');
      expect(results).toEqual(['ready', null, null, 'geheim ✓', expect.any(String)]);
      const sealed = (results as string[])[4] ?? '';
      expect(await ask(env, ['open', sealed], 'get', 'delete', 'get', 'status')).toEqual([
        'PEM',
        'geheim ✓',
        null,
        null,
        'ready',
      ]);
    });
  });

  test('a locked keychain is locked, not empty: no secret is taken for missing, no new master key is made', async () => {
    const sealed = await inKeyring('unlocked', async env => ((await ask(env, 'set', 'seal')) as string[])[1] ?? '');
    await inKeyring('locked', async env => {
      const locked = code('vault-locked');
      expect(await ask(env, 'status', 'get', 'seal', ['open', sealed], 'set', 'delete', 'renew')).toEqual([
        'locked',
        locked,
        locked,
        locked,
        locked,
        locked,
        locked,
      ]);
    });
    await inKeyring('unlocked', async env => {
      expect(await ask(env, 'get', ['open', sealed])).toEqual(['geheim ✓', 'PEM']);
    });
  });

  test('a new home on a locked keychain is locked, too', async () => {
    await inKeyring('unlocked', env => ask(env, 'set'));
    rmSync(join(folder, 'home'), { recursive: true });
    await inKeyring('locked', async env => expect(await ask(env, 'status')).toEqual(['locked']));
  });

  test('a master key that is gone stays gone until it is renewed', async () => {
    await inKeyring('unlocked', env => ask(env, 'set', 'seal'));
    await inKeyring(
      'unlocked',
      async env => {
        expect(await ask(env, 'status', 'seal', 'status')).toEqual([
          'missing',
          code('vault-master-key-missing'),
          'missing',
        ]);
        expect(await ask(env, 'renew', 'status')).toEqual([null, 'ready']);
      },
      'another keyring',
    );
    await inKeyring('unlocked', async env => {
      expect(await ask(env, 'status', 'seal')).toEqual(['foreign', code('vault-foreign')]);
    });
  });

  test('a session in which nobody ever made a keyring has none to offer', async () => {
    await inKeyring('none', async env => {
      expect(await ask(env, 'status', 'set')).toEqual(['unavailable', code('vault-unavailable')]);
    });
  });

  test('without a session bus it is unavailable, and says what to do', async () => {
    expect(await ask(withoutBus(), 'status', 'seal', 'get')).toEqual([
      'unavailable',
      {
        code: 'vault-unavailable',
        message: expect.stringContaining('D-Bus'),
        hint: expect.stringContaining('SIGNET_VAULT=passphrase'),
      },
      code('vault-unavailable'),
    ]);
  });
});
