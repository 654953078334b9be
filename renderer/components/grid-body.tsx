import type { VirtualItem } from '@tanstack/react-virtual';
import type { MouseEvent, ReactNode } from 'react';
import { memo } from 'react';
import type { GridColumn, GridProps } from './grid.tsx';

type LineMouse = (line: number, event: MouseEvent) => void;

interface BodyProps<Row> extends GridProps<Row> {
  readonly items: readonly VirtualItem[];
  readonly total: number;
  readonly active: number;
  readonly onLineClick: LineMouse;
  readonly onCheckClick: LineMouse;
  readonly onLineFocus: (line: number) => void;
}

/** The lines in sight, with empty space for those that are not: the scroll bar is true and few rows are in the document. */
export function GridBody<Row>(props: BodyProps<Row>) {
  const { items, total, selection } = props;
  const span = props.columns.length + (selection ? 1 : 0);
  const content: ReactNode[] = [];
  let end = 0;
  for (const item of items) {
    if (item.start > end) content.push(<Space key={`space ${end}`} height={item.start - end} />);
    content.push(<LineOf key={item.key} {...props} index={item.index} span={span} />);
    end = item.end;
  }
  if (total > end) content.push(<Space key="space after" height={total - end} />);
  return <tbody>{content}</tbody>;
}

function Space({ height }: { readonly height: number }) {
  return <tr aria-hidden="true" style={{ height }} />;
}

function LineOf<Row>(props: BodyProps<Row> & { readonly index: number; readonly span: number }) {
  const { index, rows, selection } = props;
  const line = props.lines.at(index);
  if (!line) return null;
  const isActive = props.active === index;
  if (line.kind === 'group')
    return (
      <tr
        className="grid-group"
        aria-level={props.isTree ? 1 : undefined}
        aria-expanded={props.isTree ? true : undefined}
        aria-rowindex={index + 2}
        data-line={index}
        tabIndex={isActive ? 0 : -1}
        onFocus={() => props.onLineFocus(index)}
      >
        <td colSpan={props.span}>{props.groupTitle?.(line.name, line.rows)}</td>
      </tr>
    );
  const row = rows[line.row];
  if (row === undefined) return null;
  return (
    <MemoRow
      row={row}
      index={index}
      columns={props.columns as readonly GridColumn<unknown>[]}
      className={props.rowClass?.(row) ?? ''}
      label={selection?.rowLabel(row) ?? null}
      isSelected={selection?.isSelected(line.row) ?? false}
      isActive={isActive}
      level={props.isTree ? 2 : undefined}
      isOpen={props.openKey !== null && props.openKey !== undefined && props.rowKey(row) === props.openKey}
      onClick={props.onLineClick}
      onCheck={props.onCheckClick}
      onFocus={props.onLineFocus}
    />
  );
}

interface RowProps {
  readonly row: unknown;
  readonly index: number;
  readonly columns: readonly GridColumn<unknown>[];
  readonly className: string;
  readonly label: string | null;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  readonly level: number | undefined;
  readonly isOpen: boolean;
  readonly onClick: LineMouse;
  readonly onCheck: LineMouse;
  readonly onFocus: (line: number) => void;
}

const MemoRow = memo(function GridRow(props: RowProps) {
  const { index, label } = props;
  return (
    <tr
      className={`grid-row ${props.className} ${props.isOpen ? 'open' : ''}`}
      aria-rowindex={index + 2}
      aria-level={props.level}
      aria-selected={label === null ? undefined : props.isSelected}
      aria-current={props.isOpen ? 'true' : undefined}
      data-line={index}
      tabIndex={props.isActive ? 0 : -1}
      onClick={event => props.onClick(index, event)}
      onFocus={() => props.onFocus(index)}
    >
      {label !== null && (
        <td className="grid-check">
          <input
            type="checkbox"
            aria-label={label}
            checked={props.isSelected}
            tabIndex={-1}
            onClick={event => props.onCheck(index, event)}
            onChange={() => {}}
          />
        </td>
      )}
      {props.columns.map(column => (
        <td key={column.id} className={column.align ?? ''}>
          {column.cell(props.row)}
        </td>
      ))}
    </tr>
  );
});
