/** Where the window was. What the file says is checked: a hand, another version or a screen that is gone may be behind it. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Rectangle } from 'electron';
import { z } from 'zod';

export const smallest = { width: 800, height: 600 } as const;
const usual = { width: 1440, height: 900 } as const;
/** So much of the title bar must be on a screen to get hold of the window. */
const grip = 100;

const side = (least: number) => z.int().min(least).max(20_000);
const place = z.int().min(-50_000).max(50_000);
const stateSchema = z.object({
  x: place,
  y: place,
  width: side(smallest.width),
  height: side(smallest.height),
  maximized: z.boolean(),
});

export interface WindowState {
  readonly bounds: Partial<Rectangle> & { readonly width: number; readonly height: number };
  readonly maximized: boolean;
}

/** `screens`: the work areas of the displays that are there now. */
export function readWindowState(file: string, screens: readonly Rectangle[]): WindowState {
  const saved = parse(file);
  if (saved === null) return { bounds: usual, maximized: false };
  const { maximized, ...bounds } = saved;
  const { width, height } = bounds;
  return { bounds: screens.some(screen => holdsGrip(screen, bounds)) ? bounds : { width, height }, maximized };
}

function parse(file: string): z.infer<typeof stateSchema> | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

function holdsGrip(screen: Rectangle, { x, y, width }: Rectangle): boolean {
  const visible = Math.min(x + width, screen.x + screen.width) - Math.max(x, screen.x);
  return visible >= grip && y >= screen.y && y <= screen.y + screen.height - grip;
}

/** Best effort: a place that is not remembered is no reason to keep a window open. */
export function writeWindowState(file: string, bounds: Rectangle, maximized: boolean): void {
  try {
    writeFileSync(`${file}.new`, JSON.stringify({ ...bounds, maximized }), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch {
    // a full or read-only disk
  }
}
