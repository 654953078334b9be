/** The folder that Signet keeps everything in: one user's, and nobody else's. */
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { refused } from '../../shared/problem.ts';
import { readOnly } from './errors.ts';

const othersMayWrite = 0o022;

/** `override` (--home), else SIGNET_HOME, else the platform's folder for application data. Absolute; not made here. */
export function homeDirectory(override?: string, env: NodeJS.ProcessEnv = process.env): string {
  return resolve(override ?? (env['SIGNET_HOME'] || envPaths('signet', { suffix: '' }).data));
}

export function databaseFile(home: string): string {
  return join(home, 'signet.db');
}

/**
 * Makes the home, for its owner only. A folder that was there already is closed to others when it is empty or ours; any
 * other folder (someone gave --home /tmp) is left as it is, and refused with `home-not-private` if others may write in it.
 */
export function ensureHome(home: string): void {
  try {
    if (mkdirSync(home, { recursive: true, mode: 0o700 }) !== undefined) return;
    if (process.platform === 'win32') return;
    const mode = statSync(home).mode & 0o777;
    if (mode === 0o700) return;
    if (existsSync(databaseFile(home)) || readdirSync(home).length === 0) {
      chmodSync(home, 0o700);
    } else if ((mode & othersMayWrite) !== 0) {
      throw refused(
        'home-not-private',
        `other users may write in the folder ${home}`,
        'Give a folder of its own with --home or SIGNET_HOME, or take the right from the others: chmod 700.',
        { file: home },
      );
    }
  } catch (error) {
    throw readOnly(error, home);
  }
}
