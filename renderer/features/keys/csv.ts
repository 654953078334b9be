/** The table of keys as CSV (RFC 4180), one line per key, or per domain where there is none. */
import type { DomainRow } from '../../../shared/model.ts';
import { keyAgeInDays } from '../domains/key-age.ts';
import { coverageKind } from './coverage.ts';

/** A spreadsheet runs what begins like a formula, and names in here come from servers: a quote makes it text. */
function field(value: string | number | null): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const heading = [
  'domain',
  'server',
  'signing',
  'state',
  'selector',
  'algorithm',
  'bits',
  'age_days',
  'in_use',
  'published',
  'managed',
];

export function keysAsCsv(rows: readonly DomainRow[], now: number): string {
  const lines = rows.flatMap(row => {
    const about = [row.domain, row.server, row.signing, coverageKind(row)];
    if (row.keys.length === 0) return [[...about, '', '', '', '', '', '', '']];
    return row.keys.map(key => [
      ...about,
      key.selector,
      key.algorithm,
      key.bits,
      keyAgeInDays(key, now),
      key.inUse ? 'yes' : 'no',
      key.published,
      key.managed ? 'yes' : 'no',
    ]);
  });
  return `${[heading, ...lines].map(line => line.map(field).join(',')).join('\r\n')}\r\n`;
}
