import { create } from 'zustand';

/** What is left out of the next run, until the window is closed: leaving out is for "this time" only. */
export const usePendingView = create<{ readonly leftOut: ReadonlySet<string> }>(() => ({ leftOut: new Set() }));

export function leaveOut(ids: readonly string[], isOut: boolean): void {
  usePendingView.setState(({ leftOut }) => {
    const next = new Set(leftOut);
    for (const id of ids) {
      if (isOut) next.add(id);
      else next.delete(id);
    }
    return { leftOut: next };
  });
}
