/** Lists of filters in main.cf: a word goes in and comes out again, and every other byte is as it was. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addWord, removeWord, wordsOf } from '../../../../electron/drivers/mta/postfix/main-cf.ts';

const name = 'smtpd_milters';
const word = 'inet:127.0.0.1:8891';
const isWord = (text: string) => text === word;

const line = fc.oneof(
  fc.constantFrom(
    '# smtpd_milters = inet:commented:1',
    '',
    '   ',
    'biff = no',
    'mynetworks =',
    '\t127.0.0.0/8',
    ' # in between',
  ),
  fc.constantFrom(
    'smtpd_milters =',
    'smtpd_milters = unix:a/b',
    'smtpd_milters=unix:a,inet:b:1 ',
    'smtpd_milters = { inet:c:2, timeout=1s }',
  ),
);
const files = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
  .map(([lines, end, open]) => lines.map((text, i) => text + (open && i === lines.length - 1 ? '' : end)).join(''));

describe('a word of a list', () => {
  test('is added once, and taken out byte for byte', () => {
    fc.assert(
      fc.property(files, content => {
        const before = wordsOf(content, name) ?? [];
        const added = addWord(content, name, word);
        expect(wordsOf(added, name)).toEqual([...before, word]);
        expect(removeWord(added, name, isWord)).toBe(content);
      }),
      { numRuns: 2000 },
    );
  });

  test('two words come and go in any order', () => {
    fc.assert(
      fc.property(files, fc.boolean(), (content, firstFirst) => {
        const other = 'unix:signet/domainkeys.sock';
        const both = addWord(addWord(content, name, word), name, other);
        const [one, two] = firstFirst ? [word, other] : [other, word];
        const left = removeWord(both, name, text => text === one) ?? '';
        expect(wordsOf(left, name)).toEqual([...(wordsOf(content, name) ?? []), two]);
        expect(removeWord(left, name, text => text === two)).toBe(content);
      }),
      { numRuns: 1000 },
    );
  });

  test('that stands in another parameter is not found', () => {
    expect(removeWord('dkim = inet:127.0.0.1:8891\nsmtpd_milters = $dkim\n', name, isWord)).toBeNull();
  });

  test('of the last setting counts, and its lines go on', () => {
    const content = 'smtpd_milters = inet:old:1\nsmtpd_milters = inet:a:1,\n  # why\n\tinet:b:2\n';
    expect(addWord(content, name, word)).toBe(content.replace('inet:b:2', `inet:b:2, ${word}`));
    expect(removeWord(content, name, text => text === 'inet:a:1')).toBe(
      'smtpd_milters = inet:old:1\nsmtpd_milters =\n  # why\n\tinet:b:2\n',
    );
  });
});
