/**
 * Facts of a server, in two parts packed one behind the other: what lists are made from, and what each driver keeps for its
 * plans. The second is by far the larger one, and unpacked only when a plan asks for it: a window with 100,000 rows opens
 * without it.
 */
import { z } from 'zod';
import type { FactsTable, StoredFacts, StoredPart } from './api.ts';
import type { Database, Row } from './database.ts';
import type { Schema } from './documents.ts';
import { bytes, column, pack, parse, unpackFirst } from './documents.ts';

export function factsTable<F extends StoredFacts>(database: Database): FactsTable<F> {
  // The rest of F is vouched for by zlib's checksum: the bytes are those that a caller of the same type put there.
  const schema: Schema<F> = z.custom<F>(value => stored.safeParse(value).success, 'not the facts of a server');
  const read = (row: Row) => {
    const what = `facts of ${column(database, row, 'server')}`;
    const { text, rest } = unpackFirst(database, bytes(database, row, 'doc'), what);
    const facts = parse(database, text, schema, what);
    if (rest !== null) {
      const parts = partsOf(facts);
      let opened: readonly unknown[] | null = null;
      const open = () => (opened ??= parse(database, rest(), z.array(z.unknown()).length(parts.length), what));
      // the place of the property among the others is kept: plans tell facts apart by their text
      parts.forEach((part, at) => Object.defineProperty(part, 'facts', { enumerable: true, get: () => open()[at] }));
    }
    return facts;
  };
  return {
    list: () => database.all('SELECT server, doc FROM facts ORDER BY server').map(read),
    get: server => {
      const row = database.get('SELECT server, doc FROM facts WHERE server = ?', server);
      return row === null ? null : read(row);
    },
    put: facts => {
      const closed = (part: StoredPart) => ({ ...part, facts: null });
      const first = {
        ...facts,
        mta: facts.mta && closed(facts.mta),
        signers: facts.signers.map(closed),
        dns: facts.dns.map(closed),
      };
      const second = partsOf(facts).map(part => part.facts);
      const packed = Buffer.concat([pack(JSON.stringify(first)), pack(JSON.stringify(second))]);
      database.run('INSERT OR REPLACE INTO facts VALUES (?, ?, ?)', facts.server, facts.scannedAt, packed);
    },
    remove: server => {
      database.run('DELETE FROM facts WHERE server = ?', server);
    },
  };
}

function partsOf({ mta, signers, dns }: StoredFacts): readonly StoredPart[] {
  return [...(mta === null ? [] : [mta]), ...signers, ...dns];
}

const part = z.looseObject({ facts: z.unknown() });
const stored = z.looseObject({
  server: z.string(),
  scannedAt: z.string(),
  mta: part.nullable(),
  signers: z.array(part),
  dns: z.array(part),
});
