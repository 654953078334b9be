import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  carriedOver,
  deselect,
  emptySelection,
  isSelected,
  select,
  selectedRows,
  summarize,
  toggle,
} from '../../../../renderer/features/domains/selection.ts';

describe('selection', () => {
  it('counts what is selected and what the filter hides of it', () => {
    const selection = select(emptySelection(10), [1, 2, 3]);
    expect(summarize(selection, Uint32Array.of(2, 3, 4))).toEqual({ selected: 3, hidden: 1, all: false, some: true });
    expect(summarize(selection, Uint32Array.of(2, 3))).toEqual({ selected: 3, hidden: 1, all: true, some: false });
    expect(summarize(selection, Uint32Array.of(7))).toEqual({ selected: 3, hidden: 3, all: false, some: false });
    expect(summarize(emptySelection(0), new Uint32Array(0)).all).toBe(false);
  });

  it('does not change the value it was made from', () => {
    const before = emptySelection(3);
    select(before, [0, 1]);
    expect(before.count).toBe(0);
    expect(isSelected(before, 0)).toBe(false);
  });

  it('ignores rows that are not there', () => {
    expect(select(emptySelection(2), [5]).count).toBe(0);
  });

  it('keeps its count true to its bits, whatever is done', () => {
    const action = fc.tuple(fc.constantFrom('select', 'deselect', 'toggle'), fc.array(fc.nat(30)));
    fc.assert(
      fc.property(fc.array(action), actions => {
        let selection = emptySelection(20);
        const expected = new Set<number>();
        for (const [kind, rows] of actions) {
          if (kind === 'toggle') {
            const position = rows[0] ?? 0;
            selection = toggle(selection, position);
            if (expected.has(position)) expected.delete(position);
            else if (position < 20) expected.add(position);
          } else {
            selection = kind === 'select' ? select(selection, rows) : deselect(selection, rows);
            for (const position of rows.filter(known => known < 20)) {
              if (kind === 'select') expected.add(position);
              else expected.delete(position);
            }
          }
        }
        expect(new Set(selectedRows(selection))).toEqual(expected);
        expect(selection.count).toBe(expected.size);
      }),
    );
  });

  it('follows rows to a new list by domain and server', () => {
    const before = ['a', 'b', 'c'].map(domain => ({ domain, server: 'mx1' }));
    const after = [
      { domain: 'c', server: 'mx1' },
      { domain: 'b', server: 'mx2' },
      { domain: 'a', server: 'mx1' },
    ];
    const selection = carriedOver(select(emptySelection(3), [0, 1]), before, after);
    expect(selectedRows(selection)).toEqual([2]);
    expect(selection.bits).toHaveLength(3);
  });
});
