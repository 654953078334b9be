import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { KeyRequest } from '../../../electron/vault/api.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';

const rsa = (bits: 1024 | 2048 | 4096): KeyRequest => ({ algorithm: 'rsa', bits });
const ed25519: KeyRequest = { algorithm: 'ed25519' };

describe('generateKeys', () => {
  test('makes each key as asked for, in the order of the requests', async () => {
    const requests = [rsa(2048), ed25519, rsa(1024), ed25519, rsa(4096)];
    const seen: number[] = [];
    const keys = await generateKeys(requests, { onKey: index => seen.push(index) });
    expect(keys.map(key => `${key.algorithm} ${key.bits}`)).toEqual([
      'rsa 2048',
      'ed25519 256',
      'rsa 1024',
      'ed25519 256',
      'rsa 4096',
    ]);
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(keys.map(key => key.publicKey)).size).toBe(5);
  });

  test('RSA: PKCS#1, and p= is the SubjectPublicKeyInfo (RFC 6376, 3.6.1)', async () => {
    const [key] = await generateKeys([rsa(2048)]);
    expect(key?.privateKeyPem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    const publicKey = createPublicKey({
      key: Buffer.from(key?.publicKey ?? '', 'base64'),
      format: 'der',
      type: 'spki',
    });
    expect(publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    const signature = sign('sha256', Buffer.from('mail'), key?.privateKeyPem ?? '');
    expect(verify('sha256', Buffer.from('mail'), publicKey, signature)).toBe(true);
  });

  test('Ed25519: PKCS#8, and p= is the 32 bytes of the key (RFC 8463, section 4)', async () => {
    const [key] = await generateKeys([ed25519]);
    expect(key?.privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const bytes = Buffer.from(key?.publicKey ?? '', 'base64');
    expect(bytes).toHaveLength(32);
    const jwk = createPublicKey(createPrivateKey(key?.privateKeyPem ?? '')).export({ format: 'jwk' });
    expect(jwk.x).toBe(bytes.toString('base64url'));
  });

  test('OpenSSL itself reads both and derives the same p=', async () => {
    const keys = await generateKeys([rsa(1024), ed25519]);
    for (const key of keys) {
      const der = execFileSync('openssl', ['pkey', '-pubout', '-outform', 'DER'], { input: key.privateKeyPem });
      const p = key.algorithm === 'rsa' ? der : der.subarray(-32);
      expect(p.toString('base64')).toBe(key.publicKey);
    }
  });

  test('an abort ends it at once, also in the middle of long keys', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let made = 0;
    setTimeout(() => controller.abort(reason), 150);
    const start = performance.now();
    const keys = generateKeys(
      Array.from({ length: 200 }, () => rsa(4096)),
      { signal: controller.signal, onKey: () => (made += 1) },
    );
    await expect(keys).rejects.toBe(reason);
    expect(performance.now() - start).toBeLessThan(10_000);
    const then = made;
    await sleep(300);
    expect(made).toBe(then);
  });

  test('one aborted before makes nothing', async () => {
    await expect(generateKeys([ed25519], { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(await generateKeys([])).toEqual([]);
  });

  test('what cannot be made is a problem, not a hang', async () => {
    const impossible = { algorithm: 'rsa', bits: 1 } as unknown as KeyRequest;
    await expect(generateKeys([impossible])).rejects.toMatchObject({ problem: { code: 'key-generation-failed' } });
  });
});
