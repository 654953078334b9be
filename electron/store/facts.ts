import { z } from 'zod';
import type { FactsTable, StoredFacts } from './api.ts';
import type { Database, Row } from './database.ts';
import type { Schema } from './documents.ts';
import { bytes, column, pack, parse, unpack } from './documents.ts';

export function factsTable<F extends StoredFacts>(database: Database): FactsTable<F> {
  // The rest of F is vouched for by zlib's checksum: the bytes are those that a caller of the same type put there.
  const schema: Schema<F> = z.custom<F>(value => stored.safeParse(value).success, 'not the facts of a server');
  const read = (row: Row) => {
    const what = `facts of ${column(database, row, 'server')}`;
    return parse(database, unpack(database, bytes(database, row, 'doc'), what), schema, what);
  };
  return {
    list: () => database.all('SELECT server, doc FROM facts ORDER BY server').map(read),
    get: server => {
      const row = database.get('SELECT server, doc FROM facts WHERE server = ?', server);
      return row === null ? null : read(row);
    },
    put: facts => {
      const packed = pack(JSON.stringify(facts));
      database.run('INSERT OR REPLACE INTO facts VALUES (?, ?, ?)', facts.server, facts.scannedAt, packed);
    },
    remove: server => {
      database.run('DELETE FROM facts WHERE server = ?', server);
    },
  };
}

const stored = z.looseObject({ server: z.string(), scannedAt: z.string() });
