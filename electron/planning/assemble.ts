/** Goals into changes: each phase and server one change, planned by the drivers on the facts as the phase before leaves them. Pure. */
import type {
  Change,
  FileRequirement,
  Gate,
  ManualRecord,
  Phase,
  Probe,
  RecordEffect,
  Step,
} from '../../shared/model.ts';
import { phases } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { DnsEdit, Drivers, DriverFacts, RestoreFile, SignerEdit, SignerView } from '../drivers/api.ts';
import type { Fleet } from './fleet.ts';
import { sameSelectors, signersOf } from './fleet.ts';
import type { Goal } from './goals.ts';
import type { RunPlans } from './exact-undo.ts';
import { exactly } from './exact-undo.ts';
import { planSettings } from './plan-settings.ts';
import { reasonOf } from './reason.ts';
import type { SettingsGoal } from './settings.ts';

export interface Assembly {
  readonly changes: readonly Change[];
  readonly manual: readonly ManualRecord[];
  /** Goals that a driver cannot fulfil, by the id of their pending change. The changes hold nothing of the others' steps only. */
  readonly refused: ReadonlyMap<string, Problem>;
}

interface Part {
  readonly goals: Set<Goal>;
  readonly steps: Step[];
  readonly requires: Map<string, FileRequirement>;
}

type Refuse = (goal: Goal, problem: Problem) => void;

/** Facts of drivers as they are after the phases planned so far. */
export type Advanced = Map<string, unknown>;

/** What has no part in a change, by the change's id: ids of pending changes. */
export type Without = ReadonlyMap<string, ReadonlySet<string>>;

export interface Means {
  readonly fleet: Fleet;
  readonly drivers: Drivers;
  /** Plans of the runs that are taken back. */
  readonly runs: RunPlans;
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

function partOf(parts: Map<string, Part>, server: string): Part {
  let part = parts.get(server);
  if (part === undefined) {
    part = { goals: new Set(), steps: [], requires: new Map() };
    parts.set(server, part);
  }
  return part;
}

function addPlan(
  part: Part,
  goals: readonly Goal[],
  plan: { readonly steps: readonly Step[]; readonly requires: readonly FileRequirement[] },
): void {
  for (const goal of goals) part.goals.add(goal);
  const later = new Set(plan.steps.map(step => (step.kind === 'directory' ? step.path : null)));
  const kept = part.steps.filter(step => step.kind !== 'directory' || !later.has(step.path));
  part.steps.splice(0, part.steps.length, ...kept, ...plan.steps);
  const written = new Set(part.steps.map(step => (step.kind === 'file' ? step.path : null)));
  for (const requirement of plan.requires) {
    if (!written.has(requirement.path)) part.requires.set(requirement.path, requirement);
  }
}

// ---------------------------------------------------------------- signers

type Signer = DriverFacts<unknown, SignerView>;

/**
 * Selectors of a domain are unique over the signers of a server: each is of the signer that knows its key, or of the one that
 * signs by the scheme of the new key; what nobody knows is the first one's.
 */
function ownerOf(signers: readonly Signer[], goal: Goal): (selector: string) => Signer | undefined {
  const [first, ...others] = signers;
  if (others.length === 0) return () => first;
  const { domain } = goal.pending;
  const owners = new Map<string, Signer>();
  for (const signer of signers) {
    for (const key of signer.view.keys) if (key.domain === domain) owners.set(key.selector, signer);
  }
  for (const key of goal.installs) {
    const able = signers.find(signer => signer.view.can.includes(key.scheme));
    if (able !== undefined) owners.set(key.selector, able);
  }
  return selector => owners.get(selector) ?? first;
}

/** What one signer is to do for the goal. */
function signerEdits(goal: Goal, phase: Phase, isOwn: (selector: string) => boolean): readonly SignerEdit[] {
  const { domain } = goal.pending;
  switch (phase) {
    case 'install':
      return goal.installs
        .filter(key => isOwn(key.selector))
        .map(key => ({ kind: 'install', key: { ...key, secret: key.ref } }));
    case 'switch': {
      const before = goal.selectors?.before.filter(isOwn) ?? [];
      const after = goal.selectors?.after.filter(isOwn) ?? [];
      if (sameSelectors(before, after)) return [];
      return after.length === 0 ? [{ kind: 'deactivate', domain }] : [{ kind: 'activate', domain, selectors: after }];
    }
    case 'remove':
      return goal.removals.filter(isOwn).map(selector => ({ kind: 'remove', domain, selector }));
    default:
      return [];
  }
}

interface SignerWork {
  readonly server: string;
  readonly signer: Signer;
  readonly items: { readonly goal: Goal; readonly edits: readonly SignerEdit[] }[];
}

/** By server and signer. */
function signerWork(fleet: Fleet, goals: readonly Goal[], phase: Phase): readonly SignerWork[] {
  const work = new Map<string, SignerWork>();
  const signersBy = new Map<string, readonly Signer[]>();
  for (const goal of goals) {
    const { server } = goal.pending;
    const facts = fleet.servers.get(server);
    const signers = signersBy.get(server) ?? (facts === undefined ? [] : signersOf(facts));
    signersBy.set(server, signers);
    const owner = ownerOf(signers, goal);
    for (const signer of signers) {
      const edits = signerEdits(goal, phase, selector => owner(selector) === signer);
      if (edits.length === 0) continue;
      const key = `${server}/${signer.driver}`;
      const found = work.get(key);
      if (found === undefined) work.set(key, { server, signer, items: [{ goal, edits }] });
      else found.items.push({ goal, edits });
    }
  }
  return [...work.values()];
}

function planSigners(
  { fleet, drivers, runs }: Means,
  goals: readonly Goal[],
  phase: Phase,
  advanced: Advanced,
  parts: Map<string, Part>,
  refuse: Refuse,
): void {
  if (phase !== 'install' && phase !== 'switch' && phase !== 'remove') return;
  const work = signerWork(fleet, goals, phase).map(one => {
    const key = `${one.server}/signer/${one.signer.driver}`;
    const driver = drivers.signers.find(candidate => candidate.id === one.signer.driver);
    return { ...one, key, driver, current: advanced.has(key) ? advanced.get(key) : one.signer.facts };
  });
  for (const one of work) {
    const { server, items, driver, key, current } = one;
    if (driver === undefined) continue;
    const here = work.filter(other => other.server === server);
    // a change of a run is of all the signers of its server: each puts back the files that are no other's
    const isOthers = (file: RestoreFile) =>
      here.some(other => other !== one && other.driver?.restore(other.current, [file]).refused.length === 0);
    const plan = exactly(
      driver.plan(
        current,
        items.flatMap(item => item.edits),
      ),
      files =>
        driver.restore(
          current,
          files.filter(file => !isOthers(file)),
        ),
      runs,
      phase,
      server,
      [...new Set(here.flatMap(other => other.items.map(item => item.goal)))],
    );
    advanced.set(key, plan.after);
    for (const { subject, problem } of plan.refused) {
      for (const { goal } of items) {
        if (goal.pending.domain === subject) refuse(goal, { ...problem, domain: subject, server });
      }
    }
    if (plan.steps.length === 0) continue;
    addPlan(
      partOf(parts, server),
      items.map(item => item.goal),
      plan,
    );
  }
}

// ---------------------------------------------------------------- zones

function planZones(
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
