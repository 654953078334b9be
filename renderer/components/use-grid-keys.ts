import type { Virtualizer } from '@tanstack/react-virtual';
import type { KeyboardEvent, MouseEvent, RefObject } from 'react';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { GridProps } from './grid.tsx';
import { rowsBetween } from './grid-lines.ts';

type Options<Row> = GridProps<Row> & {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly virtualizer: Virtualizer<HTMLDivElement, HTMLTableRowElement>;
  readonly setKept: (line: number) => void;
  readonly rowHeight: number;
};

function target(event: KeyboardEvent, at: number, last: number, page: number): number | null {
  switch (event.key) {
    case 'ArrowDown':
      return at + 1;
    case 'ArrowUp':
      return at - 1;
    case 'PageDown':
      return at + page;
    case 'PageUp':
      return at - page;
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}

/**
 * Keyboard and mouse of a grid: arrows move the focus, Space selects, Shift extends from where one last selected,
 * Ctrl/Cmd+A selects all, Enter opens. One row is in the tab order at a time.
 */
export function useGridKeys<Row>(options: Options<Row>) {
  const [active, setActive] = useState(0);
  const anchor = useRef(0);
  const moveFocus = useRef(false);
  const latest = useRef(options);
  useLayoutEffect(() => {
    latest.current = options;
  });
  const { lines, scroller } = options;
  const current = Math.min(active, Math.max(0, lines.length - 1));

  useEffect(() => {
    if (!moveFocus.current) return;
    moveFocus.current = false;
    scroller.current?.querySelector<HTMLElement>(`[data-line="${current}"]`)?.focus({ preventScroll: true });
  });

  const activate = useCallback((line: number) => {
    latest.current.setKept(line);
    setActive(line);
  }, []);

  const setRange = (to: number) => {
    const { selection } = latest.current;
    selection?.toggle(rowsBetween(latest.current.lines, anchor.current, to), true);
  };

  const toggleLine = (at: number) => {
    const line = latest.current.lines.at(at);
    const { selection } = latest.current;
    if (!line || !selection) return;
    if (line.kind === 'row') selection.toggle([line.row]);
    else {
      const rows = [...line.rows];
      selection.toggle(rows, !rows.every(row => selection.isSelected(row)));
    }
    anchor.current = at;
  };

  const openLine = (at: number) => {
    const line = latest.current.lines.at(at);
    const row = line?.kind === 'row' ? latest.current.rows[line.row] : undefined;
    if (row !== undefined) latest.current.onOpen?.(row);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const { selection, virtualizer, rowHeight } = latest.current;
    if (!(event.target instanceof HTMLElement) || !event.target.closest('tbody')) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2);
    const wanted = target(event, current, lines.length - 1, page);
    if (wanted !== null && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const next = Math.max(0, Math.min(lines.length - 1, wanted));
      if (event.shiftKey) setRange(next);
      else anchor.current = next;
      moveFocus.current = true;
      activate(next);
      virtualizer.scrollToIndex(next);
      if (latest.current.opensOnMove) openLine(next);
    } else if (event.key === ' ') toggleLine(current);
    else if (event.key === 'Enter') openLine(current);
    else if (event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey) && selection) {
      if (!selection.all) selection.toggleAll();
    } else return;
    event.preventDefault();
  };

  // These keep their identity, so that rows in sight are not drawn again when another row changes.
  const handlers = useRef({ toggleLine, openLine, setRange });
  useLayoutEffect(() => {
    handlers.current = { toggleLine, openLine, setRange };
  });
  const onLineClick = useCallback(
    (line: number, event: MouseEvent) => {
      activate(line);
      if (event.shiftKey && latest.current.selection) handlers.current.setRange(line);
      else if ((event.ctrlKey || event.metaKey) && latest.current.selection) handlers.current.toggleLine(line);
      else handlers.current.openLine(line);
    },
    [activate],
  );
  const onCheckClick = useCallback(
    (line: number, event: MouseEvent) => {
      event.stopPropagation();
      activate(line);
      if (event.shiftKey) handlers.current.setRange(line);
      else handlers.current.toggleLine(line);
    },
    [activate],
  );
  return { active: current, onKeyDown, onLineClick, onCheckClick, onLineFocus: activate };
}
