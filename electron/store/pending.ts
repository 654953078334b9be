import type { PendingChange } from '../../shared/model.ts';
import { newKeysOf } from '../../shared/model.ts';
import { refused } from '../../shared/problem.ts';
import type { KeyTable, PendingTable } from './api.ts';
import type { Database, Row } from './database.ts';
import { column, document, pendingSchema } from './documents.ts';

export function pendingTable(database: Database, keys: KeyTable): PendingTable {
  const read = (row: Row) => document(database, row, pendingSchema, `pending change ${column(database, row, 'id')}`);
  const get = (id: string) => {
    const row = database.get('SELECT id, doc FROM pending WHERE id = ?', id);
    return row === null ? null : read(row);
  };

  const remove = (ids: readonly string[]) => {
    for (const id of ids) database.run('DELETE FROM pending WHERE id = ?', id);
  };

  const insert = (change: PendingChange) => {
    const slot = slotOf(change);
    const added = database.run(
      'INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      change.id,
      change.domain ?? wholeServer,
      change.server,
      slot,
      change.createdAt,
      JSON.stringify(change),
    );
    if (added === 0) throw twice(change);
  };

  return {
    list: () => database.all('SELECT id, doc FROM pending ORDER BY created_at, domain, server, slot').map(read),
    get,
    edit: edit =>
      database.transaction(() => {
        const dropped = (edit.drop ?? []).map(get).filter(change => change !== null);
        remove(dropped.map(change => change.id));
        keys.put(edit.keys ?? []);
        for (const change of edit.put ?? []) insert(change);
        const used = new Set((edit.put ?? []).flatMap(keysOf));
        keys.erase(dropped.flatMap(keysOf).filter(id => !used.has(id)));
      }),
    done: (ids, put = []) =>
      database.transaction(() => {
        remove(ids);
        for (const change of put) insert(change);
      }),
  };
}

/** What there can be one of for a (domain, server). */
export function slotOf(change: Pick<PendingChange, 'intent'>): string {
  return change.intent.kind === 'retire' ? `retire ${change.intent.selector}` : 'signing';
}

/** In the place of a domain: no name is empty. */
const wholeServer = '';

function keysOf(change: PendingChange): readonly string[] {
  return newKeysOf(change.intent).map(key => key.ref.secret);
}

function twice(change: PendingChange): Error {
  return refused(
    'pending-twice',
    `a change of ${change.domain ?? 'the mail settings'} on ${change.server} is pending already`,
    'Drop it first: signet pending drop.',
    { server: change.server, ...(change.domain === null ? {} : { domain: change.domain }) },
  );
}
