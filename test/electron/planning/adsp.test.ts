import { expect, test } from 'vitest';
import type { DnsZone } from '../../../electron/drivers/api.ts';
import { indexFleet } from '../../../electron/planning/fleet.ts';
import { policyGoal } from '../../../electron/planning/policies.ts';
import type { AdspWish, PolicyWish } from '../../../shared/model.ts';

const domain = 'a.example';
const name = `_adsp._domainkey.${domain}`;

/** What becomes of the ADSP record of a signed domain: [phase, values] of each change. */
function planned(there: readonly string[], adsp: AdspWish, policy: PolicyWish = 'keep'): readonly unknown[] {
  const zone: DnsZone = {
    name: domain,
    view: null,
    kind: 'static',
    file: null,
    role: 'primary',
    primaries: [],
    signed: false,
    serial: 1,
    refusal: null,
    broken: false,
    txt: there.length === 0 ? [] : [{ name, ttl: 300, values: there }],
    cnames: [],
  };
  const context = {
    fleet: indexFleet([], []),
    managed: () => false,
    signedElsewhere: () => false,
    willSign: () => true,
  };
  const places = [{ server: 'mx1', driver: 'bind', zone }];
  const location = { kind: 'managed', server: 'mx1', driver: 'bind', zone: domain, places } as const;
  const goal = policyGoal(context, location, domain, 'mx1', { policy, adsp, dmarc: 'keep', signing: true });
  if ('refused' in goal) return [goal.refused.code];
  return goal.records.filter(record => record.name === name).map(({ phase, after }) => [phase, after?.values]);
}

test('is published last where it is asked for', () => {
  expect(planned([], 'discardable')).toEqual([['policy', ['dkim=discardable']]]);
  expect(planned(['dkim=unknown'], 'all')).toEqual([['policy', ['dkim=all']]]);
});

test('is withdrawn first, when asked for or with the other policies', () => {
  expect(planned(['dkim=all'], 'none')).toEqual([['withdraw', ['dkim=unknown']]]);
  expect(planned(['dkim=all'], 'keep', 'none')).toEqual([['withdraw', ['dkim=unknown']]]);
});

test('stays as it is where nobody asks, and where it says so already', () => {
  expect(planned(['dkim=all'], 'keep', 'sign-all')).toEqual([]);
  expect(planned(['dkim=all'], 'all')).toEqual([]);
  expect(planned([], 'none')).toEqual([]);
});

test('what else stands at its name stays, and of two records none is chosen', () => {
  expect(planned(['v=spf1 -all'], 'all')).toEqual([['policy', ['v=spf1 -all', 'dkim=all']]]);
  expect(planned(['dkim=all', 'dkim=unknown'], 'all')).toEqual(['several-policies']);
});
