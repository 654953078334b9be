/** The records of a domain, ready to paste in the dialect of its provider. */
import type { RecordView } from '../../shared/contract.ts';
import { keyRecord } from '../../shared/dkim/key-record.ts';
import { parseDomain } from '../../shared/dkim/domain.ts';
import { keyName } from '../../shared/dkim/names.ts';
import { formatRecord } from '../../shared/dns/dialects.ts';
import { refused } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import { planFleet } from '../planning/plan.ts';
import { rowsOf } from './rows.ts';
import type { Engine, Handlers } from './engine.ts';
import { planningInput } from './views.ts';

function recordsOf(engine: Engine, text: string, dialect: Parameters<typeof formatRecord>[2]): readonly RecordView[] {
  const parsed = parseDomain(text);
  const domain = parsed.ok ? parsed.value.ascii : null;
  const rows = domain === null ? [] : rowsOf(engine).filter(row => row.domain === domain);
  if (domain === null || rows.length === 0) {
    throw refused(
      'unknown-domain',
      `${printable(text, 80)} is hosted on no server that Signet has scanned.`,
      'signet domains shows all; scan the server that hosts it.',
    );
  }
  const views: RecordView[] = [];
  const add = (server: string, zone: string | null, name: string, ttl: number | null, value: string, why: string) =>
    views.push({
      domain,
      server,
      name,
      type: 'TXT',
      ttl,
      value,
      text: formatRecord({ name, ttl, values: [value] }, zone, dialect),
      why,
    });
  for (const row of rows) {
    for (const key of row.keys) {
      if (key.publicKey === null || key.algorithm === 'unknown') continue;
      const value = keyRecord({ algorithm: key.algorithm, publicKey: key.publicKey });
      add(row.server, row.zone.name, keyName(key.selector, domain), null, value, key.inUse ? 'in use' : 'not in use');
    }
  }
  const ids = engine.store.pending
    .list()
    .filter(change => change.domain === domain)
    .map(change => change.id);
  for (const effect of ids.length === 0 ? [] : planFleet(planningInput(engine, { only: ids })).effects) {
    for (const record of effect.records) {
      for (const value of record.after?.values ?? []) {
        const why = record.phase === 'publish' ? 'staged' : 'policy';
        add(effect.server, record.zone, record.name, record.after?.ttl ?? null, value, why);
      }
    }
  }
  return views;
}

export const recordHandlers: Handlers = {
  'records.show': (engine, { domain, dialect }) =>
    recordsOf(engine, domain, dialect ?? engine.store.settings.get().dnsDialect),
};
