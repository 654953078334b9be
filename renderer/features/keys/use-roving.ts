import type { KeyboardEvent } from 'react';
import { useRef } from 'react';

/**
 * Arrow keys between the marks of a chart, one of which is in the tab order: a chart of 60 bars is one stop and not 60.
 * Marks carry `data-mark`; the first one is the stop until another had the focus.
 */
export function useRoving<T extends Element>() {
  const container = useRef<T>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const marks = [...(container.current?.querySelectorAll<SVGElement>('[data-mark]') ?? [])];
    const at = marks.findIndex(mark => mark === document.activeElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = step === undefined || at < 0 ? undefined : marks[at + step];
    if (!next) return;
    event.preventDefault();
    for (const mark of marks) mark.setAttribute('tabindex', mark === next ? '0' : '-1');
    next.focus();
  };
  return { container, onKeyDown };
}

/** What makes a shape of a chart a button. */
export function markProps(isFirst: boolean, label: string, isPressed: boolean, onPress: () => void) {
  return {
    'data-mark': true,
    role: 'button',
    tabIndex: isFirst ? 0 : -1,
    'aria-label': label,
    'aria-pressed': isPressed,
    onClick: onPress,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onPress();
    },
  } as const;
}
