import { resolve } from 'node:path';
import type { Store } from './api.ts';
import { Database } from './database.ts';
import { factsTable } from './facts.ts';
import { databaseFile, ensureHome } from './home.ts';
import { keyTable } from './keys.ts';
import { managedTable } from './managed.ts';
import { keyCheck } from './meta.ts';
import { migrate } from './migrations.ts';
import { pendingTable } from './pending.ts';
import { planTable } from './plans.ts';
import { probeTable } from './probes.ts';
import { runTable } from './runs.ts';
import { serverTable } from './servers.ts';
import { settingsTable } from './settings.ts';

/**
 * Opens the store of a home, making both when they are not there. Take the home first: `lockHome`.
 * Errors: `store-newer`, `store-corrupt`, `store-full`, `store-read-only`, `store-busy`, `store-failed`, `home-not-private`.
 */
export function openStore(home: string): Store {
  const folder = resolve(home);
  ensureHome(folder);
  const database = new Database(databaseFile(folder));
  try {
    migrate(database);
    return assemble(folder, database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function assemble(home: string, database: Database): Store {
  const keys = keyTable(database);
  const pending = pendingTable(database, keys);
  const plans = planTable(database);
  return {
    home,
    servers: serverTable(database, pending),
    facts: () => factsTable(database),
    pending,
    keys,
    managed: managedTable(database),
    plans,
    runs: runTable(database, home, plans),
    probes: probeTable(database),
    settings: settingsTable(database),
    keyCheck: keyCheck(database, keys),
    transaction: work => database.transaction(work),
    close: () => database.close(),
  };
}
