import { useLayoutEffect, useMemo } from 'react';
import { useDomains } from '../../app/engine.tsx';
import { useNow } from '../../app/now.ts';
import type { GridLines } from '../../components/grid-lines.ts';
import { plainLines } from '../../components/grid-lines.ts';
import { changeSelection, takeRows, useDomainsView } from './domains-view.ts';
import { parseFilter } from './filter.ts';
import { groupedByServer, orderOf, shownRows } from './order.ts';
import { deselect, isSelected, select, summarize } from './selection.ts';

/** The rows that are shown and selected. Each part is computed again only when what it depends on changed. */
export function useDomainTable() {
  const query = useDomains();
  const { filter: text, sort, isGrouped, rows, selection } = useDomainsView();
  // Ages in a filter move by the day; a new "now" every few seconds would filter for nothing.
  const day = Math.floor(useNow() / 3_600_000);
  useLayoutEffect(() => takeRows(query.rows), [query.rows]);

  const filter = useMemo(() => parseFilter(text, day * 3_600_000), [text, day]);
  const order = useMemo(() => orderOf(rows, sort.id), [rows, sort.id]);
  const shown = useMemo(() => shownRows(rows, order, sort.desc, filter.test), [rows, order, sort.desc, filter]);
  const lines = useMemo<GridLines>(() => {
    if (!isGrouped) return plainLines(shown);
    const grouped = groupedByServer(rows, shown);
    return { length: grouped.length, at: line => grouped[line] };
  }, [rows, shown, isGrouped]);
  const summary = useMemo(() => summarize(selection, shown), [selection, shown]);

  return {
    ...query,
    rows,
    filter,
    shown,
    lines,
    selection,
    summary,
    isSelected: (position: number) => isSelected(selection, position),
    toggle: (positions: readonly number[], to?: boolean) =>
      changeSelection(current => {
        const wanted = to ?? !positions.every(position => isSelected(current, position));
        return wanted ? select(current, positions) : deselect(current, positions);
      }),
    toggleAll: () => changeSelection(current => (summary.all ? deselect(current, shown) : select(current, shown))),
  };
}

export type DomainTable = ReturnType<typeof useDomainTable>;
