import { defineConfig } from 'vitest/config';

import { desktopSpecs } from '../test/e2e/desktop-specs.ts';
import { whyNoDesktop } from './electron-runtime.ts';

/**
 * `unit` needs Node, a shell and the programs of .config/debian-packages. `lab` and `e2e` need root and the lab's hosts,
 * which are up before; a file claims those that it uses (test/tools/hosts.ts), so that files with different hosts run side
 * by side.
 */
const onTheLab = {
  globalSetup: ['test/tools/lab-setup.ts'],
  testTimeout: 180_000,
  hookTimeout: 180_000,
  // most of them wait for a host (test/tools/hosts.ts says how many work at a time)
  maxWorkers: 12,
  // real hosts on a machine that others use: a second failure is ours
  retry: 1,
};

const withoutDesktop = 'test/e2e/without-desktop.test.ts';
// the lab is root's, and so are its tests
const runtime = whyNoDesktop(process.env, { uid: undefined });

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/{shared,electron,renderer,project}/**/*.test.{ts,tsx}'],
          testTimeout: 60_000,
          // much of it waits for processes and time limits: more workers than cores
          maxWorkers: 4,
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: ['test/{lab,conformance}/**/*.test.ts'],
          ...onTheLab,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [withoutDesktop],
          ...onTheLab,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e-desktop',
          include: 'path' in runtime ? desktopSpecs.map(spec => `test/e2e/${spec}.test.ts`) : [withoutDesktop],
          env: { SIGNET_WINDOW: 'desktop' },
          ...onTheLab,
        },
      },
    ],
  },
});
