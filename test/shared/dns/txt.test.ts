import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTxt, isBelow, normalizeName, parseTxt, splitTxt, unescapeToken } from '../../../shared/dns/txt.ts';

const bytes = (max: number) =>
  fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: max }).map(codes => String.fromCharCode(...codes));

describe('TXT data', () => {
  test('is cut into strings of at most 255 bytes', () => {
    expect(splitTxt('')).toEqual(['']);
    expect(splitTxt('a'.repeat(255))).toHaveLength(1);
    expect(splitTxt('a'.repeat(256)).map(s => s.length)).toEqual([255, 1]);
  });

  test('is written with quotes, backslashes and unprintable bytes escaped', () => {
    expect(formatTxt('v=DKIM1; p=a"b\\c')).toBe('"v=DKIM1; p=a\\"b\\\\c"');
    expect(formatTxt('\x00\xc5\n')).toBe('"\\000\\197\\010"');
    expect(formatTxt(`${'a'.repeat(255)}b`)).toBe(`"${'a'.repeat(255)}" "b"`);
  });

  test('refuses what is not a byte string', () => {
    expect(() => formatTxt('ž')).toThrow(RangeError);
  });

  test('is joined without a separator when read', () => {
    expect(parseTxt('"v=DKIM1; " "k=rsa"')).toBe('v=DKIM1; k=rsa');
    expect(parseTxt('"a""b"\tc\\;d ')).toBe('abc;d');
    expect(parseTxt('')).toBe('');
  });

  test.each(['"open', '"a\\', '\\256', '"\\999"', 'a\\'])('%s is no TXT data', text => {
    expect(() => parseTxt(text)).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ code: 'invalid-txt' }) }),
    );
  });

  test('any value is read back as it was written', () => {
    fc.assert(fc.property(bytes(700), value => void expect(parseTxt(formatTxt(value))).toBe(value)));
  });

  test('an escape that ends in a backslash pair is complete', () => {
    expect(unescapeToken('a\\\\')).toBe('a\\');
    expect(unescapeToken('a\\092')).toBe('a\\');
    expect(unescapeToken('a\\092\\')).toBeNull();
  });
});

describe('names', () => {
  test('are lower case without the final dot', () => {
    expect(normalizeName('S1._DomainKey.Example.COM.')).toBe('s1._domainkey.example.com');
    expect(normalizeName('.')).toBe('');
    expect(normalizeName('a\\.')).toBe('a\\.');
    expect(normalizeName('a\\\\.')).toBe('a\\\\');
  });

  test('are below a zone by whole labels', () => {
    expect(isBelow('a.example.com.', 'EXAMPLE.com')).toBe(true);
    expect(isBelow('example.com', 'example.com.')).toBe(true);
    expect(isBelow('notexample.com', 'example.com')).toBe(false);
    expect(isBelow('com', 'example.com')).toBe(false);
    expect(isBelow('anything', '')).toBe(true);
  });
});
