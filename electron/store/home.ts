/** The folder that Signet keeps everything in: one user's, and nobody else's. */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { refused } from '../../shared/problem.ts';
import { fileError } from './errors.ts';

const othersMayWrite = 0o022;

/** `override` (--home), else SIGNET_HOME, else the platform's folder for application data. Absolute; not made here. */
export function homeDirectory(override?: string, env: NodeJS.ProcessEnv = process.env): string {
  return resolve(override || env['SIGNET_HOME'] || envPaths('signet', { suffix: '' }).data);
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
    throw fileError(error, home);
  }
}

/**
 * Makes a file for its owner only, if there is none. One that is there is not even opened: closing it would drop the locks
 * that SQLite holds on it in this process (POSIX advisory locks).
 */
export function ensurePrivateFile(file: string): void {
  try {
    if (!existsSync(file)) {
      closeSync(openSync(file, 'wx', 0o600));
      return;
    }
    // SQLite would open what it may only read, and fail at the first write
    accessSync(file, constants.R_OK | constants.W_OK);
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  } catch (error) {
    throw fileError(error, file);
  }
}
