/** Mail settings on generated servers: staged as an admin would, planned by the real drivers, carried out, and taken back. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Change, PendingChange, Plan } from '../../../shared/model.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { registry } from '../../../electron/drivers/registry.ts';
import { managedKey, planFleet, type PlanningInput } from '../../../electron/planning/plan.ts';
import { domainRows } from '../../../electron/planning/rows.ts';
import { mailSettingsOf } from '../../../electron/planning/settings.ts';
import {
  stageSettings,
  type SettingsStagePlan,
  type SettingsWishes,
} from '../../../electron/planning/stage-settings.ts';
import { realisedEffects } from '../../../electron/planning/undo.ts';
import { indexFleet } from '../../../electron/planning/fleet.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import type { GeneratedKey } from '../../../electron/vault/api.ts';
import { order, packaged, violations, World } from './fleet-world.ts';
import { picker } from './fleets.ts';
import { carriedOut } from './whole-run.ts';

const now = new Date('2026-11-24T00:00:00Z');
const server = 'mx1';
const names = ['a.example', 'b.example', 'c.example'];

const scenes = fc.record({
  signer: fc.constantFrom('none' as const, 'unwired' as const, undefined),
  domains: fc.tuple(...names.map(() => fc.record({ signed: fc.boolean(), policy: fc.boolean() }))),
  wishes: fc.array(
    fc.record({
      allowSigning: fc.constantFrom('on' as const, 'off' as const, undefined),
      verifyIncoming: fc.constantFrom('on' as const, 'off' as const, undefined),
      failing: fc.constantFrom('discard' as const, 'reject' as const, 'tag' as const),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  graceHours: fc.constantFrom(0, 48),
  choices: fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
});
type Scene = typeof scenes extends fc.Arbitrary<infer T> ? T : never;

let old: GeneratedKey;
beforeAll(async () => {
  const [key] = await generateKeys([{ algorithm: 'rsa', bits: 1024 }]);
  if (key === undefined) throw new Error('no key');
  old = key;
});

function worldOf({ signer, domains }: Pick<Scene, 'signer' | 'domains'>): World {
  const hosted = names.map((name, i) => {
    const signed = signer === undefined && domains[i]?.signed === true;
    return { name, signed, policy: signed && domains[i]?.policy === true };
  });
  const host = { name: server, zones: names, domains: hosted, ...(signer === undefined ? {} : { signer }) };
  return new World([host], old, new Map());
}

const managed = new Set(names.map(name => managedKey(name, server, 'old')));
const input = (facts: readonly ServerFacts[], pending: readonly PendingChange[]): PlanningInput => ({
  facts,
  pending,
  servers: [],
  drivers: registry,
  managed,
  now,
});

/** What becomes of failing mail is said where mail is to be verified; by OpenDKIM alone. */
function asked(
  wish: Scene['wishes'][number],
): Pick<SettingsWishes, 'allowSigning' | 'verifyIncoming' | 'failing' | 'policies'> {
  const { failing, ...rest } = wish;
  return wish.verifyIncoming === 'on' ? { ...rest, failing, policies: false } : rest;
}

function staged(facts: readonly ServerFacts[], wish: Omit<SettingsWishes, 'server' | 'scheme'>): SettingsStagePlan {
  const fleet = indexFleet(facts, []);
  const isManaged = (domain: string, at: string, selector: string) => managed.has(managedKey(domain, at, selector));
  const context = { fleet, managed: isManaged, signedElsewhere: () => false, willSign: () => true };
  const rows = domainRows({ ...context, pending: () => [], probe: () => null });
  return stageSettings(context, rows, [], { server, scheme: 'dkim', ...wish }, now);
}

function pendingOf({ intent, additions }: SettingsStagePlan): readonly PendingChange[] {
  const createdAt = now.toISOString();
  const own: readonly PendingChange[] = intent === null ? [] : [{ id: 's', domain: null, server, createdAt, intent }];
  const offs = additions.flatMap(({ domain, intent: off }, i): readonly PendingChange[] =>
    off.kind === 'signing-off' ? [{ id: `o${i}`, domain, server, createdAt, intent: off }] : [],
  );
  return [...own, ...offs];
}

/** No mail leaves unsigned that a policy condemns: signed is what is in the tables of a signer that mail passes through. */
function broken(world: World, facts: readonly ServerFacts[]): readonly string[] {
  const passes = facts.map(one => ((mailSettingsOf(one)?.signing.length ?? 0) > 0 ? one : { ...one, signers: [] }));
  return violations(world, passes);
}

/** Every file but what a package brought that was not there before: it stays. */
function filesNow(world: World, before: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const stays = (path: string, text: string) =>
    !before.has(path) &&
    (path === packaged.program || path === '/etc/dkimkeys' || (path === packaged.config && text === packaged.text));
  return Object.fromEntries([...world.snapshot(server)].filter(([path, text]) => !stays(path, text)));
}

async function carryOut(world: World, plan: Plan, choices: readonly number[]): Promise<void> {
  for (const change of order(plan, picker(choices))) {
    world.apply(change);
    expect(broken(world, await world.facts()), `after ${change.id}`).toEqual([]);
  }
}

const recordOf = (plan: Plan) => ({
  id: 'r1',
  startedAt: '',
  finishedAt: '',
  outcome: 'applied' as const,
  plan,
  changes: plan.changes.map(({ id, domains, pending }: Change) => ({
    id,
    domains,
    pending,
    state: 'applied' as const,
    finishedAt: '',
    problem: null,
  })),
  problems: [],
});

