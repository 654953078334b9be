import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeyRecord, keyRecord, parseKeyRecord, publishedOf } from '../../../shared/dkim/key-record.ts';
import { keyInfo } from '../../../shared/dkim/public-key.ts';

function rsa(bits: number) {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return {
    spki: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    pkcs1: publicKey.export({ type: 'pkcs1', format: 'der' }).toString('base64'),
  };
}

function ed25519(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
}

const key = rsa(2048);
const other = rsa(1024);
const edKey = ed25519();
const record = keyRecord({ algorithm: 'rsa', publicKey: key.spki });

describe('keyRecord', () => {
  it('writes what DKIM and DomainKeys verifiers both take: no h=', () => {
    expect(record).toBe(`v=DKIM1; k=rsa; p=${key.spki}`);
    expect(keyRecord({ algorithm: 'ed25519', publicKey: edKey, testMode: true })).toBe(
      `v=DKIM1; k=ed25519; t=y; p=${edKey}`,
    );
  });
});

describe('parseKeyRecord', () => {
  it('reads every tag', () => {
    const text = ' v = DKIM1 ;h=sha256: sha1;k=rsa; n=by hand; s=email; t=y:s; x=1; p=AB CD\tEF== ;';
    expect(parseKeyRecord(text)).toMatchObject({
      keyType: 'rsa',
      publicKey: 'ABCDEF==',
      hashes: ['sha256', 'sha1'],
      services: ['email'],
      flags: ['y', 's'],
      notes: 'by hand',
    });
  });
  it.each([
    ['a tag twice', 'v=DKIM1; p=AA; p=BB'],
    ['v= not first', 'p=AA; v=DKIM1'],
    ['another version', 'v=DKIM2; p=AA'],
    ['an escaped semicolon that was published as it is', 'v=DKIM1\\; k=rsa\\; p=AA'],
    ['no p=', 'v=DKIM1; k=rsa'],
    ['an empty tag', 'v=DKIM1;; p=AA'],
    ['not a list', 'hello'],
    ['nothing', ''],
    ['a control character', 'v=DKIM1; p=A\u0000A'],
  ])('refuses %s', (_, text) => {
    expect(parseKeyRecord(text)).toBeNull();
  });
});

describe('compareKeyRecord', () => {
  it.each([
    ['the same', record],
    ['another order, no v=', `p=${key.spki}; k=rsa`],
    ['no k= (rsa is the default)', `v=DKIM1; p=${key.spki}`],
    ['white space inside the key', `v=DKIM1;k=rsa;p=${key.spki.replace(/(.{64})/g, '$1 ')};`],
    ['the key as RSAPublicKey', `v=DKIM1; p=${key.pkcs1}`],
    ['notes, services and unknown tags', `v=DKIM1; n=x; s=*; foo=bar; p=${key.spki}`],
    ['h= with sha256, as opendkim-genkey writes it', `v=DKIM1; h=sha256; k=rsa; p=${key.spki}`],
    ['t=s', `v=DKIM1; t=s; p=${key.spki}`],
  ])('matches %s', (_, served) => {
    expect(compareKeyRecord(record, [served])).toBe('match');
  });
  it.each([
    ['missing', null],
    ['missing', []],
    ['several', [record, record.replace('k=rsa', 'k=rsa; n=2')]],
    ['several', [record, 'v=spf1 -all']],
    ['invalid', ['v=spf1 -all']],
    ['revoked', ['v=DKIM1; p=']],
    ['mismatch', [`v=DKIM1; p=${other.spki}`]],
    ['mismatch', [record.slice(0, -8)]],
    ['mismatch', [`v=DKIM1; k=ed25519; p=${key.spki}`]],
    ['mismatch', [`v=DKIM1; h=sha1; p=${key.spki}`]],
    ['mismatch', [`v=DKIM1; s=other; p=${key.spki}`]],
    ['test-mode', [`v=DKIM1; t=s:y; p=${key.spki}`]],
  ] as const)('says %s', (outcome, served) => {
    expect(compareKeyRecord(record, served)).toBe(outcome);
  });
  it('does not take h= for DomainKeys', () => {
    expect(compareKeyRecord(record, [`v=DKIM1; h=sha256; p=${key.spki}`], 'both')).toBe('mismatch');
    expect(compareKeyRecord(record, [record], 'domainkeys')).toBe('match');
  });
  it('gives the table its word', () => {
    expect(
      ['match', 'test-mode', 'missing', 'revoked', 'several', 'invalid', 'mismatch'].map(c => publishedOf(c as never)),
    ).toEqual(['match', 'match', 'missing', 'mismatch', 'mismatch', 'mismatch', 'mismatch']);
  });
  it('is not fooled, and does not throw, whatever is served', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), served => {
        expect(compareKeyRecord(record, served)).not.toBe('match');
      }),
    );
  });
});

describe('keyInfo', () => {
  it.each([512, 1024, 2048, 4096])('reads the modulus length %d in both encodings', bits => {
    const made = rsa(bits);
    expect(keyInfo(made.spki, undefined)).toMatchObject({ algorithm: 'rsa', bits });
    expect(keyInfo(made.pkcs1, 'rsa')?.identity).toBe(keyInfo(made.spki, 'rsa')?.identity);
  });
  it('reads Ed25519', () => {
    expect(keyInfo(edKey, 'ed25519')).toMatchObject({ algorithm: 'ed25519', bits: 256 });
  });
  it.each([
    ['cut short', key.spki.slice(0, 100), 'rsa'],
    ['an RSA key said to be Ed25519', key.spki, 'ed25519'],
    ['an Ed25519 key said to be RSA', edKey, 'rsa'],
    ['an unknown type', key.spki, 'dsa'],
    ['not base64', 'p@ss', 'rsa'],
    ['empty', '', 'rsa'],
  ])('refuses %s', (_, publicKey, type) => {
    expect(keyInfo(publicKey, type)).toBeNull();
  });
  it('does not throw for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
        expect(() => keyInfo(Buffer.from(bytes).toString('base64'), 'rsa')).not.toThrow();
      }),
    );
  });
});
