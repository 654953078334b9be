import { describe, expect, it } from 'vitest';
import type { ChangeState, RunEvent } from '../../../../shared/run.ts';
import { gatherLeftOvers } from '../../../../renderer/features/runs/gather-left-overs.ts';
import { joinEvents, runView } from '../../../../renderer/features/runs/run-view.ts';
import { change, problem, runRecord } from '../../rows.ts';

const changes = [
  change({ id: 'install@mx10', server: 'mx10' }),
  change({ id: 'install@mx2', server: 'mx2' }),
  change({ id: 'switch@mx2', server: 'mx2', phase: 'switch' }),
];
const base = { run: 'run', at: '2026-11-24T06:00:00.000Z' } as const;
const started: RunEvent = { ...base, type: 'run', plan: 'plan', servers: ['mx2', 'mx10'], changes: 3 };

function said(id: string, state: ChangeState, message?: string): RunEvent {
  const known = changes.find(planned => planned.id === id) ?? change();
  return {
    ...base,
    type: 'change',
    change: id,
    server: known.server,
    phase: known.phase,
    state,
    domains: [],
    ...(message && { message }),
  };
}

function gate(state: 'waiting' | 'passed'): RunEvent {
  return {
    ...base,
    type: 'gate',
    change: 'switch@mx2',
    domain: 'a',
    name: 's._domainkey.a',
    state,
    message: 'ns2 does not serve it yet',
    retryInSeconds: 20,
  };
}

function server(name: string, events: readonly RunEvent[]) {
  return runView(runRecord(changes), events).servers.find(known => known.server === name);
}

describe('runView', () => {
  it('has a line per server in the order in which people count, and one over all', () => {
    const view = runView(runRecord(changes), [started, said('install@mx2', 'applied')]);
    expect(view.servers.map(({ server: name, done, total }) => [name, done, total])).toEqual([
      ['mx2', 1, 2],
      ['mx10', 0, 1],
    ]);
    expect(view).toMatchObject({ done: 1, total: 3 });
  });

  it('says what a server does, also between two phases', () => {
    expect(server('mx2', [started])).toMatchObject({ state: 'waiting', phase: 'install' });
    expect(server('mx2', [said('install@mx2', 'started')])).toMatchObject({ state: 'working', phase: 'install' });
    expect(server('mx2', [said('install@mx2', 'applied')])).toMatchObject({ state: 'working', phase: 'switch' });
    expect(server('mx2', [said('install@mx2', 'applied'), said('switch@mx2', 'applied')])).toMatchObject({
      state: 'done',
    });
  });

  it('shows the gate that is waited for until it has passed', () => {
    expect(server('mx2', [said('install@mx2', 'applied'), gate('waiting')])).toMatchObject({
      state: 'gate',
      gate: { message: 'ns2 does not serve it yet', retryInSeconds: 20 },
    });
    expect(server('mx2', [said('install@mx2', 'applied'), gate('waiting'), gate('passed')])).toMatchObject({
      state: 'working',
      gate: null,
    });
  });

  it('keeps what went wrong in sight', () => {
    const events = [said('install@mx2', 'rolled-back', 'the check failed'), said('switch@mx2', 'skipped')];
    expect(server('mx2', events)).toMatchObject({
      state: 'rolled-back',
      phase: 'install',
      message: 'the check failed',
      done: 2,
    });
  });

  it('takes a finished run from its record', () => {
    const record = runRecord(changes, {
      finishedAt: base.at,
      outcome: 'incomplete',
      changes: [
        {
          id: 'install@mx10',
          state: 'unknown',
          domains: [],
          pending: [],
          finishedAt: null,
          problem: problem({ message: 'link lost' }),
        },
        { id: 'install@mx2', state: 'applied', domains: [], pending: [], finishedAt: base.at, problem: null },
        { id: 'switch@mx2', state: 'applied', domains: [], pending: [], finishedAt: base.at, problem: null },
      ],
    });
    const view = runView(record, [said('install@mx2', 'started')]);
    expect(view.servers.map(({ state }) => state)).toEqual(['done', 'unknown']);
    expect(view.servers[1]?.message).toBe('link lost');
  });
});

describe('joinEvents', () => {
  it('has every event once', () => {
    const recorded = [started, said('install@mx2', 'started')];
    const live = [said('install@mx2', 'started'), said('install@mx2', 'applied')];
    expect(joinEvents(recorded, live)).toEqual([started, ...live]);
    expect(joinEvents([started], [started, ...live])).toHaveLength(3);
  });
});

describe('gatherLeftOvers', () => {
  it('names a domain once per server and reason', () => {
    const left = { pending: 'p', change: 'c', state: 'waiting', message: 'ns2 lags', hint: '', server: 'mx1' } as const;
    const groups = gatherLeftOvers([
      { ...left, domain: 'a' },
      { ...left, domain: 'a', change: 'd' },
      { ...left, domain: 'b' },
      { ...left, domain: 'c', state: 'failed' },
    ]);
    expect(groups.map(({ state, domains, isServer }) => [state, domains, isServer])).toEqual([
      ['waiting', ['a', 'b'], false],
      ['failed', ['c'], false],
    ]);
  });

  it('tells what is left of the server as a whole', () => {
    const left = { pending: 'p', change: 'c', state: 'failed', message: 'no', hint: '', server: 'mx1' } as const;
    expect(gatherLeftOvers([{ ...left, domain: null }])).toMatchObject([{ domains: [], isServer: true }]);
  });
});
