/** Facts and pending changes into a plan. Pure: the same input gives the same plan, and the same id. */
import { createHash } from 'node:crypto';
import type { Change, DomainChange, Effect, PendingChange, Plan, ServerConfig } from '../../shared/model.ts';
import { endsSigning, isDomainChange } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Drivers, ServerFacts } from '../drivers/api.ts';
import type { Assembly } from './assemble.ts';
import { assemble } from './assemble.ts';
import type { Without } from './parts.ts';
import type { RunPlans } from './exact-undo.ts';
import type { Fleet } from './fleet.ts';
import { indexFleet, sharers, signedWith, signingOf } from './fleet.ts';
import { goalOf } from './goal-of.ts';
import type { Goal, PlanningContext } from './goals.ts';
import { effectOf } from './goals.ts';
import { packagesIn } from './plan-settings.ts';
import type { SettingsGoal } from './settings.ts';
import { settingsGoal } from './settings.ts';

export interface PlanningInput {
  readonly facts: readonly ServerFacts[];
  readonly servers: readonly Pick<ServerConfig, 'name' | 'host' | 'givenDomains'>[];
  /** Only what is to be carried out now: due tasks whose time has not come are the caller's to leave out (see `isDue`). */
  readonly pending: readonly PendingChange[];
  readonly drivers: Drivers;
  readonly managed: ReadonlySet<string>;
  /** Plans of runs, for pending changes that take one back; absent: they are taken back domain by domain. */
  readonly runs?: RunPlans;
  readonly now: Date;
}

/** The form in which `managed` names a selector. */
export function managedKey(domain: string, server: string, selector: string): string {
  return `${domain}\n${server}\n${selector}`;
}

/** Whether a pending change belongs into a plan now. */
export function isDue(pending: PendingChange, now: Date): boolean {
  return pending.intent.kind !== 'retire' || Date.parse(pending.intent.notBefore) <= now.getTime();
}

/** `without`: for a run in which some domains dropped out of some changes (ApplyPorts.reduce). */
export function planFleet(input: PlanningInput, without: Without = new Map()): Plan {
  const fleet = indexFleet(input.facts, input.servers);
  const means = { fleet, drivers: input.drivers, runs: input.runs ?? new Map() };
  const problems: Problem[] = [];
  let pending = input.pending;
  let goals: readonly Goal[];
  let settings: readonly SettingsGoal[];
  let assembly: Assembly;
  // What is refused has no part in the plan at all: no key is installed for a zone that cannot be edited, and no other change
  // relies on it.
  for (;;) {
    const refused = new Map<string, Problem>();
    goals = withSharedGates(goalsOf(contextOf(input, fleet, pending), pending, refused));
    settings = settingsGoals(input, fleet, pending, refused);
    assembly = assemble(means, goals, settings, without);
    for (const [id, problem] of assembly.refused) refused.set(id, problem);
    problems.push(...refused.values());
    if (refused.size === 0) break;
    pending = pending.filter(({ id }) => !refused.has(id));
  }
  const touched = new Set([...goals, ...settings].map(goal => goal.pending.id));
  for (const goal of goals) {
    problems.push(...goal.problems);
    const reason = goal.location.kind === 'external' ? goal.location.reason : null;
    if (reason !== null && goal.records.length > 0) problems.push({ ...reason, domain: goal.pending.domain });
  }
  const servers = new Set([
    ...assembly.changes.map(change => change.server),
    ...input.pending.filter(pending => touched.has(pending.id)).map(pending => pending.server),
  ]);
  const basis = input.facts
    .filter(facts => servers.has(facts.server))
    .map(facts => ({ server: facts.server, scannedAt: facts.scannedAt, digest: digestOf(facts) }));
  return {
    id: createHash('sha256').update(JSON.stringify(assembly.changes)).digest('hex').slice(0, 24),
    createdAt: input.now.toISOString(),
    basis,
    effects: [...settings.map(goal => settingsEffectOf(goal, assembly.changes)), ...goals.map(effectOf)],
    changes: assembly.changes,
    manual: assembly.manual,
    problems,
  };
}

function settingsGoals(
  { drivers }: PlanningInput,
  fleet: Fleet,
  pending: readonly PendingChange[],
  refused: Map<string, Problem>,
): readonly SettingsGoal[] {
  const going = pending.filter(({ id }) => !refused.has(id));
  return pending.flatMap((change): readonly SettingsGoal[] => {
    if (isDomainChange(change)) return [];
    const outcome = settingsGoal(drivers, fleet.servers.get(change.server), change, going);
    if ('goal' in outcome) return [outcome.goal];
    refused.set(change.id, outcome.refused);
    return [];
  });
}