describe('mail settings', () => {
  test('every prefix is safe, what was wished is so, and a second plan is empty', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(scenes, async ({ wishes, graceHours, choices, ...scene }) => {
        const world = worldOf(scene);
        for (const wish of wishes) {
          const facts = await world.facts();
          const wanted = staged(facts, { ...asked(wish), graceHours });
          if (wanted.intent === null) continue;
          const pending = pendingOf(wanted);
          const plan = planFleet(input(facts, pending));
          expect(plan.problems.filter(({ severity }) => severity === 'stop')).toEqual([]);
          for (const { phase } of plan.changes) seen.add(phase);
          await carryOut(world, plan, choices);
          const after = await world.facts();
          const [now = null] = after.map(mailSettingsOf);
          if (wish.allowSigning !== undefined) expect(now?.signing).toEqual(wish.allowSigning === 'on' ? ['dkim'] : []);
          if (wish.verifyIncoming !== undefined) {
            const verifying = { failing: wish.failing, policies: false };
            expect(now?.verifying).toEqual(wish.verifyIncoming === 'on' ? verifying : null);
          }
          expect(planFleet(input(after, pending)).changes).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
    expect([...seen].sort()).toEqual(expect.arrayContaining(['dismantle', 'prepare', 'remove', 'switch', 'withdraw']));
  }, 120_000);

  test("allowed and then not any more: as before, but for the package, and an admin's Mode", async () => {
    for (const signer of ['none', 'unwired'] as const) {
      const world = worldOf({
        signer,
        domains: names.map(() => ({ signed: false, policy: false })) as unknown as Scene['domains'],
      });
      const before = world.snapshot(server);
      for (const allowSigning of ['on', 'off', 'on', 'off'] as const) {
        const facts = await world.facts();
        const plan = planFleet(input(facts, pendingOf(staged(facts, { allowSigning, graceHours: 0 }))));
        await carryOut(world, plan, [0]);
        if (allowSigning !== 'off') continue;
        const files = filesNow(world, before);
        if (signer === 'none') expect(files).toEqual(Object.fromEntries(before));
        expect(files['/etc/postfix/main.cf']).toBe(before.get('/etc/postfix/main.cf'));
      }
    }
  });

  test('a run is taken back: as before, but for the package', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, async ({ wishes: [wish], choices, ...scene }) => {
        if (wish === undefined || wish.allowSigning === 'off') return;
        const world = worldOf(scene);
        const facts = await world.facts();
        const before = world.snapshot(server);
        const wanted = staged(facts, { ...asked(wish), graceHours: 0 });
        fc.pre(wanted.intent !== null);
        const plan = planFleet(input(facts, pendingOf(wanted)));
        await carryOut(world, plan, choices);
        const undo = realisedEffects(recordOf(plan)).map((effect): PendingChange => {
          if (effect.domain !== null) throw new Error('a domain was touched');
          const intent = { kind: 'undo' as const, run: 'r1', effect, graceHours: 0 };
          return { id: 'u', domain: null, server, createdAt: '', intent };
        });
        expect(undo).toHaveLength(1);
        const back = planFleet({ ...input(await world.facts(), undo), runs: new Map([['r1', plan]]) });
        expect(back.problems).toEqual([]);
        await carryOut(world, back, choices);
        expect(filesNow(world, before)).toEqual(Object.fromEntries(before));
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  test('whatever fails on the way, every state between is safe, and the rest is done later', async () => {
    const troubles = fc.record({
      failing: fc.array(fc.boolean(), { maxLength: 6 }),
      shut: fc.subarray(names),
    });
    let stayed = 0;
    await fc.assert(
      fc.asyncProperty(scenes, troubles, async (scene, { failing, shut }) => {
        const world = worldOf({ ...scene, signer: undefined });
        const facts = await world.facts();
        const pending = pendingOf(
          staged(facts, { allowSigning: 'off', verifyIncoming: 'off', graceHours: scene.graceHours }),
        );
        const rest = { servers: [], drivers: registry, managed, now };
        const plan = planFleet(input(facts, pending));
        const turns = failing.values();
        const prepared = { world, facts, pending, input: rest, plan };
        const run = await carriedOut(prepared, () => turns.next().value === true, shut, broken);
        expect(run.found).toEqual([]);
        const between = await world.facts();
        const signed = between.flatMap(({ signers }) => signers.flatMap(({ view }) => Object.keys(view.signs)));
        // the signer is there as long as it is needed
        if (signed.length > 0) {
          stayed += 1;
          expect(between.map(mailSettingsOf)).toMatchObject([{ signing: ['dkim'] }]);
        }
        const again = { ...prepared, facts: between, plan: planFleet(input(between, pending)) };
        const end = await carriedOut(again, () => false, [], broken);
        expect([end.found, end.record.outcome]).toEqual([[], 'applied']);
        expect((await world.facts()).map(mailSettingsOf)).toEqual([{ signing: [], verifying: null }]);
      }),
      { numRuns: 150 },
    );
    expect(stayed).toBeGreaterThan(10);
  }, 120_000);

  test('the signer does not go while a domain is signed that no change of the plan switches off', async () => {
    const world = worldOf({
      signer: undefined,
      domains: [
        { signed: true, policy: true },
        { signed: false, policy: false },
        { signed: false, policy: false },
      ],
    });
    const facts = await world.facts();
    const [own] = pendingOf(staged(facts, { allowSigning: 'off', graceHours: 0 }));
    const plan = planFleet(input(facts, own === undefined ? [] : [own]));
    expect(plan.changes).toEqual([]);
    expect(plan.problems).toMatchObject([{ code: 'domains-signed', severity: 'stop' }]);
  });
});
