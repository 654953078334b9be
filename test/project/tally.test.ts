import { describe, expect, test } from 'vitest';
import { closingLine, sum, tallyOf, tallyReport, type VitestReport } from '../../.config/tally.ts';

type File = VitestReport['testResults'][number];

const file = (statuses: readonly string[], more: Partial<File> = {}): File => ({
  name: 'test/some.test.ts',
  status: statuses.includes('failed') ? 'failed' : 'passed',
  message: '',
  assertionResults: statuses.map((status, index) => ({
    fullName: `case ${index}`,
    status,
    failureMessages: status === 'failed' ? ['expected 1 to be 2\n    at line 3'] : [],
  })),
  ...more,
});

const report = (...testResults: readonly File[]): VitestReport => ({
  success: testResults.every(one => one.status === 'passed'),
  testResults,
});

describe('the count of npm test', () => {
  test('adds up, and names what failed', () => {
    const tally = sum([
      tallyOf('types', true),
      tallyOf('lint', false),
      tallyReport('unit', report(file(['passed', 'passed', 'failed', 'skipped', 'todo'])), 1),
    ]);
    expect(tally.failures).toEqual(['lint', 'unit: test/some.test.ts: case 2: expected 1 to be 2']);
    expect(closingLine(tally)).toBe('3 passed, 2 failed, 2 skipped');
  });

  test.each([
    ['there is no report', null, 0],
    ['no test was run', report(), 0],
    ['every test was skipped', report(file(['skipped'])), 0],
    ['a file did not load', report(file(['passed']), file([], { status: 'failed', message: 'no such module' })), 1],
    ['the tests passed and Vitest did not', report(file(['passed'])), 1],
    ['the tests passed and the report says no', { ...report(file(['passed'])), success: false }, 0],
  ] as const)('is red when %s', (_, given, code) => {
    expect(tallyReport('unit', given, code).failures).toHaveLength(1);
  });

  test('is green only for tests that ran and passed', () => {
    expect(tallyReport('unit', report(file(['passed', 'skipped'])), 0)).toEqual({
      passed: 1,
      skipped: 1,
      failures: [],
    });
  });
});
