/** Runs in the place of the project `e2e-desktop` where the desktop window cannot be opened: says what is not tested, and why. */
import { expect, test } from 'vitest';
import { whyNoDesktop } from '../../.config/electron-runtime.ts';
import { desktopSpecs } from './desktop-specs.ts';

const runtime = whyNoDesktop(process.env, { uid: undefined });

test.for(desktopSpecs)('%s in Electron', (_spec, { skip }) => {
  if ('reason' in runtime) skip(runtime.reason);
  // the window can be opened: the specs themselves are to run
  expect(runtime).toHaveProperty('reason');
});
