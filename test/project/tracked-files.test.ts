/** What may not get into the repository. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let files: readonly { readonly path: string; readonly text: string; readonly size: number }[] = [];

beforeAll(async () => {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], { cwd: root, maxBuffer: 1 << 26 });
  const read = async (path: string) => {
    const at = await stat(join(root, path)).catch(() => null);
    if (!at?.isFile()) return [];
    return [{ path, size: at.size, text: await readFile(join(root, path), 'latin1') }];
  };
  files = (await Promise.all(stdout.split('\0').filter(Boolean).map(read))).flat();
});

const containing = (pattern: RegExp | string): readonly string[] =>
  files
    .filter(({ text }) => (typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)))
    .map(({ path }) => path);

/** A private key with its body; a mere mention of the header is no key. */
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\\nr'"+]+[A-Za-z0-9+/=]{48,}/;

describe('tracked files', () => {
  test('are there', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  test('hold no private key', () => {
    const { privateKey: made } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    expect(made).toMatch(privateKey);
    expect(containing(privateKey)).toEqual([]);
  });

  test('name no path of the machine that they were written on', () => {
    expect(containing(root.replace(/\/$/, ''))).toEqual([]);
    // root's home is a path of every Unix machine
    const home = homedir();
    expect(home === '/root' ? [] : containing(home)).toEqual([]);
  });

  test('are sources: nothing built, nothing installed, nothing large', () => {
    expect(files.filter(({ path }) => /(^|\/)(node_modules|dist|coverage)\//.test(path))).toEqual([]);
    expect(files.filter(({ size }) => size > 1_000_000).map(({ path }) => path)).toEqual([]);
  });
});
