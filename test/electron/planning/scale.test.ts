/** 10,000 domains over 50 servers: planned from facts alone, without a connection. How fast is the bench's matter. */
import { expect, test } from 'vitest';
import { registry } from '../../../electron/drivers/registry.ts';
import { planFleet } from '../../../electron/planning/plan.ts';
import { largeFleet } from './large-fleet.ts';

test.each(['signing-on', 'rotate'] as const)(
  'a plan (%s) for 10,000 domains over 50 servers holds each of them once in every phase',
  async wish => {
    const { facts, pending } = await largeFleet(50, 200, wish);
    const plan = planFleet({
      facts,
      pending,
      servers: [],
      drivers: registry,
      managed: new Set(),
      now: new Date('2026-11-24T00:00:00Z'),
    });
    expect(plan.problems.filter(problem => problem.severity === 'stop')).toEqual([]);
    expect(plan.effects.length).toBe(10_000);
    expect(plan.changes.length).toBe(150);
    for (const phase of ['install', 'publish', 'switch'] as const) {
      const changes = plan.changes.filter(change => change.phase === phase);
      expect(new Set(changes.flatMap(change => change.pending)).size).toBe(10_000);
    }
    const zones = plan.changes.flatMap(({ phase, steps }) => (phase === 'publish' ? steps : []));
    expect(zones.filter(step => step.kind === 'file').length).toBe(10_000);
    expect(plan.changes.flatMap(change => change.gates).length).toBe(10_000);
    expect(plan.changes.flatMap(change => change.probes).length).toBe(10_000);
  },
  300_000,
);
