import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyNoDesktop } from '../../.config/electron-runtime.ts';
import { temporaryHome } from '../tools/homes.ts';

/** The package `electron`, with its runtime or as it is before that was fetched. */
function electronPackage({ fetched }: { readonly fetched: boolean }): string {
  const folder = temporaryHome();
  writeFileSync(join(folder, 'index.js'), 'throw new Error("loading this would start a download");');
  if (fetched) {
    writeFileSync(join(folder, 'path.txt'), 'electron');
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist/electron'), '');
  }
  return folder;
}

const display = { DISPLAY: ':0' };
const somebody = { platform: 'linux', uid: 1000 } as const;

describe('npm start', () => {
  it('opens the desktop window where there is a runtime and a display', () => {
    const folder = electronPackage({ fetched: true });
    const path = join(folder, 'dist/electron');
    expect(whyNoDesktop(display, { ...somebody, folder })).toEqual({ path });
    expect(whyNoDesktop({ WAYLAND_DISPLAY: 'wayland-0' }, { ...somebody, folder })).toEqual({ path });
    expect(whyNoDesktop({}, { platform: 'darwin', uid: 501, folder })).toEqual({ path });
    expect(whyNoDesktop({}, { platform: 'win32', folder })).toEqual({ path });
  });

  it('finds a runtime that is somewhere else', () => {
    const folder = electronPackage({ fetched: false });
    const own = join(electronPackage({ fetched: true }), 'dist');
    expect(whyNoDesktop({ ...display, ELECTRON_OVERRIDE_DIST_PATH: own }, { ...somebody, folder })).toEqual({
      path: join(own, 'electron'),
    });
    expect(whyNoDesktop({ ...display, ELECTRON_OVERRIDE_DIST_PATH: folder }, { ...somebody, folder })).toHaveProperty(
      'reason',
    );
  });

  it.each([
    ['runtime', false, display, 1000],
    ['display', true, {}, 1000],
    ['display', true, { DISPLAY: '', WAYLAND_DISPLAY: '' }, 1000],
    ['root', true, display, 0],
  ])('says in one line why not: %s', (why, fetched, env, uid) => {
    const runtime = whyNoDesktop(env, { platform: 'linux', uid, folder: electronPackage({ fetched }) });
    expect('reason' in runtime && runtime.reason).toMatch(new RegExp(`^[^\\n]*${why}[^\\n]*$`));
  });
});
