import { z } from 'zod';
import { failed, refused } from '../../shared/problem.ts';
import type { KeyState, KeyTable } from './api.ts';
import type { Database, Row } from './database.ts';
import { bytes, column, document, stagedKeySchema } from './documents.ts';

const states = z.enum(['staged', 'installed', 'erased']);

export function keyTable(database: Database): KeyTable {
  const read = (row: Row) => ({
    key: document(database, row, stagedKeySchema, `key ${column(database, row, 'id')}`),
    state: stateOf(row),
    stagedAt: column(database, row, 'staged_at'),
  });
  const stateOf = (row: Row): KeyState => {
    const state = states.safeParse(row['state']);
    if (!state.success) throw database.corrupt('a key has an unknown state');
    return state.data;
  };

  return {
    list: (filter = {}) =>
      database
        .all(
          `SELECT id, doc, state, staged_at FROM keys
           WHERE server = coalesce(?1, server) AND state = coalesce(?2, state) ORDER BY staged_at, id`,
          filter.server ?? null,
          filter.state ?? null,
        )
        .map(read),
    get: id => {
      const row = database.get('SELECT id, doc, state, staged_at FROM keys WHERE id = ?', id);
      return row === null ? null : read(row);
    },
    sealed: id => {
      const row = database.get('SELECT sealed, state FROM keys WHERE id = ?', id);
      if (row === null) throw unknownKey(id);
      if (stateOf(row) === 'erased') throw erasedKey(id);
      return bytes(database, row, 'sealed');
    },
    put: keys =>
      database.transaction(() => {
        const now = new Date().toISOString();
        for (const { key, sealed } of keys) {
          const added = database.run(
            `INSERT INTO keys VALUES (?, ?, 'staged', ?, ?, ?) ON CONFLICT DO NOTHING`,
            key.ref.secret,
            key.server,
            now,
            JSON.stringify(key),
            sealed,
          );
          if (added === 0) throw knownKey(key.ref.secret);
        }
      }),
    installed: ids =>
      database.transaction(() => {
        for (const id of ids) {
          database.run(`UPDATE keys SET state = 'installed' WHERE id = ? AND state = 'staged'`, id);
        }
      }),
    erase: ids => {
      if (ids.length === 0) return;
      database.transaction(() => {
        for (const id of ids) database.run(`UPDATE keys SET sealed = NULL, state = 'erased' WHERE id = ?`, id);
      });
      database.emptyLog();
    },
    sealedCount: () => Number(database.get('SELECT count(*) AS n FROM keys WHERE sealed IS NOT NULL')?.['n'] ?? 0),
  };
}

function unknownKey(id: string): Error {
  return failed('key-unknown', `there is no key ${id} in the store`, 'Drop the change and stage it again.');
}

function erasedKey(id: string): Error {
  return refused(
    'key-erased',
    `the private half of key ${id} is not on this computer any more`,
    'It was installed, dropped, or lost with a backup: drop the change and stage it again.',
  );
}

function knownKey(id: string): Error {
  return failed('key-twice', `there is a key ${id} in the store already`, 'This should not happen: report it.');
}
