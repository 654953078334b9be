/** What planning the phases of a plan shares: the means, what is known by then, and the changes in the making. Pure. */
import type { FileRequirement, Step } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Drivers } from '../drivers/api.ts';
import type { RunPlans } from './exact-undo.ts';
import type { Fleet } from './fleet.ts';
import type { Goal } from './goals.ts';

/** A change in the making: of one phase on one server. */
export interface Part {
  readonly goals: Set<Goal>;
  readonly steps: Step[];
  readonly requires: Map<string, FileRequirement>;
}

export type Refuse = (goal: Goal, problem: Problem) => void;

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

export function partOf(parts: Map<string, Part>, server: string): Part {
  let part = parts.get(server);
  if (part === undefined) {
    part = { goals: new Set(), steps: [], requires: new Map() };
    parts.set(server, part);
  }
  return part;
}

export function addPlan(
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
