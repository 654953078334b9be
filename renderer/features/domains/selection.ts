/**
 * Which rows are selected: a bit per row, so that selecting 100,000 rows is one pass. Values are never changed in place.
 * Positions refer to the list of rows that the selection was made for; `carriedOver` takes it to a new list by key.
 */
export interface Selection {
  readonly bits: Uint8Array;
  readonly count: number;
}

export function emptySelection(rows: number): Selection {
  return { bits: new Uint8Array(rows), count: 0 };
}

export function isSelected(selection: Selection, row: number): boolean {
  return selection.bits[row] === 1;
}

function changed(selection: Selection, rows: Iterable<number>, value: 0 | 1): Selection {
  const bits = selection.bits.slice();
  let count = selection.count;
  for (const row of rows) {
    if (bits[row] === undefined || bits[row] === value) continue;
    bits[row] = value;
    count += value === 1 ? 1 : -1;
  }
  return { bits, count };
}

export function select(selection: Selection, rows: Iterable<number>): Selection {
  return changed(selection, rows, 1);
}

export function deselect(selection: Selection, rows: Iterable<number>): Selection {
  return changed(selection, rows, 0);
}

export function toggle(selection: Selection, row: number): Selection {
  return changed(selection, [row], isSelected(selection, row) ? 0 : 1);
}

/** What the heading's checkbox shows. `hidden` are selected rows that the filter does not show. */
export interface SelectionSummary {
  readonly selected: number;
  readonly hidden: number;
  readonly all: boolean;
  readonly some: boolean;
}

export function summarize(selection: Selection, shown: Uint32Array): SelectionSummary {
  let visible = 0;
  for (const row of shown) visible += selection.bits[row] ?? 0;
  return {
    selected: selection.count,
    hidden: selection.count - visible,
    all: shown.length > 0 && visible === shown.length,
    some: visible > 0 && visible < shown.length,
  };
}

export function selectedRows(selection: Selection): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < selection.bits.length; row += 1) if (selection.bits[row] === 1) rows.push(row);
  return rows;
}

/** The same rows in a new list; rows that are gone are no longer selected. */
export function carriedOver(
  selection: Selection,
  before: readonly { readonly domain: string; readonly server: string }[],
  after: readonly { readonly domain: string; readonly server: string }[],
): Selection {
  if (selection.count === 0) return emptySelection(after.length);
  const keys = new Set<string>();
  for (const row of selectedRows(selection)) {
    const { domain, server } = before[row] ?? {};
    keys.add(`${server}\n${domain}`);
  }
  const rows: number[] = [];
  after.forEach((row, index) => {
    if (keys.has(`${row.server}\n${row.domain}`)) rows.push(index);
  });
  return select(emptySelection(after.length), rows);
}
