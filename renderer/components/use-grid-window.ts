import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import type { RefObject } from 'react';
import { useLayoutEffect, useRef, useState } from 'react';

const rowHeightInRem = 2;

function rootFontSize(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}

/** Which lines are in sight. The height of a row follows the reader's font size. */
export function useGridWindow(scroller: RefObject<HTMLDivElement | null>, lines: number) {
  const [rowHeight] = useState(() => rowHeightInRem * rootFontSize());
  // The line with the focus stays in the document, or the focus would be lost by scrolling.
  const keep = useRef(0);
  // oxlint-disable-next-line react/incompatible-library -- no compiler memoizes this project
  const virtualizer = useVirtualizer<HTMLDivElement, HTMLTableRowElement>({
    count: lines,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollPaddingStart: rowHeight,
    rangeExtractor: range => {
      const inSight = defaultRangeExtractor(range);
      const at = keep.current;
      if (at >= range.count || inSight.includes(at)) return inSight;
      return at < range.startIndex ? [at, ...inSight] : [...inSight, at];
    },
  });
  const setKept = (line: number) => {
    keep.current = line;
  };
  useLayoutEffect(() => {
    if (keep.current >= lines) keep.current = Math.max(0, lines - 1);
  }, [lines]);
  return { virtualizer, rowHeight, setKept };
}
