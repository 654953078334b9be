/** Short messages about what came of an action. A problem stays until it is dismissed; a result goes by itself. */
import { create } from 'zustand';
import type { Problem } from '../../shared/problem.ts';
import { SignetError } from '../../shared/problem.ts';
import { texts } from '../texts.ts';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly problem: Problem | null;
  readonly action: { readonly label: string; readonly run: () => void } | null;
}

interface Toasts {
  readonly toasts: readonly Toast[];
}

const shownFor = 6000;
let last = 0;

export const useToasts = create<Toasts>(() => ({ toasts: [] }));

export function dismissToast(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter(toast => toast.id !== id) }));
}

function show(toast: Omit<Toast, 'id'>): void {
  last += 1;
  const id = last;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.slice(-3), { ...toast, id }] }));
  if (!toast.problem) window.setTimeout(() => dismissToast(id), shownFor);
}

export function tell(text: string, action: Toast['action'] = null): void {
  show({ text, problem: null, action });
}

/** Every failure as a Problem. One without is a defect of Signet's own, and says so. */
export function problemOf(error: unknown): Problem {
  if (error instanceof SignetError) return error.problem;
  return { code: 'window-defect', severity: 'stop', ...texts.problem.defect };
}

export function tellProblem(error: unknown): void {
  const problem = problemOf(error);
  if (problem.code === 'stopped') tell(texts.work.stopped);
  else show({ text: problem.message, problem, action: null });
}
