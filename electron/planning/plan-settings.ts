/** Goals of whole servers into changes: the signers' drivers say what they take, the MTA's puts them into the path or out of it. Pure. */
import type { Change, FileRequirement, PackageStep, Phase, Step } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type {
  DriverPlan,
  MtaDriver,
  MtaEdit,
  RestoreFile,
  ServerFacts,
  SettingsContext,
  SettingsPlan,
  SignerDriver,
} from '../drivers/api.ts';
import type { Advanced, Means, Without } from './parts.ts';
import { filesOf } from './exact-undo.ts';
import { endpointKey } from './fleet.ts';
import { settingsReason } from './reason.ts';
import type { SettingsGoal, SettingsPart } from './settings.ts';

type Refuse = (pending: string, problem: Problem) => void;

const apt = new Set(['debian', 'ubuntu', 'raspbian', 'devuan', 'linuxmint', 'pop', 'kali']);
const dnf = new Set(['fedora', 'rhel', 'centos', 'rocky', 'almalinux', 'ol', 'amzn']);

function packageManager(os: string): 'apt' | 'dnf' | null {
  if (apt.has(os)) return 'apt';
  return dnf.has(os) ? 'dnf' : null;
}

/** The changes of one of the two phases. `earlier`: those of the phases before. */
export function planSettings(
  means: Means,
  goals: readonly SettingsGoal[],
  phase: Phase,
  advanced: Advanced,
  without: Without,
  earlier: readonly Change[],
  refuse: Refuse,
): readonly Change[] {
  return goals.flatMap((goal): readonly Change[] => {
    const { server, id: pending, intent } = goal.pending;
    const id = `${phase}@${server}`;
    const facts = means.fleet.servers.get(server);
    const parts = goal.parts.filter(part => part.phase === phase);
    if (facts === undefined || parts.length === 0 || without.get(id)?.has(pending) === true) return [];
    const planned = exactly(means, facts, goal, phase, advanced) ?? planServer(means, facts, parts, phase, advanced);
    if ('refused' in planned) {
      refuse(pending, { ...planned.refused, server });
      return [];
    }
    if (planned.steps.length === 0) return [];
    // signing has ended for every domain, and its keys are gone, before what signs goes
    const after = phase === 'dismantle' ? [`switch@${server}`, `remove@${server}`] : [];
    return [
      {
        id,
        intent: intent.kind,
        server,
        phase,
        pending: [pending],
        domains: [],
        dependsOn: earlier
          .filter(change => after.includes(change.id) || change.pending.includes(pending))
          .map(change => change.id),
        gates: [],
        requires: planned.requires,
        steps: planned.steps,
        probes: [],
        reason: settingsReason(goal, packagesIn(planned.steps)),
      },
    ];
  });
}

export function packagesIn(steps: readonly Step[]): readonly string[] {
  return steps.filter((step): step is PackageStep => step.kind === 'package').map(({ name }) => name);
}

/**
 * Where a run that is taken back changed texts only, and they are still as it left them, they get their old bytes. null: it
 * is planned from what is wished, which after a package was installed is the way back to the package's own files.
 */
function exactly(
  { fleet, drivers, runs }: Means,
  facts: ServerFacts,
  { pending, parts }: SettingsGoal,
  phase: Phase,
  advanced: Advanced,
): Planned | null {
  const { intent, server } = pending;
  if (intent.kind !== 'undo' || parts.some(part => part.phase !== phase)) return null;
  const own = runs.get(intent.run)?.changes.filter(change => change.pending.includes(intent.effect.pending)) ?? [];
  const [change] = own;
  if (change === undefined || own.length > 1 || change.steps.some(step => step.kind === 'package')) return null;
  const mta = fleet.servers.get(server)?.mta ?? null;
  const mtaDriver = drivers.mta.find(driver => driver.id === mta?.driver);
  const places: readonly Place[] = [
    ...parts.flatMap(({ driver }) => {
      const scanned = facts.signers.find(signer => signer.driver === driver.id)?.facts;
      return scanned === undefined ? [] : [{ key: `${server}/signer/${driver.id}`, scanned, driver }];
    }),
    ...(mta === null || mtaDriver === undefined
      ? []
      : [{ key: `${server}/mta`, scanned: mta.facts, driver: mtaDriver }]),
  ];
  const restores = (place: Place, files: readonly RestoreFile[]) =>
    place.driver.restore(advanced.has(place.key) ? advanced.get(place.key) : place.scanned, files);
  const files = filesOf(change);
  const byPlace = Map.groupBy(files, file => places.find(place => restores(place, [file]).refused.length === 0));
  if (files.length === 0 || byPlace.has(undefined)) return null;
  const steps: Step[] = [];
  for (const place of phase === 'prepare' ? places : places.toReversed()) {
    const restored = restores(place, byPlace.get(place) ?? []);
    steps.push(...restored.steps);
    advanced.set(place.key, restored.after);
  }
  return { steps, requires: [] };
}

