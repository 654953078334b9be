/** Screens have addresses (`#/servers/mx1`), so that Back works and a reload stays where it was. */
import { useSyncExternalStore } from 'react';

export const screens = ['domains', 'servers', 'pending', 'runs', 'keys', 'settings'] as const;
export type Screen = (typeof screens)[number];

export interface Route {
  readonly screen: Screen;
  /** What is open on the screen: ['mx1'], ['mx1', 'example.com'], [run id]. */
  readonly open: readonly string[];
}

export function parseRoute(hash: string): Route {
  const [name, ...open] = hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .map(part => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  const screen = screens.find(known => known === name);
  return screen ? { screen, open } : { screen: 'domains', open: [] };
}

export function address(screen: Screen, ...open: readonly string[]): string {
  return `#/${[screen, ...open].map(encodeURIComponent).join('/')}`;
}

export function go(screen: Screen, ...open: readonly string[]): void {
  window.location.hash = address(screen, ...open);
}

let lastHash = '';
let lastRoute: Route = parseRoute('');

function current(): Route {
  if (window.location.hash !== lastHash) {
    lastHash = window.location.hash;
    lastRoute = parseRoute(lastHash);
  }
  return lastRoute;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, current);
}
