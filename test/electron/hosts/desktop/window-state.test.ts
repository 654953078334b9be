import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWindowState, writeWindowState } from '../../../../electron/hosts/desktop/window-state.ts';
import { temporaryHome } from '../../../tools/homes.ts';

const screens = [
  { x: 0, y: 24, width: 1920, height: 1056 },
  { x: 1920, y: 0, width: 1280, height: 1024 },
];
const usual = { bounds: { width: 1440, height: 900 }, maximized: false };

describe('the state of the window', () => {
  it('comes back as it was written', () => {
    const file = join(temporaryHome(), 'window.json');
    const bounds = { x: 2000, y: 10, width: 1100, height: 800 };
    writeWindowState(file, bounds, true);
    expect(readWindowState(file, screens)).toEqual({ bounds, maximized: true });
  });

  it.each([
    '',
    '{',
    'null',
    '{"x":1}',
    '{"x":0,"y":0,"width":10,"height":10,"maximized":false}',
    '{"x":1e999,"y":0,"width":900,"height":700,"maximized":false}',
    '{"x":0.5,"y":0,"width":900,"height":700,"maximized":false}',
    '{"x":0,"y":0,"width":900,"height":700,"maximized":"yes"}',
    '{"x":0,"y":0,"width":999999,"height":700,"maximized":false}',
  ])('is the usual one when the file says %s', text => {
    const file = join(temporaryHome(), 'window.json');
    writeFileSync(file, text);
    expect(readWindowState(file, screens)).toEqual(usual);
  });

  it('is the usual one without a file', () => {
    expect(readWindowState(join(temporaryHome(), 'none.json'), screens)).toEqual(usual);
  });

  it.each([
    ['left of every screen', { x: -1850, y: 100 }],
    ['right of every screen', { x: 3150, y: 100 }],
    ['below them', { x: 10, y: 1200 }],
    ['under the bar at the top', { x: 10, y: 10 }],
  ])('keeps its size, but not a place %s', (_where, place) => {
    const file = join(temporaryHome(), 'window.json');
    writeWindowState(file, { ...place, width: 1900, height: 800 }, false);
    expect(readWindowState(file, screens)).toEqual({ bounds: { width: 1900, height: 800 }, maximized: false });
  });
});
