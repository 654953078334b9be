/** The schema, as the steps that led to it. A step that was released is never edited: the next one mends it. */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { refused } from '../../shared/problem.ts';
import { Database } from './database.ts';
import { backups, fileError } from './errors.ts';

export type Migration = (database: Database) => void;

const backupsKept = 3;

const first: Migration = database => {
  database.exec(`
    CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE servers (name TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE facts (server TEXT PRIMARY KEY, scanned_at TEXT NOT NULL, doc BLOB NOT NULL) STRICT;
    CREATE TABLE pending (
      id TEXT PRIMARY KEY, domain TEXT NOT NULL, server TEXT NOT NULL,
      slot TEXT NOT NULL, created_at TEXT NOT NULL, doc TEXT NOT NULL,
      UNIQUE (domain, server, slot)
    ) STRICT;
    CREATE INDEX pending_server ON pending (server);
    CREATE TABLE keys (
      id TEXT PRIMARY KEY, server TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('staged', 'installed', 'erased')),
      staged_at TEXT NOT NULL, doc TEXT NOT NULL, sealed BLOB,
      CHECK ((state = 'erased') = (sealed IS NULL))
    ) STRICT;
    CREATE INDEX keys_server ON keys (server);
    CREATE TABLE managed (
      domain TEXT NOT NULL, server TEXT NOT NULL, selector TEXT NOT NULL,
      fingerprint TEXT NOT NULL, since TEXT NOT NULL,
      PRIMARY KEY (domain, server, selector)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE plans (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
      digest TEXT NOT NULL, doc BLOB NOT NULL, applied_by TEXT
    ) STRICT;
    CREATE TABLE runs (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
      plan TEXT NOT NULL REFERENCES plans (id), started_at TEXT NOT NULL,
      finished_at TEXT, outcome TEXT NOT NULL, owner TEXT NOT NULL, problems TEXT NOT NULL
    ) STRICT;
    CREATE TABLE run_changes (
      run TEXT NOT NULL REFERENCES runs (id), change TEXT NOT NULL, position INTEGER NOT NULL, doc TEXT NOT NULL,
      PRIMARY KEY (run, change)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE run_events (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs (id), doc TEXT NOT NULL
    ) STRICT;
    CREATE INDEX run_events_run ON run_events (run, seq);
    CREATE TABLE probes (
      domain TEXT NOT NULL, server TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (domain, server)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX probes_server ON probes (server);
  `);
  database.run(`INSERT INTO meta VALUES ('home-id', ?)`, randomUUID());
};

export const migrations: readonly Migration[] = [first];

/**
 * Brings the database to the newest schema, one transaction in all. Before it changes one that holds something, it writes
 * a backup beside it. `store-newer`: a newer version of Signet wrote it, and nothing is touched.
 */
export function migrate(database: Database, steps: readonly Migration[] = migrations): void {
  const version = Number(database.get('PRAGMA user_version')?.['user_version'] ?? 0);
  if (version > steps.length) {
    throw refused(
      'store-newer',
      `the database ${database.file} was written by a newer version of Signet (schema ${version}, this one knows ${steps.length})`,
      'Use that version, or another folder with --home or SIGNET_HOME. Nothing was changed.',
      { file: database.file },
    );
  }
  if (version === steps.length) return;
  if (version === 0 && database.get('SELECT name FROM sqlite_schema') !== null) {
    throw database.corrupt('its tables are not those of Signet');
  }
  if (version > 0) backUp(database, version);
  database.transaction(() => {
    for (const step of steps.slice(version)) step(database);
    database.exec(`PRAGMA user_version = ${steps.length}`);
  });
}

/**
 * A whole copy but for the sealed private keys: a key that is erased from the database must not live on in a backup. Who
 * goes back to a backup stages those changes again.
 */
function backUp(database: Database, version: number): void {
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const file = join(dirname(database.file), `signet-backup-${stamp}-schema${version}.db`);
  try {
    // VACUUM INTO takes an empty file that is there, and with it the mode
    closeSync(openSync(file, 'wx', 0o600));
    database.run('VACUUM INTO ?', file);
    const copy = new Database(file);
    try {
      copy.exec(`PRAGMA journal_mode = DELETE; UPDATE keys SET sealed = NULL, state = 'erased'; VACUUM;`);
    } finally {
      copy.close();
    }
    for (const old of backups(database.file).slice(0, -backupsKept)) rmSync(old);
  } catch (error) {
    rmSync(file, { force: true });
    throw fileError(error, file);
  }
}
