/** Facts and pending changes into a plan. Pure: the same input gives the same plan, and the same id. */
import { createHash } from 'node:crypto';
import type { PendingChange, Plan, ServerConfig } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Drivers, ServerFacts } from '../drivers/api.ts';
import type { Without } from './assemble.ts';
import { assemble } from './assemble.ts';
import type { RunPlans } from './exact-undo.ts';
import { indexFleet, signedElsewhere, signedWith, signerOf } from './fleet.ts';
import { goalOf } from './goal-of.ts';
import type { Goal, PlanningContext } from './goals.ts';
import { effectOf } from './goals.ts';

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
  const context: PlanningContext = {
    fleet,
    managed: (domain, server, selector) => input.managed.has(managedKey(domain, server, selector)),
    signedElsewhere: (domain, server, selector) => signedElsewhere(fleet, domain, server, selector),
    willSign: signedAfter(input, fleet.servers),
  };
  const problems: Problem[] = [];
  let goals: Goal[] = [];
  const wishes = new Map<string, PendingChange>();
  for (const pending of input.pending) {
    const contrary = contraryWish(wishes, pending);
    if (contrary !== null) {
      problems.push(contrary);
      continue;
    }
    const outcome = goalOf(context, pending);
    if ('goal' in outcome) goals.push(outcome.goal);
    else problems.push(outcome.refused);
  }
  goals = withSharedGates(goals);
  // a goal that a driver refuses has no part in the plan at all: no key is installed for a zone that cannot be edited
  const means = { fleet, drivers: input.drivers, runs: input.runs ?? new Map() };
  let assembly = assemble(means, goals, without);
  while (assembly.refused.size > 0) {
    const { refused } = assembly;
    problems.push(...refused.values());
    goals = goals.filter(goal => !refused.has(goal.pending.id));
    assembly = assemble(means, goals, without);
  }
  const touched = new Set(goals.map(goal => goal.pending.id));
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
    effects: goals.map(effectOf),
    changes: assembly.changes,
    manual: assembly.manual,
    problems,
  };
}

/** No server of a domain stops signing before its policy is gone everywhere, whichever pending change withdraws it. */
function withSharedGates(goals: readonly Goal[]): Goal[] {
  const byDomain = Map.groupBy(goals, goal => goal.pending.domain);
  return goals.map(goal => {
    const others = (byDomain.get(goal.pending.domain) ?? []).filter(other => other !== goal);
    const gates = others.flatMap(other => other.gates.filter(gate => gate.compare !== 'key'));
    if (goal.selectors === null || gates.length === 0) return goal;
    return { ...goal, gates: [...goal.gates, ...gates.map(gate => ({ ...gate, via: goal.pending.server }))] };
  });
}

/** Policies are of a domain, not of a server: two wishes for one domain must agree. */
function contraryWish(wishes: Map<string, PendingChange>, pending: PendingChange): Problem | null {
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
  input: PlanningInput,
  servers: ReadonlyMap<string, ServerFacts>,
): (domain: string, server: string) => boolean {
  const on = new Set<string>();
  const off = new Set<string>();
  for (const { domain, server, intent } of input.pending) {
    const key = `${domain}\n${server}`;
    if (intent.kind === 'signing-on') on.add(key);
    if (intent.kind === 'signing-off') off.add(key);
    if (intent.kind === 'undo' && intent.effect.selectors !== null) {
      (intent.effect.selectors.before.length > 0 ? on : off).add(key);
    }
  }
  return (domain, server) => {
    const key = `${domain}\n${server}`;
    if (on.has(key)) return true;
    if (off.has(key)) return false;
    const facts = servers.get(server);
    const signer = facts === undefined ? null : signerOf(facts);
    return signer !== null && signedWith(signer.view, domain).length > 0;
  };
}
