import { beforeAll, describe, expect, test } from 'vitest';
import type { DomainChange } from '../../../shared/model.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { indexFleet, sharers } from '../../../electron/planning/fleet.ts';
import { domainRows } from '../../../electron/planning/rows.ts';
import type { SigningWish, StagePlan } from '../../../electron/planning/stage.ts';
import { stage } from '../../../electron/planning/stage.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import { carriedOut } from './carried-out.ts';
import { World } from './fleet-world.ts';

let facts: readonly ServerFacts[];
const now = new Date('2026-11-24T00:00:00Z');

beforeAll(async () => {
  const [old] = await generateKeys([{ algorithm: 'rsa', bits: 2048 }]);
  if (old === undefined) throw new Error('no key');
  const world = new World(
    [
      {
        name: 'mx1',
        domains: [
          { name: 'new.example', signed: false, policy: false },
          { name: 'old.example', signed: true, policy: false },
        ],
        zones: ['new.example', 'old.example'],
      },
      { name: 'mx2', domains: [{ name: 'new.example', signed: false, policy: false }], zones: [] },
    ],
    old,
    new Map(),
  );
  facts = await world.facts();
});

const wish: SigningWish = {
  action: 'on',
  key: 'rsa2048',
  scheme: 'dkim',
  policy: 'keep',
  dmarc: 'keep',
  graceHours: 24,
};

function staged(
  changes: Partial<SigningWish>,
  pending: readonly DomainChange[],
  only: readonly string[] = [],
): StagePlan {
  const fleet = indexFleet(facts, []);
  const context = {
    fleet,
    managed: () => false,
    signedElsewhere: (domain: string, server: string, selector: string) =>
      sharers(fleet, domain, server, selector).length > 0,
    willSign: () => true,
  };
  const rows = domainRows({ ...context, pending: () => [], probe: () => null });
  const chosen = only.length === 0 ? rows : rows.filter(row => only.includes(`${row.domain}@${row.server}`));
  return stage(context, chosen, pending, { ...wish, ...changes }, now);
}

const mine = ['new.example@mx1'];

describe('switching on', () => {
  test('two servers of one domain get two selectors', () => {
    const plan = staged({}, []);
    expect(plan.additions.map(({ server, needs }) => [server, needs.map(need => need.selector)])).toEqual([
      ['mx1', ['mx1-202611']],
      ['mx2', ['mx2-202611']],
    ]);
    expect(plan.unchanged).toEqual([{ domain: 'old.example', server: 'mx1', reason: 'signing is on already' }]);
  });

  test('nothing is staged twice', () => {
    const pending = carriedOut(staged({}, [], mine));
    const again = staged({}, pending, mine);
    expect(again.additions).toEqual([]);
    expect(again.drops).toEqual([]);
    expect(again.unchanged).toEqual([{ domain: 'new.example', server: 'mx1', reason: 'staged already' }]);
  });

  test('and then off cancels out', () => {
    const pending = carriedOut(staged({}, [], mine));
    const off = staged({ action: 'off' }, pending, mine);
    expect(carriedOut(off, pending)).toEqual([]);
    expect(off.cancelled).toEqual([{ domain: 'new.example', server: 'mx1' }]);
  });

  test('again with a policy keeps the keys; with another key makes new ones', () => {
    const pending = carriedOut(staged({}, [], mine));
    const policy = staged({ policy: 'sign-all' }, pending, mine);
    expect(policy.additions.map(({ needs, keep }) => [needs.length, keep.length])).toEqual([[0, 1]]);
    const larger = staged({ key: 'rsa4096' }, pending, mine);
    expect(larger.additions.map(({ needs, keep }) => [needs.map(need => need.bits), keep.length])).toEqual([
      [[4096], 0],
    ]);
    expect(carriedOut(larger, pending)).toHaveLength(1);
  });

  test('under a selector that is in use is refused, under a free one is not', () => {
    const taken = staged({ selector: 'old' }, [], ['old.example@mx1']);
    expect(taken.unchanged).toHaveLength(1);
    const both = staged({ selector: 's1' }, []);
    expect(both.additions.map(({ server }) => server)).toEqual(['mx1']);
    expect(both.refused.map(({ server, problem }) => [server, problem.code])).toEqual([['mx2', 'selector-in-use']]);
    expect(staged({ selector: 'no.such label' }, [], mine).refused).toHaveLength(1);
  });

  test('with what the signer cannot do is refused by name', () => {
    expect(staged({ key: 'ed25519' }, [], mine).refused.map(({ problem }) => problem.code)).toEqual([
      'key-unsupported',
    ]);
    expect(staged({ scheme: 'both' }, [], mine).refused.map(({ problem }) => problem.code)).toEqual([
      'scheme-unsupported',
    ]);
  });
});

describe('switching off', () => {
  test('and then on cancels out', () => {
    const pending = carriedOut(staged({ action: 'off' }, [], ['old.example@mx1']));
    expect(pending.map(change => change.intent.kind)).toEqual(['signing-off']);
    const on = staged({}, pending, ['old.example@mx1']);
    expect(carriedOut(on, pending)).toEqual([]);
  });

  test('with the policy that all is signed contradicts itself', () => {
    const plan = staged({ action: 'off', policy: 'sign-all' }, [], ['old.example@mx1']);
    expect(plan.refused.map(({ problem }) => problem.code)).toEqual(['policy-contradicts']);
    const adsp = staged({ action: 'off', adsp: 'discardable' }, [], ['old.example@mx1']);
    expect(adsp.refused.map(({ problem }) => problem.code)).toEqual(['policy-contradicts']);
  });

  test('a domain that is not signed has nothing to switch off', () => {
    expect(staged({ action: 'off' }, [], mine).unchanged).toEqual([
      { domain: 'new.example', server: 'mx1', reason: 'signing is off already' },
    ]);
  });
});

describe('policies alone', () => {
  test('ADSP is staged where it is asked for, once, and for no domain that is not signed', () => {
    const pending = carriedOut(staged({ action: 'keep', adsp: 'all' }, [], ['old.example@mx1']));
    expect(pending.map(change => change.intent)).toEqual([
      { kind: 'policy', policy: 'keep', adsp: 'all', dmarc: 'keep' },
    ]);
    expect(staged({ action: 'keep', adsp: 'all' }, pending, ['old.example@mx1']).additions).toEqual([]);
    expect(staged({ action: 'keep', adsp: 'all' }, [], mine).refused.map(({ problem }) => problem.code)).toEqual([
      'not-signed',
    ]);
  });

  test('a strict one for a domain that is not signed is refused', () => {
    const plan = staged({ action: 'keep', policy: 'sign-all' }, []);
    expect(plan.additions.map(({ domain }) => domain)).toEqual(['old.example']);
    expect(new Set(plan.refused.map(({ problem }) => problem.code))).toEqual(new Set(['not-signed']));
  });
});
