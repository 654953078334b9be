import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupedByServer, orderOf, shownRows } from '../../../../renderer/features/domains/order.ts';
import { key, row, signed } from '../../rows.ts';

const all = () => true;

describe('order', () => {
  it('sorts both ways, and keeps empty cells last', () => {
    const rows = [
      row({ domain: 'none' }),
      signed({ domain: 'strong', keys: [key({ bits: 4096 })] }),
      signed({ domain: 'weak', keys: [key({ bits: 1024 })] }),
    ];
    const order = orderOf(rows, 'key');
    const names = (descending: boolean) =>
      [...shownRows(rows, order, descending, all)].map(position => rows[position]?.domain);
    expect(names(false)).toEqual(['weak', 'strong', 'none']);
    expect(names(true)).toEqual(['strong', 'weak', 'none']);
  });

  it('puts the youngest key first, and unknown ages last', () => {
    const rows = [
      signed({ domain: 'unknown', keys: [key({ selector: 'mail' })] }),
      signed({ domain: 'old', keys: [key({ selector: 'x-202001' })] }),
      signed({ domain: 'new', keys: [key({ selector: 'x-202611' })] }),
    ];
    expect([...orderOf(rows, 'age').positions].map(position => rows[position]?.domain)).toEqual([
      'new',
      'old',
      'unknown',
    ]);
  });

  it('is a stable sort of any list', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('c', 'a', 'b'), fc.string())), pairs => {
        const rows = pairs.map(([server, domain]) => row({ server, domain }));
        const expected = rows
          .map((_, position) => position)
          .sort((a, b) => (rows[a]?.server ?? '').localeCompare(rows[b]?.server ?? '') || a - b);
        expect([...orderOf(rows, 'server').positions]).toEqual(expected);
      }),
    );
  });

  it('shows what the filter accepts', () => {
    const rows = ['a', 'b', 'c'].map(domain => row({ domain }));
    const shown = shownRows(rows, orderOf(rows, 'domain'), true, candidate => candidate.domain !== 'b');
    expect([...shown]).toEqual([2, 0]);
  });

  it('groups by server without losing the order within', () => {
    const rows = [
      row({ server: 'mx2', domain: 'z' }),
      row({ server: 'mx1', domain: 'y' }),
      row({ server: 'mx2', domain: 'x' }),
    ];
    const lines = groupedByServer(rows, Uint32Array.of(2, 1, 0));
    expect(lines.map(line => (line.kind === 'group' ? line.name : rows[line.row]?.domain))).toEqual([
      'mx1',
      'y',
      'mx2',
      'x',
      'z',
    ]);
  });
});