function settingsEffectOf({ pending, before, after }: SettingsGoal, changes: readonly Change[]): Effect {
  const own = changes.filter(change => change.pending.includes(pending.id));
  return {
    pending: pending.id,
    domain: null,
    server: pending.server,
    intent: pending.intent.kind,
    selectors: null,
    records: [],
    installed: [],
    removed: [],
    retire: [],
    settings: { before, after, packages: packagesIn(own.flatMap(change => change.steps)) },
  };
}

function contextOf(input: PlanningInput, fleet: Fleet, pending: readonly PendingChange[]): PlanningContext {
  const ended = endedUses(pending);
  return {
    fleet,
    managed: (domain, server, selector) => input.managed.has(managedKey(domain, server, selector)),
    signedElsewhere: (domain, server, selector) =>
      sharers(fleet, domain, server, selector).some(
        other => !ended.has(managedKey(domain, other, selector)) && !ended.has(managedKey(domain, other, '')),
      ),
    willSign: signedAfter(pending, fleet.servers),
  };
}

function goalsOf(
  context: PlanningContext,
  pending: readonly PendingChange[],
  refused: Map<string, Problem>,
): readonly Goal[] {
  const wishes = new Map<string, DomainChange>();
  return pending.filter(isDomainChange).flatMap((change): readonly Goal[] => {
    const contrary = contraryWish(wishes, change);
    const outcome = contrary === null ? goalOf(context, change) : { refused: contrary };
    if ('goal' in outcome) return [outcome.goal];
    refused.set(change.id, outcome.refused);
    return [];
  });
}

/** The selectors that nothing signs with on a server any more once the pending changes are carried out; '': with none at all. */
function endedUses(pending: readonly PendingChange[]): ReadonlySet<string> {
  return new Set(
    pending.filter(isDomainChange).flatMap(({ domain, server, intent }) => {
      const selectors = intent.kind === 'rotate' ? intent.replaces : endsSigning(intent) ? [''] : [];
      return selectors.map(selector => managedKey(domain, server, selector));
    }),
  );
}

/** No server of a domain stops signing before its policy is gone everywhere, whichever pending change withdraws it. */
function withSharedGates(goals: readonly Goal[]): readonly Goal[] {
  const byDomain = Map.groupBy(goals, goal => goal.pending.domain);
  return goals.map(goal => {
    const others = (byDomain.get(goal.pending.domain) ?? []).filter(other => other !== goal);
    const gates = others.flatMap(other => other.gates.filter(gate => gate.compare !== 'key'));
    if (goal.selectors === null || gates.length === 0) return goal;
    return { ...goal, gates: [...goal.gates, ...gates.map(gate => ({ ...gate, via: goal.pending.server }))] };
  });
}

/** Policies are of a domain, not of a server: two wishes for one domain must agree. */
function contraryWish(wishes: Map<string, DomainChange>, pending: DomainChange): Problem | null {
  const { domain, server, intent } = pending;
  if (!('policy' in intent)) return null;
  for (const wish of ['policy', 'dmarc'] as const) {
    if (intent[wish] === 'keep') continue;
    const key = `${wish} ${domain}`;
    const other = wishes.get(key);
    if (other === undefined) wishes.set(key, pending);
    else if ('policy' in other.intent && other.intent[wish] !== intent[wish]) {
      return {
        code: 'conflicting-changes',
        message: `${domain}: the pending changes for ${other.server} and ${server} want different policies (${other.intent[wish]}, ${intent[wish]}).`,
        hint: `Drop one of them: signet pending drop ${pending.id}`,
        severity: 'stop',
        domain,
        server,
      };
    }
  }
  return null;
}

const digests = new WeakMap<ServerFacts, string>();

/** Hash of a server's facts; facts are never changed in place, so it is computed once for each. */
function digestOf(facts: ServerFacts): string {
  let digest = digests.get(facts);
  if (digest === undefined) {
    digest = createHash('sha256').update(JSON.stringify(facts)).digest('hex');
    digests.set(facts, digest);
  }
  return digest;
}

function signedAfter(
  pending: readonly PendingChange[],
  servers: ReadonlyMap<string, ServerFacts>,
): (domain: string, server: string) => boolean {
  const on = new Set<string>();
  const off = new Set<string>();
  for (const { domain, server, intent } of pending) {
    const key = `${domain}\n${server}`;
    if (intent.kind === 'signing-on') on.add(key);
    if (endsSigning(intent)) off.add(key);
    if (intent.kind === 'undo' && intent.effect.selectors !== null) {
      (intent.effect.selectors.before.length > 0 ? on : off).add(key);
    }
  }
  return (domain, server) => {
    const key = `${domain}\n${server}`;
    if (on.has(key)) return true;
    if (off.has(key)) return false;
    const facts = servers.get(server);
    const signer = facts === undefined ? null : signingOf(facts);
    return signer !== null && signedWith(signer, domain).length > 0;
  };
}
