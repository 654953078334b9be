/** Single values: the id of the home, the vault's key-check, the settings. */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { KeyCheckPort, KeyTable } from './api.ts';
import type { Database } from './database.ts';

export function readMeta(database: Database, name: string): SQLOutputValue {
  return database.get('SELECT value FROM meta WHERE name = ?', name)?.['value'] ?? null;
}

export function writeMeta(database: Database, name: string, value: SQLInputValue): void {
  database.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value);
}

export function keyCheck(database: Database, keys: KeyTable): KeyCheckPort {
  const homeId = readMeta(database, 'home-id');
  if (typeof homeId !== 'string') throw database.corrupt('the id of the home is not there');
  return {
    homeId,
    get: () => {
      const check = readMeta(database, 'key-check');
      if (check === null || check instanceof Uint8Array) return check;
      throw database.corrupt('the key-check of the vault is not what Signet wrote');
    },
    set: check => writeMeta(database, 'key-check', check),
    sealedCount: () => keys.sealedCount(),
  };
}
