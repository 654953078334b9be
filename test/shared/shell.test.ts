import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isShellText, shellCommand, shellQuote } from '../../shared/shell.ts';

const bytes = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map(code => String.fromCharCode(code)) });

test('a shell reads back exactly the words', () => {
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 5 }), words => {
      const script = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`;
      const output = execFileSync('/bin/sh', ['-s'], { input: Buffer.from(script, 'latin1') }).toString('latin1');
      expect(output).toBe(words.map(word => `${word}\0`).join(''));
    }),
    { numRuns: 200 },
  );
});

test('NUL and the empty command are refused', () => {
  expect(() => shellQuote('a\0b')).toThrow('NUL');
  expect(() => shellCommand([])).toThrow('no words');
  expect(shellCommand(['echo', "it's"])).toBe(`'echo' 'it'\\''s'`);
  expect(isShellText('\u0001\u00ff')).toBe(true);
  expect(isShellText('\0')).toBe(false);
  expect(isShellText('\u0100')).toBe(false);
});
