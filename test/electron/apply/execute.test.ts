import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { World, type Fault, type Wish } from './world.ts';

const wish = (id: string, mail: string, dns: string | null): Wish => ({ id, mail, dns });
const three = [wish('a', 'mx1', 'ns1'), wish('b', 'mx1', 'ns1'), wish('c', 'mx2', 'ns1')];

const states = (world: World) => Object.fromEntries([...world.journal].map(([id, change]) => [id, change.state]));

const wishes = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 6 })
  .chain(ids =>
    fc.tuple(
      ...ids.map(id =>
        fc
          .tuple(fc.constantFrom('mx1', 'mx2'), fc.constantFrom('mx1', 'ns1', 'ns2', null))
          .map(([mail, dns]) => wish(id, mail, dns)),
      ),
    ),
  );
const some = <T>(...values: readonly T[]) => fc.subarray([...values]);
const kinds: readonly Fault[] = [
  'ok',
  'ok',
  'ok',
  'rolled-back',
  'stale',
  'failed',
  'incomplete',
  'lost-applied',
  'lost-taken-back',
  'away',
];
const faults = fc.record({
  transactions: fc.array(fc.constantFrom(...kinds), { maxLength: 12 }),
  awayServers: some('mx1', 'mx2', 'ns1', 'ns2'),
  shutGates: some('a.example', 'b.example', 'c.example', 'd.example'),
  silentDomains: some('a.example', 'b.example', 'e.example', 'f.example'),
});

