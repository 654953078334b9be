import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeSealer } from '../../../electron/vault/sealed-key.ts';
import { codeOf } from '../../tools/problem-of.ts';

const sealer = makeSealer(randomBytes(32));
const pem = '-----BEGIN PRIVATE KEY-----\nnot really\n-----END PRIVATE KEY-----\n';
const home = { server: 'mx1', domain: 'example.com', selector: 's1' };

describe('a sealed key', () => {
  test('opens where it belongs, and does not show itself', () => {
    const sealed = sealer.seal(pem, home);
    expect(sealed.includes('PRIVATE')).toBe(false);
    expect(sealer.open(sealed, home)).toBe(pem);
    expect(sealer.seal(pem, home).equals(sealed)).toBe(false);
  });

  test.each([
    { ...home, server: 'mx2' },
    { ...home, domain: 'example.net' },
    { ...home, selector: 's2' },
    // the parts do not run into each other
    { server: 'mx1example', domain: '.com', selector: 's1' },
  ])('does not open as %o', async binding => {
    expect(await codeOf(() => sealer.open(sealer.seal(pem, home), binding))).toBe('sealed-key-foreign');
  });

  test('does not open with another master key', async () => {
    const sealed = makeSealer(randomBytes(32)).seal(pem, home);
    expect(await codeOf(() => sealer.open(sealed, home))).toBe('sealed-key-foreign');
  });

  test('any changed, missing or added byte is found', async () => {
    const sealed = sealer.seal(pem, home);
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (position, change) => {
        const broken = Buffer.from(sealed);
        broken[position] = (broken[position] ?? 0) ^ change;
        expect(await codeOf(() => sealer.open(broken, home))).toMatch(/^sealed-key-(foreign|damaged|newer)$/);
        const cut = sealed.subarray(0, position);
        expect(await codeOf(() => sealer.open(cut, home))).toMatch(/^sealed-key-(foreign|damaged)$/);
        const longer = Buffer.concat([sealed, Buffer.of(change)]);
        expect(await codeOf(() => sealer.open(longer, home))).toBe('sealed-key-foreign');
      }),
    );
  });

  test('a newer format is not taken for damage', async () => {
    const newer = sealer.seal(pem, home);
    newer[3] = 2;
    expect(await codeOf(() => sealer.open(newer, home))).toBe('sealed-key-newer');
  });
});