interface Place {
  readonly key: string;
  readonly scanned: unknown;
  readonly driver: SignerDriver | MtaDriver;
}

interface Planned {
  readonly steps: readonly Step[];
  readonly requires: readonly FileRequirement[];
}

function planServer(
  { fleet, drivers }: Means,
  facts: ServerFacts,
  parts: readonly SettingsPart[],
  phase: Phase,
  advanced: Advanced,
): Planned | { readonly refused: Problem } {
  const { server } = facts;
  const context: SettingsContext = {
    server,
    host: facts.host,
    packages: packageManager(facts.host.os.id),
    own: facts.mta?.view.own ?? [],
    chroot: facts.mta?.view.chroot ?? null,
  };
  const plans: SettingsPlan<unknown>[] = [];
  const edits: MtaEdit[] = [];
  for (const { driver, wish } of parts) {
    const key = `${server}/signer/${driver.id}`;
    const scanned = facts.signers.find(signer => signer.driver === driver.id)?.facts ?? null;
    const plan = driver.settings?.(advanced.has(key) ? advanced.get(key) : scanned, wish, context);
    if (plan === undefined) continue;
    if (plan.refused !== null) return { refused: plan.refused };
    advanced.set(key, plan.after);
    plans.push(plan);
    edits.push({ kind: wish.sign || wish.verify !== null ? 'wire' : 'unwire', endpoint: plan.endpoint });
  }
  const mta = planMta(drivers.mta, fleet.servers.get(server), edits, advanced);
  if ('refused' in mta) return mta;
  const steps = plans.flatMap(plan => plan.steps);
  const written = new Set([...steps, ...mta.steps].map(step => (step.kind === 'file' ? step.path : null)));
  return {
    // what mail is sent to is there before mail is, and is left before it goes
    steps: phase === 'prepare' ? [...steps, ...mta.steps] : [...mta.steps, ...steps],
    requires: [...plans, mta].flatMap(plan => plan.requires).filter(({ path }) => !written.has(path)),
  };
}

function planMta(
  drivers: readonly MtaDriver[],
  facts: ServerFacts | undefined,
  edits: readonly MtaEdit[],
  advanced: Advanced,
): Planned | { readonly refused: Problem } {
  const mta = facts?.mta ?? null;
  const driver = drivers.find(candidate => candidate.id === mta?.driver);
  if (facts === undefined || mta === null || driver === undefined) return { steps: [], requires: [] };
  const key = `${facts.server}/mta`;
  const plan: DriverPlan<unknown> = driver.plan(advanced.has(key) ? advanced.get(key) : mta.facts, distinct(edits));
  const [refused] = plan.refused;
  if (refused !== undefined) return { refused: refused.problem };
  advanced.set(key, plan.after);
  return { steps: plan.steps, requires: plan.requires };
}

/** Where two signers are at one place, whoever is wired keeps the place. */
function distinct(edits: readonly MtaEdit[]): readonly MtaEdit[] {
  const wired = new Set(edits.filter(({ kind }) => kind === 'wire').map(({ endpoint }) => endpointKey(endpoint)));
  return edits.filter(({ kind, endpoint }) => kind === 'wire' || !wired.has(endpointKey(endpoint)));
}