describe('executePlan', () => {
  test('applies everything, in the order of law 2', async () => {
    const world = new World(three);
    const record = await world.run();
    expect(record.outcome).toBe('applied');
    expect(world.wrong).toEqual([]);
    expect(world.events.at(0)).toMatchObject({ type: 'run', servers: ['mx1', 'mx2', 'ns1'], changes: 6 });
    expect(world.events.at(-1)).toMatchObject({
      type: 'done',
      outcome: 'applied',
      changes: { applied: 6, rolledBack: 0, waiting: 0, skipped: 0 },
    });
  });

  test('a gate that does not pass holds up its own domain only, and resuming carries the rest out', async () => {
    const world = new World(three, { shutGates: ['b.example'] });
    const record = await world.run();
    expect(record.outcome).toBe('incomplete');
    expect(three.map(one => world.done(one))).toEqual([true, false, true]);
    expect(world.journal.get('switch@mx1')).toMatchObject({ state: 'applied', pending: ['a'], domains: ['a.example'] });
    expect(world.events.filter(event => event.type === 'gate' && event.domain === 'b.example')).toMatchObject([
      { state: 'waiting', retryInSeconds: 1 },
      { state: 'failed' },
    ]);
    expect(world.events.at(-1)).toMatchObject({ changes: { applied: 6, waiting: 2 } });
    world.faults = {};
    expect((await world.run({ resume: world.record() })).problems).toMatchObject([{ code: 'stale' }]);
    world.planAgain();
    const rest = await world.run({ resume: world.record() });
    expect([rest.outcome, world.wrong, three.every(one => world.done(one))]).toEqual(['applied', [], true]);
    expect(world.journal.get('switch@mx1')).toMatchObject({ state: 'applied', pending: ['a', 'b'] });
  });

  test('a zone elsewhere is looked at once, and waits', async () => {
    const world = new World([wish('a', 'mx1', null)], { shutGates: ['a.example'] });
    expect((await world.run()).outcome).toBe('incomplete');
    expect(states(world)).toEqual({ 'install@mx1': 'applied', 'switch@mx1': 'waiting' });
    expect(world.events.filter(({ type }) => type === 'gate')).toMatchObject([{ state: 'failed' }]);
  });

  test('a domain that is not signed when probed is taken back, the others of its change are switched', async () => {
    const world = new World(three, { silentDomains: ['b.example'] });
    const record = await world.run();
    expect([record.outcome, world.wrong]).toEqual(['incomplete', []]);
    expect(three.map(one => world.done(one))).toEqual([true, false, true]);
    expect(record.problems).toMatchObject([{ code: 'probe-failed' }]);
  });

  test('nothing but refusals: refused; an unreachable server: failed', async () => {
    const stale = new World(three, { transactions: ['stale', 'stale', 'stale', 'stale'] });
    expect((await stale.run()).outcome).toBe('refused');
    const away = new World([wish('a', 'mx1', 'mx1')], { awayServers: ['mx1'] });
    expect((await away.run()).outcome).toBe('failed');
    expect(states(away)).toMatchObject({ 'install@mx1': 'skipped', 'policy@mx1': 'skipped' });
  });

  test('a link that was lost is asked about before anything else when the run is resumed', async () => {
    const world = new World([wish('a', 'mx1', 'ns1')], { transactions: ['lost-applied'] });
    expect((await world.run()).outcome).toBe('incomplete');
    expect(states(world)).toMatchObject({ 'install@mx1': 'unknown', 'publish@ns1': 'skipped' });
    expect((await world.run({ resume: world.record() })).outcome).toBe('applied');
    expect(world.wrong).toEqual([]);
  });

  test('stop: what has begun ends, nothing else begins', async () => {
    const world = new World(three);
    const stop = new AbortController();
    const record = await world.run({
      signal: stop.signal,
      emit: event => {
        if (event.type === 'change' && event.change === 'install@mx1' && event.state === 'started') stop.abort();
      },
    });
    expect(record.outcome).toBe('incomplete');
    expect(world.inForce.filter(item => item.startsWith('install@mx1'))).toHaveLength(2);
    expect(states(world)).toMatchObject({ 'switch@mx1': 'skipped', 'policy@ns1': 'skipped' });
    expect((await world.run({ resume: world.record() })).outcome).toBe('applied');
  });

  test('servers that are left out are skipped', async () => {
    const world = new World(three);
    const record = await world.run({ servers: ['mx2'] });
    expect(record.outcome).toBe('incomplete');
    expect(world.inForce).toEqual(['install@mx2/c']);
  });

  test('whatever fails: never a switch behind a shut gate, never a policy without a proven switch', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, faults, async (all, faulty) => {
        const world = new World(all, faulty);
        const record = await world.run();
        expect(world.wrong).toEqual([]);
        // what a lost link has carried out is not known to be so until somebody asks
        const isUnknown = record.changes.some(({ state }) => state === 'unknown');
        expect(record.outcome === 'applied').toBe(!isUnknown && all.every(one => world.done(one)));
        expect(record.changes.every(({ state }) => state !== 'started' && state !== 'planned')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('a domain whose servers, gate and signer are well is carried out, whatever happens to others', async () => {
    const lasting = faults.map(faulty => ({ ...faulty, transactions: [] }));
    await fc.assert(
      fc.asyncProperty(wishes, lasting, async (all, faulty) => {
        const world = new World(all, faulty);
        await world.run();
        const isWell = ({ id, mail, dns }: Wish) =>
          !faulty.awayServers.some(server => server === mail || server === dns) &&
          ![...faulty.shutGates, ...faulty.silentDomains].includes(`${id}.example`);
        for (const one of all) expect([one.id, world.done(one)]).toEqual([one.id, isWell(one)]);
      }),
      { numRuns: 300 },
    );
  });

  test('killed at any event and resumed, it completes, and nothing is carried out twice', async () => {
    await fc.assert(
      fc.asyncProperty(wishes, faults, fc.nat(60), async (all, faulty, dieAt) => {
        const world = new World(all, {
          ...faulty,
          transactions: faulty.transactions.filter(kind => kind !== 'incomplete'),
        });
        world.dieAt = dieAt;
        await world.run().catch(() => {});
        world.dieAt = Infinity;
        world.faults = {};
        await world.run({ resume: world.record() });
        world.planAgain();
        const record = await world.run({ resume: world.record() });
        expect([record.outcome, world.wrong]).toEqual(['applied', []]);
        expect(all.every(one => world.done(one))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
