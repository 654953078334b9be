/**
 * The grid of all lists: a native table with the keyboard of a grid (one row has the focus, arrows move it) that draws only
 * the rows that are in sight. TanStack Table is the model of columns, visibility and sorting; rows come by position, so
 * that 100,000 of them cost nothing before they are drawn.
 */
import { columnVisibilityFeature, rowSortingFeature, tableFeatures, useTable } from '@tanstack/react-table';
import type { ColumnDef } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import { useMemo, useRef } from 'react';
import { GridBody } from './grid-body.tsx';
import type { GridLines } from './grid-lines.ts';
import { Icon } from './icon.tsx';
import { useGridKeys } from './use-grid-keys.ts';
import { useGridWindow } from './use-grid-window.ts';
import './grid.css';

export interface GridColumn<Row> {
  readonly id: string;
  readonly title: string;
  /** In rem; a column without one takes what is left, at least `least`. */
  readonly width?: number;
  readonly least?: number;
  readonly isSortable?: boolean;
  readonly align?: 'end';
  readonly cell: (row: Row) => ReactNode;
}

export interface GridSort {
  readonly id: string;
  readonly desc: boolean;
}

export interface GridSelection<Row> {
  readonly isSelected: (position: number) => boolean;
  readonly toggle: (positions: readonly number[], to?: boolean) => void;
  readonly toggleAll: () => void;
  readonly all: boolean;
  readonly some: boolean;
  readonly allLabel: string;
  readonly rowLabel: (row: Row) => string;
}

export interface GridProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly lines: GridLines;
  readonly columns: readonly GridColumn<Row>[];
  readonly hidden?: Readonly<Record<string, boolean>>;
  readonly rowKey: (row: Row) => string;
  readonly rowClass?: (row: Row) => string;
  readonly groupTitle?: (name: string, positions: Uint32Array) => ReactNode;
  /** Rows belong to the heading above them: told as a tree with two levels. */
  readonly isTree?: boolean;
  /** Moving to a row opens it. */
  readonly opensOnMove?: boolean;
  readonly sort?: GridSort | null;
  readonly onSort?: (sort: GridSort) => void;
  readonly selection?: GridSelection<Row>;
  readonly openKey?: string | null;
  readonly onOpen?: (row: Row) => void;
  readonly empty?: ReactNode;
}

const features = tableFeatures({ columnVisibilityFeature, rowSortingFeature });
const noRows: never[] = [];
const shownAll = {};
const leastWidth = 12;

/** The column definitions of TanStack Table for our columns. */
function definitions<Row>(columns: readonly GridColumn<Row>[]): ColumnDef<typeof features, never>[] {
  return columns.map(column => ({
    id: column.id,
    header: column.title,
    accessorFn: () => null,
    enableSorting: column.isSortable ?? false,
    sortDescFirst: false,
  }));
}

export function Grid<Row>(props: GridProps<Row>) {
  const { columns, sort, selection, lines } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const table = useTable({
    features,
    data: noRows,
    columns: useMemo(() => definitions(columns), [columns]),
    manualSorting: true,
    enableSortingRemoval: false,
    state: { sorting: sort ? [sort] : [], columnVisibility: props.hidden ?? shownAll },
    onSortingChange: updater => {
      const next = typeof updater === 'function' ? updater(sort ? [sort] : []) : updater;
      if (next[0]) props.onSort?.(next[0]);
    },
  });
  const byId = useMemo(() => new Map(columns.map(column => [column.id, column])), [columns]);
  const headers = table.getHeaderGroups()[0]?.headers ?? [];
  const visible = headers.flatMap(header => byId.get(header.column.id) ?? []);
  const visibleIds = visible.map(column => column.id).join(' ');
  // The identity is kept while the same columns are shown, so that rows need not be drawn again.
  // oxlint-disable-next-line react/exhaustive-deps -- `visible` is new each time; its ids and the definitions say all
  const shownColumns = useMemo(() => visible, [visibleIds, columns]);
  const { virtualizer, rowHeight, setKept } = useGridWindow(scroller, lines.length);
  const keys = useGridKeys({ ...props, scroller, virtualizer, rowHeight, setKept });
  const minimum = shownColumns.reduce(
    (sum, column) => sum + (column.width ?? column.least ?? leastWidth),
    selection ? 2.25 : 0,
  );

  return (
    <div className="grid-scroller" ref={scroller}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- its role is grid, which is a widget */}
      <table
        role={props.isTree ? 'treegrid' : 'grid'}
        className="grid"
        aria-label={props.label}
        aria-rowcount={lines.length + 1}
        aria-colcount={shownColumns.length + (selection ? 1 : 0)}
        aria-multiselectable={selection ? true : undefined}
        style={{ minWidth: `${minimum}rem` }}
        onKeyDown={keys.onKeyDown}
      >
        <colgroup>
          {selection && <col className="grid-check-column" />}
          {shownColumns.map(column => (
            <col key={column.id} style={column.width ? { width: `${column.width}rem` } : {}} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {selection && (
              <th scope="col" className="grid-check">
                <input
                  type="checkbox"
                  aria-label={selection.allLabel}
                  checked={selection.all}
                  disabled={lines.length === 0}
                  ref={box => {
                    if (box) box.indeterminate = selection.some && !selection.all;
                  }}
                  onChange={selection.toggleAll}
                />
              </th>
            )}
            {headers.map(header => (
              <HeaderCell
                key={header.id}
                title={byId.get(header.column.id)?.title ?? ''}
                align={byId.get(header.column.id)?.align}
                sorted={header.column.getIsSorted()}
                onSort={header.column.getCanSort() ? () => header.column.toggleSorting() : null}
              />
            ))}
          </tr>
        </thead>
        <GridBody
          {...props}
          columns={shownColumns}
          items={virtualizer.getVirtualItems()}
          total={virtualizer.getTotalSize()}
          active={keys.active}
          onLineClick={keys.onLineClick}
          onCheckClick={keys.onCheckClick}
          onLineFocus={keys.onLineFocus}
        />
      </table>
      {lines.length === 0 && <div className="grid-empty">{props.empty}</div>}
    </div>
  );
}

function HeaderCell(props: {
  readonly title: string;
  readonly align: 'end' | undefined;
  readonly sorted: false | 'asc' | 'desc';
  readonly onSort: (() => void) | null;
}) {
  const direction = props.sorted === 'asc' ? 'ascending' : 'descending';
  return (
    <th
      scope="col"
      className={props.align ?? ''}
      aria-sort={props.onSort ? (props.sorted ? direction : 'none') : undefined}
    >
      {props.onSort ? (
        <button type="button" className="grid-sort" onClick={props.onSort}>
          <span>{props.title}</span>
          {props.sorted && <Icon name={props.sorted === 'asc' ? 'up' : 'down'} />}
        </button>
      ) : (
        <span className="grid-title">{props.title}</span>
      )}
    </th>
  );
}
