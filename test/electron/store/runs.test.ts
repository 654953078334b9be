import { describe, expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../../electron/store/api.ts';
import { openStore } from '../../../electron/store/store.ts';
import type { ChangeState } from '../../../shared/run.ts';
import { temporaryHome } from '../../tools/homes.ts';
import { codeOf } from '../../tools/problem-of.ts';
import { plan } from './samples.ts';

const startedAt = '2026-01-01T00:00:00.000Z';
const finishedAt = '2026-01-01T00:01:00.000Z';

function open(): Store {
  const store = openStore(temporaryHome());
  onTestFinished(() => store.close());
  return store;
}

function mark(store: Store, run: string, id: string, state: ChangeState): void {
  store.runs.change(run, { id, state, domains: ['example.com'], pending: ['p1'], finishedAt: null, problem: null });
}

describe('plans', () => {
  test('are saved by id; a fresh copy of the same changes takes the place of the old one', async () => {
    const store = open();
    const saved = store.plans.save(plan('a'));
    expect(saved).toEqual({ plan: plan('a'), digest: expect.stringMatching(/^[0-9a-f]{64}$/), appliedBy: null });
    store.plans.save(plan('b'));
    store.plans.save({ ...plan('a'), createdAt: 'later' });
    expect(store.plans.latest()?.plan).toEqual({ ...plan('a'), createdAt: 'later' });
    expect(await codeOf(() => store.plans.save(plan('a', ['other@mx1'])))).toBe('plan-changed');
    expect(store.plans.get('c')).toBeNull();
  });

  test('of those that no run has, the latest 20 are kept', () => {
    const store = open();
    store.runs.begin({ id: 'r1', startedAt, plan: plan('applied') });
    for (let i = 0; i < 25; i += 1) store.plans.save(plan(`p${i}`));
    expect(store.plans.get('p4')).toBeNull();
    expect(store.plans.get('p5')).not.toBeNull();
    expect(store.plans.get('applied')?.appliedBy).toBe('r1');
  });
});

describe('runs', () => {
  test('the journal tells what was begun and what came of it', () => {
    const store = open();
    store.runs.begin({ id: 'r1', startedAt, plan: plan('a') });
    expect(store.runs.get('r1')).toMatchObject({
      outcome: 'running',
      finishedAt: null,
      plan: plan('a'),
      changes: [
        { id: 'install@mx1', state: 'planned' },
        { id: 'switch@mx1', state: 'planned' },
      ],
    });
    const event = {
      type: 'step',
      run: 'r1',
      at: startedAt,
      change: 'install@mx1',
      server: 'mx1',
      message: 'x',
    } as const;
    store.runs.append(event);
    store.runs.append({ ...event, message: 'y' });
    mark(store, 'r1', 'install@mx1', 'applied');
    const problem = { code: 'x', message: 'm', hint: 'h', severity: 'stop' } as const;
    store.runs.finish('r1', { outcome: 'incomplete', finishedAt, problems: [problem] });
    const record = store.runs.get('r1');
    expect(record).toMatchObject({ outcome: 'incomplete', finishedAt, problems: [problem] });
    expect(record?.changes.map(change => change.state)).toEqual(['applied', 'planned']);
    expect(store.runs.events('r1')).toEqual([event, { ...event, message: 'y' }]);
    store.runs.begin({ id: 'r2', startedAt, plan: plan('b') });
    expect(store.runs.list().map(run => [run.id, run.plan, run.outcome])).toEqual([
      ['r2', 'b', 'running'],
      ['r1', 'a', 'incomplete'],
    ]);
  });

  test('a plan is applied once', async () => {
    const store = open();
    store.runs.begin({ id: 'r1', startedAt, plan: plan('a') });
    const again = () => store.runs.begin({ id: 'r2', startedAt, plan: plan('a') });
    expect(await codeOf(again)).toBe('plan-applied');
    mark(store, 'r1', 'install@mx1', 'applied');
    store.runs.finish('r1', { outcome: 'incomplete', finishedAt, problems: [] });
    expect(await codeOf(again)).toBe('plan-applied');
    expect(store.runs.get('r2')).toBeNull();
  });

  test('but again after a run that left everything as it was: the plan is the same then', () => {
    const store = open();
    store.runs.begin({ id: 'r1', startedAt, plan: plan('a') });
    mark(store, 'r1', 'install@mx1', 'rolled-back');
    mark(store, 'r1', 'switch@mx1', 'skipped');
    store.runs.finish('r1', { outcome: 'failed', finishedAt, problems: [] });
    store.runs.begin({ id: 'r2', startedAt, plan: plan('a') });
    expect(store.plans.get('a')?.appliedBy).toBe('r2');
  });

  test('can be taken up again while something of them is left', async () => {
    const store = open();
    store.runs.begin({ id: 'r1', startedAt, plan: plan('a') });
    expect(await codeOf(() => store.runs.resume('r1'))).toBe('run-running');
    store.runs.finish('r1', { outcome: 'incomplete', finishedAt, problems: [] });
    store.runs.resume('r1');
    expect(store.runs.get('r1')).toMatchObject({ outcome: 'running', finishedAt: null });
    store.runs.finish('r1', { outcome: 'applied', finishedAt, problems: [] });
    expect(await codeOf(() => store.runs.resume('r1'))).toBe('run-finished');
  });

  test('unknown ones are unknown', async () => {
    const store = open();
    expect(await codeOf(() => store.runs.resume('r1'))).toBe('run-unknown');
    expect(await codeOf(() => mark(store, 'r1', 'install@mx1', 'started'))).toBe('run-unknown');
    expect(await codeOf(() => store.runs.finish('r1', { outcome: 'applied', finishedAt, problems: [] }))).toBe(
      'run-unknown',
    );
    expect(store.runs.get('r1')).toBeNull();
  });
});
