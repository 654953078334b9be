import { useSyncExternalStore } from 'react';

const step = 15_000;

function subscribe(listener: () => void): () => void {
  const timer = window.setInterval(listener, step);
  return () => window.clearInterval(timer);
}

const current = () => Math.floor(Date.now() / step) * step;

/** The time, a little behind: it moves every 15 seconds, so that ages stay true and nothing else is drawn in between. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, current);
}

/** The time to the second, for countdowns. `running: false` stands still. */
export function useSeconds(running: boolean): number {
  return useSyncExternalStore(
    listener => {
      if (!running) return () => {};
      const timer = window.setInterval(listener, 1000);
      return () => window.clearInterval(timer);
    },
    () => Math.floor(Date.now() / 1000) * 1000,
  );
}
