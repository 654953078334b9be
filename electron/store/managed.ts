import type { ManagedSelector, ManagedTable } from './api.ts';
import type { Database, Row } from './database.ts';
import { column } from './documents.ts';

const columns = ['domain', 'server', 'selector', 'fingerprint', 'since'] as const;

export function managedTable(database: Database): ManagedTable {
  const read = (row: Row): ManagedSelector => ({
    domain: column(database, row, 'domain'),
    server: column(database, row, 'server'),
    selector: column(database, row, 'selector'),
    fingerprint: column(database, row, 'fingerprint'),
    since: column(database, row, 'since'),
  });
  return {
    list: server =>
      database
        .all(
          'SELECT * FROM managed WHERE server = coalesce(?1, server) ORDER BY domain, server, selector',
          server ?? null,
        )
        .map(read),
    get: (domain, server, selector) => {
      const row = database.get(
        'SELECT * FROM managed WHERE domain = ? AND server = ? AND selector = ?',
        domain,
        server,
        selector,
      );
      return row === null ? null : read(row);
    },
    put: selectors =>
      database.transaction(() => {
        for (const one of selectors) {
          database.run('INSERT OR REPLACE INTO managed VALUES (?, ?, ?, ?, ?)', ...columns.map(name => one[name]));
        }
      }),
    remove: selectors =>
      database.transaction(() => {
        for (const { domain, server, selector } of selectors) {
          database.run(
            'DELETE FROM managed WHERE domain = ? AND server = ? AND selector = ?',
            domain,
            server,
            selector,
          );
        }
      }),
  };
}
