/**
 * One process of Signet per home. The lock is a lock of the operating system (SQLite's, on a file of its own): it ends with
 * the process, however that ends, and there is no stale lock to clear away. Beside it stands who holds it, for people.
 *
 * Nobody else may open signet.lock in this process: closing it would drop the lock (POSIX advisory locks).
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { refused } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { HomeHolder, HomeLock, LockOptions } from './api.ts';
import { databaseError, fileError } from './errors.ts';
import { ensureHome, ensurePrivateFile } from './home.ts';

/** Tells this process from every other, also from an earlier one with the same pid. */
export const processToken = randomUUID();

const pollMs = 50;
const sqliteBusy = 5;
const holderSchema = z.object({ pid: z.int(), command: z.string(), since: z.string(), token: z.string() });
type Sidecar = z.infer<typeof holderSchema>;

const lockFile = (home: string) => join(home, 'signet.lock');
const sidecarFile = (home: string) => join(home, 'signet.lock.json');

/**
 * Takes the home for this process, or refuses with `home-in-use`, naming who holds it. Makes the home.
 * Errors: `home-in-use`, `home-not-private`, `store-read-only`, `store-full`.
 */
export async function lockHome(home: string, options: LockOptions = {}): Promise<HomeLock> {
  ensureHome(home);
  const deadline = Date.now() + (options.waitMs ?? 0);
  for (;;) {
    const held = tryLock(home);
    if (held !== null) return hold(home, held, options.command ?? 'signet');
    if (Date.now() >= deadline) throw inUse(home);
    await sleep(pollMs);
  }
}

/** Who holds the home now; null: nobody. */
export function homeHolder(home: string): HomeHolder | null {
  return holder(home);
}

/** Whether the process with this token holds the home now. */
export function holdsHome(home: string, token: string): boolean {
  return readSidecar(home)?.token === token && holder(home) !== null;
}

function holder(home: string): Sidecar | null {
  const free = tryLock(home);
  if (free !== null) {
    free.close();
    return null;
  }
  return readSidecar(home) ?? { pid: 0, command: 'unknown', since: '', token: '' };
}

function tryLock(home: string): DatabaseSync | null {
  const file = lockFile(home);
  let database: DatabaseSync | null = null;
  ensurePrivateFile(file);
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return null;
    throw databaseError(error, file);
  }
}

function hold(home: string, database: DatabaseSync, command: string): HomeLock {
  const sidecar: Sidecar = { pid: process.pid, command, since: new Date().toISOString(), token: processToken };
  try {
    writeFileSync(sidecarFile(home), `${JSON.stringify(sidecar)}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    throw fileError(error, sidecarFile(home));
  }
  return {
    release: () => {
      if (!database.isOpen) return;
      rmSync(sidecarFile(home), { force: true });
      database.close();
    },
  };
}

function readSidecar(home: string): Sidecar | null {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(sidecarFile(home), 'utf8')));
  } catch {
    // no file, or one half written: the lock itself says whether someone is there
    return null;
  }
}

function inUse(home: string): Error {
  const who = readSidecar(home);
  const name =
    who === null
      ? 'another process'
      : `"${printable(who.command)}" (process ${who.pid}, since ${printable(who.since)})`;
  return refused(
    'home-in-use',
    `${home} is in use by ${name}`,
    'Wait until it is done or end it, or use another folder with --home or SIGNET_HOME.',
    { file: home },
  );
}
