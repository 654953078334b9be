import { describe, expect, it } from 'vitest';
import {
  ageByStrength,
  coverageFilters,
  coverageKinds,
  coverageOf,
  rotationsDue,
} from '../../../../renderer/features/keys/coverage.ts';
import { keysAsCsv } from '../../../../renderer/features/keys/csv.ts';
import { parseFilter } from '../../../../renderer/features/domains/filter.ts';
import { key, row, signed } from '../../rows.ts';

const now = Date.parse('2026-11-24T00:00:00Z');
const rows = [
  signed({ domain: 'a', server: 'mx10' }),
  signed({ domain: 'b', server: 'mx2', probe: null, keys: [key({ bits: 1024, selector: 'mail' })] }),
  row({ domain: 'c', server: 'mx2' }),
  row({ domain: 'd', server: 'mx2', signing: 'unavailable' }),
  signed({ domain: 'e', server: 'mx2', keys: [key({ selector: 's-202301' })] }),
];

describe('coverageOf', () => {
  it('counts per server, in the order in which people count', () => {
    const { servers, all } = coverageOf(rows);
    expect(servers.map(server => server.server)).toEqual(['mx2', 'mx10']);
    expect(servers[0]).toMatchObject({ total: 4, counts: { proven: 1, unproven: 1, off: 1, 'not-allowed': 1 } });
    expect(all.total).toBe(5);
  });

  it('counts exactly what the filter of each part shows', () => {
    const { all } = coverageOf(rows);
    for (const kind of coverageKinds) {
      const { test } = parseFilter(coverageFilters[kind], now);
      expect(rows.filter(test)).toHaveLength(all.counts[kind]);
    }
  });
});

describe('ageByStrength', () => {
  it('has a cell for each pair that there is, and its filter shows as many rows', () => {
    const cells = ageByStrength(rows, now);
    expect(cells.map(({ strength, age, count }) => [strength, age, count])).toEqual([
      ['weak', 'unknown', 1],
      ['rsa2048', 'new', 1],
      ['rsa2048', 'oldest', 1],
    ]);
    for (const cell of cells) {
      const filter = parseFilter(cell.filter, now);
      expect(filter.unknown).toEqual([]);
      expect(rows.filter(filter.test)).toHaveLength(cell.count);
    }
  });
});

describe('rotationsDue', () => {
  it('counts what mail is signed with, and its filter shows as many rows', () => {
    const unsigned = row({ domain: 'f', keys: [key({ bits: 1024, inUse: false })] });
    const due = rotationsDue([...rows, unsigned], now);
    expect(due.map(({ id, count }) => [id, count])).toEqual([
      ['weak', 1],
      ['old', 1],
    ]);
    for (const { filter, count } of due)
      expect([...rows, unsigned].filter(parseFilter(filter, now).test)).toHaveLength(count);
    expect(rotationsDue([unsigned], now)).toEqual([]);
  });
});

describe('keysAsCsv', () => {
  it('writes a line per key, and one for a domain without', () => {
    const lines = keysAsCsv(
      [row({ domain: 'x' }), signed({ domain: 'y', keys: [key(), key({ inUse: false })] })],
      now,
    ).split('\r\n');
    expect(lines).toHaveLength(5);
    expect(lines[1]).toBe('x,mx1,off,off,,,,,,,');
    expect(lines[2]).toBe('y,mx1,on,proven,mx1-202611,rsa,2048,23,yes,match,yes');
    expect(lines[4]).toBe('');
  });

  it('quotes what needs it and lets nothing become a formula', () => {
    const text = keysAsCsv([signed({ domain: '=HYPERLINK("x")', keys: [key({ selector: 'a,b' })] })], now);
    expect(text).toContain(`"'=HYPERLINK(""x"")"`);
    expect(text).toContain('"a,b"');
  });
});
