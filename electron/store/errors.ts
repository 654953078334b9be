/** What SQLite and the file system say, as problems that name the file and the way out. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SignetError, failed } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

// https://www.sqlite.org/rescode.html: the low byte is the primary result code
const busy = new Set([5, 6]);
const readOnlyCodes = new Set([8, 14, 23]);
const full = 13;
const ioError = 10;
const corrupt = new Set([11, 26]);
const noSpace = new Set(['ENOSPC', 'EDQUOT']);
const notAllowed = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ELOOP']);

const backupName = /^signet-backup-.*\.db$/;

/** Backups beside the database, oldest first. */
export function backups(file: string): readonly string[] {
  const folder = dirname(file);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(name => backupName.test(name))
    .sort()
    .map(name => join(folder, name));
}

/** `what` says which part does not read as what Signet wrote. Nothing is overwritten: the admin decides. */
export function corruptStore(file: string, what: string, cause?: unknown): SignetError {
  const backup = backups(file).at(-1);
  const rescue =
    backup === undefined
      ? 'There is no backup of it.'
      : `The last backup is ${backup}: copy it to ${file} to go on from there.`;
  return failed(
    'store-corrupt',
    `the database ${file} is damaged: ${printable(what)}`,
    `${rescue} Nothing was overwritten; move the damaged file away to begin anew.`,
    { file },
    cause,
  );
}

/** Any error of a file operation on `path` in the home; a SignetError passes. */
export function fileError(error: unknown, path: string): SignetError {
  if (error instanceof SignetError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = printable(error instanceof Error ? error.message : String(error));
  if (noSpace.has(code)) return fullStore(path, error);
  if (notAllowed.has(code)) return readOnlyStore(path, text, error);
  return failed('store-failed', `${path}: ${text}`, 'See what the system says about this file.', { file: path }, error);
}

function fullStore(file: string, cause: unknown): SignetError {
  return failed(
    'store-full',
    `the disk that holds ${file} is full: what was to be written there is not written`,
    'Make room on this disk and do it again.',
    { file },
    cause,
  );
}

function readOnlyStore(file: string, text: string, cause: unknown): SignetError {
  return failed(
    'store-read-only',
    `${file} cannot be written: ${text}`,
    'Give yourself the right to write there, or another folder with --home or SIGNET_HOME.',
    { file },
    cause,
  );
}

/** An error that came out of node:sqlite for the database `file`. Errors of Signet itself pass. */
export function databaseError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
  const primary = error.errcode & 0xff;
  const text = printable(error.message);
  if (corrupt.has(primary)) return corruptStore(file, text, error);
  if (primary === full) return fullStore(file, error);
  if (readOnlyCodes.has(primary)) return readOnlyStore(file, text, error);
  if (busy.has(primary)) {
    return failed(
      'store-busy',
      `another program holds the database ${file}`,
      'Close it (a database browser, a backup tool) and do it again.',
      { file },
      error,
    );
  }
  const hint =
    primary === ioError
      ? 'The disk or its connection fails: see the system log.'
      : 'This should not happen: report it.';
  return failed('store-failed', `the database ${file}: ${text}`, hint, { file }, error);
}
