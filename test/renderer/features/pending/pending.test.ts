import { describe, expect, it } from 'vitest';
import { diffLines } from '../../../../renderer/components/diff-lines.ts';
import {
  groupPending,
  isLater,
  planNumbers,
  stalePending,
} from '../../../../renderer/features/pending/pending-model.ts';
import { change, pendingRow, plan, problem, runRecord } from '../../rows.ts';

describe('groupPending', () => {
  it('groups by server and orders by domain', () => {
    const pending = [
      pendingRow({ id: '1', server: 'mx2', domain: 'b' }),
      pendingRow({ id: '2', server: 'mx1', domain: 'z' }),
      pendingRow({ id: '3', server: 'mx2', domain: 'a' }),
    ];
    expect(groupPending(pending)).toEqual([
      { server: 'mx1', rows: [1] },
      { server: 'mx2', rows: [2, 0] },
    ]);
  });
});

describe('isLater', () => {
  it('is so until the moment has come', () => {
    const due = pendingRow({ notBefore: '2026-11-24T06:00:00.000Z' });
    expect(isLater(due, Date.parse('2026-11-24T05:59:59Z'))).toBe(true);
    expect(isLater(due, Date.parse('2026-11-24T06:00:00Z'))).toBe(false);
    expect(isLater(pendingRow(), 0)).toBe(false);
  });
});

describe('stalePending', () => {
  const stale = runRecord([change()], {
    changes: [
      {
        id: 'install@mx1',
        state: 'stale',
        domains: [],
        pending: ['p1', 'p2'],
        finishedAt: '2026-11-24T06:00:00.000Z',
        problem: problem(),
      },
    ],
  });
  it('marks what the last run found stale, until the server is scanned again', () => {
    expect([...stalePending(stale, new Map([['mx1', '2026-11-24T05:00:00.000Z']])).keys()]).toEqual(['p1', 'p2']);
    expect(stalePending(stale, new Map([['mx1', '2026-11-24T07:00:00.000Z']])).size).toBe(0);
    expect(stalePending(undefined, new Map()).size).toBe(0);
  });
});

describe('planNumbers', () => {
  it('counts, and tells what can be acknowledged from what cannot', () => {
    const numbers = planNumbers(
      plan(
        [
          change(),
          change({ id: 'publish@mx1', phase: 'publish' }),
          change({ id: 'install@mx2', server: 'mx2', domains: ['b', 'c'] }),
        ],
        [
          problem({ code: 'a', severity: 'stop', overridable: true }),
          problem({ code: 'a', severity: 'stop', overridable: true }),
          problem({ code: 'b', severity: 'stop' }),
          problem({ code: 'c' }),
        ],
      ),
    );
    expect(numbers).toMatchObject({ servers: 2, domains: 3, changes: 3 });
    expect(numbers.toAcknowledge.map(({ code, problems }) => [code, problems.length])).toEqual([['a', 2]]);
    expect(numbers.blocking.map(({ code }) => code)).toEqual(['b']);
    expect(numbers.others.map(({ code }) => code)).toEqual(['c']);
  });
});

describe('diffLines', () => {
  it('numbers the lines of both files over several hunks', () => {
    const lines = diffLines(
      '--- a\n+++ b\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n@@ -10 +10,2 @@ context\n ten\n+eleven\n\\ No newline at end of file\n',
    );
    expect(lines).toEqual([
      { kind: 'hunk', text: '@@ -1,2 +1,2 @@' },
      { kind: 'same', before: 1, after: 1, text: 'one' },
      { kind: 'removed', before: 2, after: null, text: 'two' },
      { kind: 'added', before: null, after: 2, text: '2' },
      { kind: 'hunk', text: '@@ -10 +10,2 @@ context' },
      { kind: 'same', before: 10, after: 10, text: 'ten' },
      { kind: 'added', before: null, after: 11, text: 'eleven' },
    ]);
  });

  it('takes lines that look like headers for what they are within a hunk', () => {
    expect(diffLines('--- a\n+++ b\n@@ -1 +1 @@\n--- x\n+++ y')).toEqual([
      { kind: 'hunk', text: '@@ -1 +1 @@' },
      { kind: 'removed', before: 1, after: null, text: '-- x' },
      { kind: 'added', before: null, after: 1, text: '++ y' },
    ]);
  });
});
