/** Goals into steps of name servers: all edits of one server and phase in one plan of its driver. Pure. */
import type { Phase, RecordEffect } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { DnsEdit } from '../drivers/api.ts';
import { exactly } from './exact-undo.ts';
import type { Goal } from './goals.ts';
import type { Advanced, Means, Part, Refuse } from './parts.ts';
import { addPlan, partOf } from './parts.ts';

export function planZones(
  { fleet, drivers, runs }: Means,
  goals: readonly Goal[],
  phase: Phase,
  advanced: Advanced,
  parts: Map<string, Part>,
  refuse: Refuse,
): void {
  const byPlace = new Map<string, { server: string; driver: string; edits: Map<string, DnsEdit>; goals: Set<Goal> }>();
  for (const goal of goals) {
    const { location } = goal;
    if (location.kind !== 'managed') continue;
    for (const record of goal.records) {
      if (record.phase !== phase) continue;
      const key = `${location.server}/${location.driver}`;
      let place = byPlace.get(key);
      if (place === undefined) {
        place = { server: location.server, driver: location.driver, edits: new Map(), goals: new Set() };
        byPlace.set(key, place);
      }
      const edit = { zone: location.zone, name: record.name, before: record.before, after: record.after };
      const other = place.edits.get(record.name);
      if (other !== undefined && JSON.stringify(other) !== JSON.stringify(edit)) {
        refuse(goal, conflicting(goal, record));
        continue;
      }
      place.edits.set(record.name, edit);
      place.goals.add(goal);
    }
  }
  for (const place of byPlace.values()) {
    const facts = fleet.servers.get(place.server)?.dns.find(candidate => candidate.driver === place.driver);
    const driver = drivers.dns.find(candidate => candidate.id === place.driver);
    if (facts === undefined || driver === undefined) continue;
    const key = `${place.server}/dns/${place.driver}`;
    const current = advanced.has(key) ? advanced.get(key) : facts.facts;
    const semantic = driver.plan(current, [...place.edits.values()]);
    const plan = exactly(semantic, files => driver.restore(current, files), runs, phase, place.server, [
      ...place.goals,
    ]);
    advanced.set(key, plan.after);
    for (const { subject, problem } of plan.refused) {
      for (const goal of place.goals) {
        const concerned = goal.records.some(record => record.phase === phase && record.name === subject);
        if (concerned) refuse(goal, { ...problem, domain: goal.pending.domain, server: place.server });
      }
    }
    if (plan.steps.length > 0) addPlan(partOf(parts, place.server), [...place.goals], plan);
  }
}

function conflicting(goal: Goal, record: RecordEffect): Problem {
  return {
    code: 'conflicting-changes',
    message: `${record.name}: two pending changes want different records there.`,
    hint: 'Drop one of them.',
    severity: 'stop',
    domain: goal.pending.domain,
    server: goal.pending.server,
  };
}
