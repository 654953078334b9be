import { useEffect } from 'react';
import { texts } from '../texts.ts';
import { scan } from './actions.ts';
import { useClient } from './engine.tsx';
import type { Screen } from './router.ts';
import { go } from './router.ts';

/** Pressed after `g`, as in Linear and Gmail. */
export const screenKeys: Readonly<Record<Screen, string>> = {
  domains: 'd',
  servers: 's',
  pending: 'p',
  runs: 'r',
  keys: 'k',
  settings: 't',
};

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest('input:not([type=checkbox]), textarea, [contenteditable]') !== null
  );
}

const inDialog = () =>
  document.querySelector('[role=dialog], [role=alertdialog], [role=menu], [role=listbox]') !== null;

/** A single key outside of fields and dialogs. */
export function useShortcut(key: string, action: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.defaultPrevented || isTyping(event.target) || inDialog()) return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  });
}

/** The keys that hold on every screen. */
export function useFrameShortcuts(frame: {
  readonly openPalette: () => void;
  readonly openShortcuts: () => void;
}): void {
  const client = useClient();
  useShortcut('?', frame.openShortcuts);
  useShortcut('s', () => void scan(client));
  useEffect(() => {
    let afterG = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        if (!inDialog()) frame.openPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || inDialog()) return;
      const follows = Date.now() - afterG < 1200;
      const screen = Object.entries(screenKeys).find(([, key]) => key === event.key)?.[0] as Screen | undefined;
      if (event.key === 'g') afterG = Date.now();
      else if (follows && screen) {
        afterG = 0;
        event.preventDefault();
        event.stopImmediatePropagation();
        go(screen);
      }
    };
    window.addEventListener('keydown', onKeyDown, true);
    return () => window.removeEventListener('keydown', onKeyDown, true);
  });
}

export const shortcutGroups: readonly {
  readonly title: string;
  readonly keys: readonly (readonly [string, string])[];
}[] = [
  {
    title: texts.shortcuts.everywhere,
    keys: [
      [texts.frame.commands, texts.keys.command],
      [texts.frame.shortcuts, '?'],
      [texts.domains.scan, 'S'],
      ...Object.entries(screenKeys).map(
        ([screen, key]) => [texts.screens[screen as Screen], `G ${key.toUpperCase()}`] as const,
      ),
      [texts.close, 'Esc'],
    ],
  },
  {
    title: texts.shortcuts.lists,
    keys: [
      [texts.shortcuts.move, '↑ ↓'],
      [texts.shortcuts.pages, 'Page Up, Page Down, Home, End'],
      [texts.shortcuts.open, 'Enter'],
      [texts.shortcuts.select, 'Space'],
      [texts.shortcuts.extend, 'Shift + ↑ ↓'],
      [texts.shortcuts.selectAll, texts.keys.selectAll],
      [texts.shortcuts.filter, '/'],
      [texts.groupOperations.title, 'O'],
      [texts.domains.verify, 'V'],
      [texts.servers.add, 'N'],
      [texts.pending.apply, 'A'],
    ],
  },
];
