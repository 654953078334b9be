/** Goals into changes: each phase and server one change, planned by the drivers on the facts as the phase before leaves them. Pure. */
import type { Change, Gate, ManualRecord, Phase, Probe } from '../../shared/model.ts';
import { phases } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Goal } from './goals.ts';
import type { Advanced, Means, Part, Refuse, Without } from './parts.ts';
import { planSettings } from './plan-settings.ts';
import { planSigners } from './plan-signers.ts';
import { planZones } from './plan-zones.ts';
import { reasonOf } from './reason.ts';
import type { SettingsGoal } from './settings.ts';

export interface Assembly {
  readonly changes: readonly Change[];
  readonly manual: readonly ManualRecord[];
  /** Goals that a driver cannot fulfil, by the id of their pending change. The changes hold nothing of the others' steps only. */
  readonly refused: ReadonlyMap<string, Problem>;
}

export function assemble(
  means: Means,
  all: readonly Goal[],
  settings: readonly SettingsGoal[] = [],
  without: Without = new Map(),
): Assembly {
  const advanced: Advanced = new Map();
  const refused = new Map<string, Problem>();
  // the first phase that refuses says why; what later ones say follows from it
  const refuse: Refuse = (goal, problem) => {
    if (!refused.has(goal.pending.id)) refused.set(goal.pending.id, problem);
  };
  const changes: Change[] = [];
  const earlier = new Map<string, string[]>();
  for (const phase of phases) {
    if (phase === 'prepare' || phase === 'dismantle') {
      const refuseSettings = (id: string, problem: Problem) => {
        if (!refused.has(id)) refused.set(id, problem);
      };
      changes.push(...planSettings(means, settings, phase, advanced, without, changes, refuseSettings));
      continue;
    }
    const parts = new Map<string, Part>();
    // signers work on the mail server, records are changed on the name server
    const here = (place: (goal: Goal) => string | null) =>
      all.filter(goal => without.get(`${phase}@${place(goal) ?? ''}`)?.has(goal.pending.id) !== true);
    const signing = here(goal => goal.pending.server);
    const naming = here(goal => (goal.location.kind === 'managed' ? goal.location.server : null));
    planSigners(means, signing, phase, advanced, parts, refuse);
    planZones(means, naming, phase, advanced, parts, refuse);
    for (const [server, part] of [...parts].sort(([one], [other]) => (one < other ? -1 : 1))) {
      const change = changeOf(phase, server, part, earlier, domainTies(phase, part, changes));
      changes.push(change);
      for (const pending of change.pending) {
        const ids = earlier.get(pending);
        if (ids === undefined) earlier.set(pending, [change.id]);
        else ids.push(change.id);
      }
    }
  }
  return { changes, manual: all.flatMap(manualRecords), refused };
}

/**
 * Records are of a domain, on whichever servers its mail is: a policy is withdrawn before any of them stops signing, and
 * published after all of them sign, also where the wish for it came with another server's change; a key record that servers
 * may share goes after all of them are switched.
 */
function domainTies(phase: Phase, part: Part, changes: readonly Change[]): readonly string[] {
  const before = phase === 'policy' || phase === 'unpublish' ? 'switch' : phase === 'switch' ? 'withdraw' : null;
  const domains = new Set([...part.goals].map(goal => goal.pending.domain));
  return changes
    .filter(change => change.phase === before && change.domains.some(domain => domains.has(domain)))
    .map(change => change.id);
}

function changeOf(
  phase: Phase,
  server: string,
  part: Part,
  earlier: ReadonlyMap<string, readonly string[]>,
  ties: readonly string[],
): Change {
  const goals = [...part.goals];
  const gates: Gate[] = [];
  const probes: Probe[] = [];
  for (const goal of goals) {
    if (phase === 'switch') {
      gates.push(...goal.gates);
      if (goal.probe !== null) probes.push(goal.probe);
    }
    if (phase === 'policy') gates.push(...goal.policyGates);
  }
  const pending = goals.map(goal => goal.pending.id);
  return {
    id: `${phase}@${server}`,
    intent: [...new Set(goals.map(goal => goal.pending.intent.kind))].sort().join('+'),
    server,
    phase,
    pending,
    domains: [...new Set(goals.map(goal => goal.pending.domain))],
    dependsOn: [...new Set([...pending.flatMap(id => earlier.get(id) ?? []), ...ties])],
    gates,
    requires: [...part.requires.values()],
    steps: part.steps,
    probes,
    reason: reasonOf(phase, goals),
  };
}

function manualRecords(goal: Goal): readonly ManualRecord[] {
  const { location, pending } = goal;
  if (location.kind !== 'external') return [];
  return goal.records.flatMap((record): readonly ManualRecord[] => {
    const base = { pending: pending.id, domain: pending.domain, server: pending.server };
    const why = location.reason?.message ?? `The DNS of ${pending.domain} is not on a server that Signet manages.`;
    if (record.after !== null) return [{ ...base, action: 'publish', rrset: record.after, reason: why }];
    return record.before === null ? [] : [{ ...base, action: 'remove', rrset: record.before, reason: why }];
  });
}
