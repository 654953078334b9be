/** Goals into steps of signers: each signer of a server does what concerns its own selectors. Pure. */
import type { Phase } from '../../shared/model.ts';
import type { DriverFacts, RestoreFile, SignerEdit, SignerView } from '../drivers/api.ts';
import { exactly } from './exact-undo.ts';
import type { Fleet } from './fleet.ts';
import { sameSelectors, signersOf } from './fleet.ts';
import type { Goal } from './goals.ts';
import type { Advanced, Means, Part, Refuse } from './parts.ts';
import { addPlan, partOf } from './parts.ts';

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

export function planSigners(
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
