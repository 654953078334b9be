/** What is named before a policy says that all mail is signed. */
import { beforeAll, expect, test } from 'vitest';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { planFleet } from '../../../electron/planning/plan.ts';
import { registry } from '../../../electron/drivers/registry.ts';
import type { Problem } from '../../../shared/problem.ts';
import { factsOfServer } from '../ipc/known-server.ts';

const domain = 'one.example';
let facts: ServerFacts;
beforeAll(async () => {
  const [server] = await factsOfServer();
  if (server === undefined) throw new Error('no facts');
  facts = server;
});

interface There {
  /** Names below _domainkey of the domain. */
  readonly selectors?: readonly string[];
  readonly cnames?: readonly string[];
  readonly spf?: string;
}

/** The warnings of a plan that publishes a policy for the domain, which is signed with s1. */
function warnings(there: There): readonly Problem[] {
  const { selectors = [], cnames = [], spf } = there;
  const name = (selector: string) => `${selector}._domainkey.${domain}`;
  const [signer] = facts.signers;
  const [dns] = facts.dns;
  if (signer === undefined || dns === undefined) throw new Error('no signer, or no DNS');
  const key = {
    domain,
    selector: 's1',
    path: '/k',
    algorithm: 'rsa',
    bits: 2048,
    publicKey: 'AAAA',
    scheme: 'dkim',
  } as const;
  const zones = dns.view.zones.map(zone =>
    zone.name === domain
      ? {
          ...zone,
          txt: selectors.map(selector => ({ name: name(selector), ttl: null, values: ['v=DKIM1; k=rsa; p=AAAA'] })),
          cnames: cnames.map(name),
        }
      : zone,
  );
  const server: ServerFacts = {
    ...facts,
    signers: [{ ...signer, view: { ...signer.view, keys: [key], signs: { [domain]: ['s1'] } } }],
    dns: [{ ...dns, view: { ...dns.view, zones } }],
    served: spf === undefined ? {} : { [domain]: [spf] },
  };
  const { problems } = planFleet({
    facts: [server],
    servers: [{ name: 'mx1', host: '192.0.2.1', givenDomains: [] }],
    pending: [
      {
        id: 'p1',
        domain,
        server: 'mx1',
        createdAt: '',
        intent: { kind: 'policy', policy: 'sign-all', dmarc: 'keep' },
      },
    ],
    drivers: registry,
    managed: new Set(),
    now: new Date(0),
  });
  return problems.filter(({ code }) => code === 'foreign-selectors' || code === 'senders-outside');
}

test('nothing, where every key of the zone is ours and only our servers send', () => {
  expect(warnings({ selectors: ['s1'], spf: 'v=spf1 a mx ip4:192.0.2.1 ip4:192.0.2.1/32 -all' })).toEqual([]);
});

test('keys in the zone that no server here signs with', () => {
  const [problem, ...others] = warnings({ selectors: ['s1', 'google'], cnames: ['k1'] });
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ code: 'foreign-selectors', severity: 'warning', domain });
  expect(problem?.message).toContain('(google, k1)');
});

test.each([
  ['v=spf1 include:_spf.mailer.example -all', '(include:_spf.mailer.example)'],
  ['v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ~all', '(ip4:192.0.2.0/24)'],
  ['v=spf1 redirect=_spf.elsewhere.example', '(redirect=_spf.elsewhere.example)'],
  ['V=SPF1 ?a:shop.example -ip4:198.51.100.1 -all', '(?a:shop.example)'],
])('senders that the SPF record names: %s', (spf, named) => {
  const [problem, ...others] = warnings({ selectors: ['s1'], spf });
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ code: 'senders-outside', severity: 'warning', domain });
  expect(problem?.message).toContain(named);
});
