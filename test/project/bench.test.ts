import { expect, test } from 'vitest';
import { summarize, table } from '../bench/summary.ts';

const run = (value: number, floor: number) => ({
  name: 'keys',
  figures: [
    { work: 'make 40 keys', value, unit: 's', floor },
    { work: 'seal one', value: value * 2, unit: 'ms' },
  ],
});

test('a figure is the median of its runs, its ratio the median of theirs', () => {
  const { figures } = summarize([run(10, 5), run(3, 1), run(4, 4)]);
  expect(figures).toEqual([
    { work: 'make 40 keys', value: 4, unit: 's', floor: 4, ratio: 2 },
    { work: 'seal one', value: 8, unit: 'ms' },
  ]);
});

test('a figure that is missing in a run is an error, not a smaller sample', () => {
  expect(() => summarize([run(1, 1), { name: 'keys', figures: [] }])).toThrow('is not in every run');
});

test('the table shows every figure in a line', () => {
  const lines = table([summarize([run(4, 2)])]).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^keys +make 40 keys +4\.00 +s +2\.00 +2\.00$/);
  expect(lines[2]).toMatch(/^keys +seal one +8\.00 +ms +- +-$/);
});
