import { z } from 'zod';
import { usage } from '../../shared/problem.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { printable } from '../../shared/text.ts';
import type { SettingsTable } from './api.ts';
import type { Database } from './database.ts';
import { parse } from './documents.ts';
import { readMeta, writeMeta } from './meta.ts';

const row = 'settings';
// Keys that a newer version wrote survive an older one.
const stored = z.record(z.string(), z.unknown());

export function settingsTable(database: Database): SettingsTable {
  const raw = () => {
    const json = readMeta(database, row);
    if (json === null) return {};
    if (typeof json !== 'string') throw database.corrupt('the settings are not text');
    return parse(database, json, stored, 'the settings');
  };
  const get = () => {
    const settings = settingsSchema.safeParse(raw());
    if (!settings.success) throw database.corrupt('the settings', settings.error);
    return settings.data;
  };
  return {
    get,
    put: changes => {
      const merged = { ...raw(), ...changes };
      const result = settingsSchema.safeParse(merged);
      if (!result.success) {
        const issue = result.error.issues[0];
        throw usage(
          'setting-invalid',
          `the setting ${printable(issue?.path.join('.') ?? '')}: ${printable(issue?.message ?? 'not valid')}`,
          'Nothing was changed.',
        );
      }
      writeMeta(database, row, JSON.stringify(merged));
      return result.data;
    },
  };
}
