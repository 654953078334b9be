/** Law 2: stop a plan anywhere, forever, and nothing is lost, condemned or signed in vain. Real drivers, generated fleets. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Effect, PendingChange } from '../../../shared/model.ts';
import { planFleet } from '../../../electron/planning/plan.ts';
import { realisedEffects } from '../../../electron/planning/undo.ts';
import { order, violations } from './fleet-world.ts';
import type { Fleet } from './fleets.ts';
import { fleets, names, picker, prepare, servers } from './fleets.ts';

describe('law 2', () => {
  test('every prefix of a plan, in every order that it may be carried out in, is safe', async () => {
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(fleets, async fleet => {
        const { world, facts, plan } = await prepare(fleet);
        fc.pre(violations(world, facts).length === 0);
        for (const change of order(plan, picker(fleet.choices))) {
          world.apply(change);
          changes += 1;
          expect(violations(world, await world.facts()), `after ${change.id}`).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
    expect(changes).toBeGreaterThan(300);
  }, 300_000);

  test('the check sees a plan that is carried out backwards', async () => {
    const fleet: Fleet = {
      domains: [
        { on: 1, signed: false, policy: false },
        ...names.slice(1).map(() => ({ on: 1, signed: false, policy: false })),
      ] as unknown as Fleet['domains'],
      primary: [1, 1, 1, 1],
      wishes: [{ domain: 0, server: 0, action: 'on', policy: 'sign-all', graceHours: 0, scheme: 'both' }],
      choices: [0],
    };
    const { world, plan } = await prepare(fleet);
    const changes = new Map(plan.changes.map(change => [change.phase, change]));
    expect([...changes.keys()]).toEqual(['install', 'publish', 'switch', 'policy']);
    for (const phase of ['install', 'switch'] as const) {
      const change = changes.get(phase);
      if (change !== undefined) world.apply(change);
    }
    expect(violations(world, await world.facts())).toContainEqual(expect.stringContaining('not served'));
  });
});

describe('law 6', () => {
  test('after a plan is carried out, a second one over fresh facts is empty', async () => {
    await fc.assert(
      fc.asyncProperty(fleets, async fleet => {
        const { world, pending, input, plan } = await prepare(fleet);
        for (const change of order(plan, picker(fleet.choices))) world.apply(change);
        const again = planFleet({ ...input, facts: await world.facts(), pending });
        expect(again.changes.map(change => change.id)).toEqual([]);
      }),
      { numRuns: 250 },
    );
  }, 300_000);
});

describe('undo', () => {
  test('takes a run back byte for byte but for the serials, every prefix safe', async () => {
    await fc.assert(
      fc.asyncProperty(fleets, async fleet => {
        const { world, facts, input, plan } = await prepare(fleet);
        fc.pre(violations(world, facts).length === 0 && plan.effects.every(isReversible));
        const before = servers.map(server => masked(world.snapshot(server)));
        for (const change of order(plan, picker(fleet.choices))) world.apply(change);
        const run = {
          id: 'r1',
          startedAt: '',
          finishedAt: '',
          outcome: 'applied' as const,
          plan,
          changes: plan.changes.map(({ id, domains, pending }) => ({
            id,
            domains,
            pending,
            state: 'applied' as const,
            finishedAt: '',
            problem: null,
          })),
          problems: [],
        };
        const undo = realisedEffects(run).map((effect, i): PendingChange => ({
          id: `u${i}`,
          domain: effect.domain,
          server: effect.server,
          createdAt: '',
          intent: { kind: 'undo', run: 'r1', effect, graceHours: 0 },
        }));
        const back = planFleet({ ...input, facts: await world.facts(), pending: undo, runs: new Map([['r1', plan]]) });
        expect(back.problems.filter(problem => problem.severity === 'stop')).toEqual([]);
        for (const change of order(back, picker(fleet.choices))) {
          world.apply(change);
          expect(violations(world, await world.facts()), `after ${change.id}`).toEqual([]);
        }
        expect(servers.map(server => masked(world.snapshot(server)))).toEqual(before);
      }),
      { numRuns: 250 },
    );
  }, 300_000);
});

/** No private key is gone, and no key is in strange hands. */
const isReversible = ({ removed, revoked }: Effect) => removed.length === 0 && revoked === undefined;

/** Serials only grow. */
function masked(files: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...files].map(([path, text]) => [path, text.replace(/\( \d+ 3600/, '( SERIAL 3600')]));
}
