/** The lines of a grid from top to bottom: rows (positions in the list of rows), and headings of groups. */
export type GridLine =
  | { readonly kind: 'row'; readonly row: number }
  | { readonly kind: 'group'; readonly name: string; readonly rows: Uint32Array };

export interface GridLines {
  readonly length: number;
  at(line: number): GridLine | undefined;
}

/** Lines without headings, in the order of `positions`. */
export function plainLines(positions: Uint32Array): GridLines {
  return {
    length: positions.length,
    at: line => {
      const row = positions[line];
      return row === undefined ? undefined : { kind: 'row', row };
    },
  };
}

/** All rows in their own order. */
export function allLines(length: number): GridLines {
  return { length, at: line => (line >= 0 && line < length ? { kind: 'row', row: line } : undefined) };
}

/** The rows between two lines, both included, in either order. */
export function rowsBetween(lines: GridLines, from: number, to: number): readonly number[] {
  const rows: number[] = [];
  for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) {
    const line = lines.at(at);
    if (line?.kind === 'row') rows.push(line.row);
  }
  return rows;
}
