import { describe, expect, test } from 'vitest';
import { expandGenerate } from '../../../../../electron/drivers/kit/zone/generate.ts';
import { canonicalName, parentName, writtenName } from '../../../../../electron/drivers/kit/zone/name.ts';
import { nextSerial, serialIsNewer } from '../../../../../electron/drivers/kit/zone/serial.ts';
import { applySplices } from '../../../../../electron/drivers/kit/zone/splice.ts';
import { parseTtl } from '../../../../../electron/drivers/kit/zone/ttl.ts';

const now = new Date('2026-11-24T23:59:59Z');

describe('the next serial', () => {
  test.each([
    ['date, older', 2024010199, 2026112400],
    ['date, today', 2026112400, 2026112401],
    ['date, today, 99 times', 2026112499, 2026112500],
    ['date, in the future', 2099123199, 2099123200],
    ['unix time', 1614556800, 1795564799],
    ['unix time of this second', 1795564799, 1795564800],
    ['unix time in the future', 1795564805, 1795564806],
    ['counter', 7, 8],
    ['neither date nor time', 3000000000, 3000000001],
    ['no such month', 2024139901, 2024139902],
    ['the last', 4294967295, 1],
  ])('%s: %d', (_, serial, next) => {
    expect(nextSerial(serial, now)).toBe(next);
    expect(serialIsNewer(next, serial)).toBe(true);
  });

  test('is compared around the end (RFC 1982)', () => {
    expect(serialIsNewer(1, 4294967295)).toBe(true);
    expect(serialIsNewer(4294967295, 1)).toBe(false);
    expect(serialIsNewer(5, 5)).toBe(false);
  });
});

describe('names', () => {
  test.each([
    ['@', 'example', 'example'],
    ['.', 'example', ''],
    ['WWW', 'example', 'www.example'],
    ['www.Other.', 'example', 'www.other'],
    ['a\\.b', 'example', 'a\\.b.example'],
    ['\\097\\032', 'example', 'a\\032.example'],
    ['\\@', 'example', '\\@.example'],
    ['a', '', 'a'],
    ['a..b', 'example', null],
    ['a\\300', 'example', null],
    ['', 'example', null],
    ['a\\', 'example', null],
    [`${'a'.repeat(60)}.`.repeat(5), 'example', null],
  ])('%s below "%s" is %s', (token, origin, name) => {
    expect(canonicalName(token, origin)).toBe(name);
  });

  test('are written relative where they can be', () => {
    expect(writtenName('a.b.example', 'example', 'relative')).toBe('a.b');
    expect(writtenName('example', 'example', 'relative')).toBe('@');
    expect(writtenName('a.other', 'example', 'relative')).toBe('a.other.');
    expect(writtenName('a.example', 'example', 'absolute')).toBe('a.example.');
    expect(writtenName('a.b', '', 'relative')).toBe('a.b');
  });

  test('have parents by labels', () => {
    expect(parentName('a\\.b.c')).toBe('c');
    expect(parentName('c')).toBe('');
  });
});

test('TTLs are read with their units', () => {
  expect(['0', '1h30M', '2w', '1d1s'].map(parseTtl)).toEqual([0, 5400, 1209600, 86401]);
  expect(['', 'h', '1h30', '1x', '-1', '4294967296'].map(parseTtl)).toEqual([null, null, null, null, null, null]);
});

describe('$GENERATE', () => {
  test('fills in the number, with offset, width and base', () => {
    expect(expandGenerate('1-5/2', 'h$', '10.0.0.$')).toEqual([
      { owner: 'h1', rdata: '10.0.0.1' },
      { owner: 'h3', rdata: '10.0.0.3' },
      { owner: 'h5', rdata: '10.0.0.5' },
    ]);
    expect(expandGenerate('10-10', '${-2,3}', '${0,4,x}-${0,0,X}-\\$')).toEqual([{ owner: '008', rdata: '000a-A-$' }]);
  });

  test('is not guessed at', () => {
    expect(expandGenerate('5-1', 'h$', 'x')).toBeNull();
    expect(expandGenerate('x', 'h$', 'x')).toBeNull();
    expect(expandGenerate('0-99999999', 'h$', 'x')).toBeNull();
    expect(expandGenerate('1-2', 'h${0,2,z}', 'x')).toBeNull();
  });
});

test('splices keep their order and must not overlap', () => {
  const splices = [
    { start: 3, end: 3, text: 'X' },
    { start: 1, end: 3, text: '' },
    { start: 3, end: 3, text: 'Y' },
  ];
  expect(applySplices('abcdef', splices)).toBe('aXYdef');
  expect(applySplices('abcdef', [...splices, { start: 2, end: 4, text: '' }])).toBeNull();
});
