import { refused } from '../../shared/problem.ts';
import type { PendingTable, ServerTable } from './api.ts';
import type { Database, Row } from './database.ts';
import { column, document, serverSchema } from './documents.ts';

export function serverTable(database: Database, pending: PendingTable): ServerTable {
  const read = (row: Row) => document(database, row, serverSchema, `server ${column(database, row, 'name')}`);
  const list = () => database.all('SELECT name, doc FROM servers ORDER BY name').map(read);

  const checkJumps = (name: string) => {
    const through = list().filter(server => server.jump === name && server.name !== name);
    if (through.length === 0) return;
    throw refused(
      'server-is-jump',
      `${through.map(server => server.name).join(', ')} ${through.length === 1 ? 'is' : 'are'} reached through ${name}`,
      'Remove those servers first, or add them again with another way.',
      { server: name },
    );
  };

  return {
    list,
    get: name => {
      const row = database.get('SELECT name, doc FROM servers WHERE name = ?', name);
      return row === null ? null : read(row);
    },
    put: server => {
      database.run('INSERT OR REPLACE INTO servers VALUES (?, ?)', server.name, JSON.stringify(server));
    },
    remove: (name, options = {}) =>
      database.transaction(() => {
        checkJumps(name);
        const waiting = database.all('SELECT id FROM pending WHERE server = ?', name);
        if (waiting.length > 0 && options.dropPending !== true) {
          throw refused(
            'server-has-pending',
            `${name} has ${waiting.length} pending change${waiting.length === 1 ? '' : 's'}`,
            'Apply them, or drop them: signet pending drop.',
            { server: name },
          );
        }
        pending.edit({ drop: waiting.map(row => column(database, row, 'id')) });
        for (const table of ['servers WHERE name', 'facts WHERE server', 'probes WHERE server']) {
          database.run(`DELETE FROM ${table} = ?`, name);
        }
      }),
  };
}
