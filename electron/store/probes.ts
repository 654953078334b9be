import type { ProbeTable } from './api.ts';
import type { Database, Row } from './database.ts';
import { document, probeSchema } from './documents.ts';

export function probeTable(database: Database): ProbeTable {
  const read = (row: Row) => document(database, row, probeSchema, 'a probe');
  return {
    list: server =>
      database
        .all('SELECT doc FROM probes WHERE server = coalesce(?1, server) ORDER BY domain, server', server ?? null)
        .map(read),
    get: (domain, server) => {
      const row = database.get('SELECT doc FROM probes WHERE domain = ? AND server = ?', domain, server);
      return row === null ? null : read(row);
    },
    put: probes =>
      database.transaction(() => {
        for (const probe of probes) {
          const doc = JSON.stringify(probe);
          database.run('INSERT OR REPLACE INTO probes VALUES (?, ?, ?)', probe.domain, probe.server, doc);
        }
      }),
  };
}
