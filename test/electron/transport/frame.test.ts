import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader, newMarks } from '../../../electron/transport/frame.ts';

/** Feeds a text in pieces of the given sizes. */
function read(text: string, sizes: readonly number[], marks = newMarks()): { reader: FrameReader; taken: string } {
  let taken = '';
  const reader = new FrameReader(marks, piece => {
    taken += piece;
  });
  let at = 0;
  for (const size of sizes) {
    reader.push(text.slice(at, at + size));
    at += size;
  }
  reader.push(text.slice(at));
  return { reader, taken };
}

test('what stands between the marks comes out, however it is cut into pieces', () => {
  const marks = newMarks();
  // Pieces of the marks themselves are the worst that output can hold
  const piece = fc.constantFrom(
    'a',
    '\n',
    marks.end.slice(0, 20),
    marks.end.slice(0, -1),
    marks.start.slice(3),
    's',
    'signet-end-',
  );
  const body = fc
    .array(piece, { maxLength: 20 })
    .map(pieces => pieces.join(''))
    // all but the last digit of the mark, and then an "a": where that is the digit, it is the mark
    .filter(text => !text.includes(marks.end));
  fc.assert(
    fc.property(body, body, body, fc.array(fc.integer({ min: 0, max: 30 })), (before, inside, after, sizes) => {
      const text = `${before}${marks.start}\n${inside}${marks.end} 42\n${after}`;
      const { reader, taken } = read(text, sizes, marks);
      expect(taken).toBe(inside);
      expect(reader.end).toBe(' 42');
    }),
    { numRuns: 1000 },
  );
});

test('no prefix of an output looks complete', () => {
  const marks = newMarks();
  const text = `noise ${marks.start}\nresult\n${marks.end} 0\n`;
  for (let length = 0; length < text.length; length += 1)
    expect(read(text.slice(0, length), [], marks).reader.end).toBeNull();
  expect(read(text, [], marks).reader.end).toBe(' 0');
});

test('a complete line is given on at once, and noise before the start is not kept', () => {
  const marks = newMarks();
  const { reader, taken } = read(`${'x'.repeat(1_000_000)}${marks.start}\nline\n`, [], marks);
  expect(taken).toBe('line\n');
  expect(reader.before.length).toBeLessThanOrEqual(2000);
});
