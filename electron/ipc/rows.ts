/** The rows of the table, with what is known on the laptop. */
import type { DomainRow } from '../../shared/model.ts';
import { managedKey } from '../planning/plan.ts';
import { domainRows } from '../planning/rows.ts';
import type { Engine } from './engine.ts';
import { planningContext } from './views.ts';

export function rowsOf(engine: Engine, server?: string): readonly DomainRow[] {
  const context = planningContext(engine);
  const pending = new Map<string, string[]>();
  for (const change of engine.store.pending.list()) {
    const key = `${change.domain}\n${change.server}`;
    pending.set(key, [...(pending.get(key) ?? []), change.id]);
  }
  const probes = new Map(
    engine.store.probes
      .list()
      .map(probe => [`${probe.domain}\n${probe.server}`, { signed: probe.signed, at: probe.at }]),
  );
  const since = new Map(
    engine.store.managed.list().map(key => [managedKey(key.domain, key.server, key.selector), key.since]),
  );
  return domainRows(
    {
      ...context,
      since: (...key) => (context.managed(...key) ? (since.get(managedKey(...key)) ?? null) : null),
      pending: (domain, name) => pending.get(`${domain}\n${name}`) ?? [],
      probe: (domain, name) => probes.get(`${domain}\n${name}`) ?? null,
    },
    server,
  );
}
