/**
 * Where Electron's runtime is, or why the desktop window cannot be opened. It is looked for by its files: to import the
 * package `electron` in Node would start a download.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.ts';

export type Runtime = { readonly path: string } | { readonly reason: string };

interface Surroundings {
  readonly platform?: NodeJS.Platform;
  readonly uid?: number | undefined;
  /** The folder of the package `electron`. */
  readonly folder?: string;
}

export function whyNoDesktop(env: NodeJS.ProcessEnv, surroundings: Surroundings = {}): Runtime {
  const {
    platform = process.platform,
    uid = process.getuid?.(),
    folder = join(root, 'node_modules/electron'),
  } = surroundings;
  const path = runtimeIn(folder, env);
  if (path === null) return { reason: 'Electron\u2019s runtime is not here (npx install-electron fetches it)' };
  if (platform === 'linux' && (env['DISPLAY'] ?? '') === '' && (env['WAYLAND_DISPLAY'] ?? '') === '') {
    return { reason: 'there is no display' };
  }
  // it would run without its sandbox only, and Signet does not
  if (platform === 'linux' && uid === 0) return { reason: 'Electron does not run as root' };
  return { path };
}

/** As electron/index.js looks for it, without the download. */
function runtimeIn(folder: string, env: NodeJS.ProcessEnv): string | null {
  const own = env['ELECTRON_OVERRIDE_DIST_PATH'] ?? '';
  const named = join(folder, 'path.txt');
  const program = existsSync(named) ? readFileSync(named, 'utf8') : null;
  if (program === null && own === '') return null;
  const path = join(own === '' ? join(folder, 'dist') : own, program ?? 'electron');
  return existsSync(path) ? path : null;
}
