/** What a strict policy of a sender would condemn besides what Signet knows to be signed: named before it is published. Pure. */
import { policyName } from '../../shared/dkim/names.ts';
import type { Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { ServerFacts } from '../drivers/api.ts';
import { signingOf } from './fleet.ts';
import type { PlanningContext } from './goals.ts';
import type { Location } from './location.ts';

const shown = 5;

export function condemnedBy(
  context: PlanningContext,
  location: Location,
  domain: string,
  server: string,
): readonly Problem[] {
  return [
    ...othersUnsigned(context, domain, server),
    ...foreignSelectors(context, location, domain, server),
    ...outsideSenders(context, domain, server),
  ];
}

/** Other servers of the fleet that send mail of the domain and do not sign it. */
function othersUnsigned(context: PlanningContext, domain: string, server: string): readonly Problem[] {
  const others = (context.fleet.hosting.get(domain) ?? []).filter(
    other => other !== server && !context.willSign(domain, other),
  );
  if (others.length === 0) return [];
  return [
    {
      code: 'others-send-unsigned',
      message: `${domain}: ${others.join(', ')} also sends its mail, without signing it; the policy would condemn that mail.`,
      hint: 'Switch signing on there too, or acknowledge this if no mail of the domain leaves from there.',
      severity: 'stop',
      overridable: true,
      domain,
      server,
    },
  ];
}

function listed(names: readonly string[]): string {
  const rest = names.length > shown ? ` and ${names.length - shown} more` : '';
  return `${names
    .slice(0, shown)
    .map(name => printable(name, 80))
    .join(', ')}${rest}`;
}

const selectorIndex = new WeakMap<ServerFacts, ReadonlyMap<string, readonly string[]>>();

/** The selectors that the signers of a server have keys of the domain for: indexed once for each scan. */
function selectorsOf(facts: ServerFacts, domain: string): readonly string[] {
  let index = selectorIndex.get(facts);
  if (index === undefined) {
    const keys = Map.groupBy(signingOf(facts)?.keys ?? [], key => key.domain);
    index = new Map([...keys].map(([name, group]) => [name, group.map(key => key.selector)]));
    selectorIndex.set(facts, index);
  }
  return index.get(domain) ?? [];
}

/** Selectors in the zone that no signer of the fleet has a key for: somebody else sends for the domain, and signs with them or did. */
function foreignSelectors(
  context: PlanningContext,
  location: Location,
  domain: string,
  server: string,
): readonly Problem[] {
  if (location.kind !== 'managed') return [];
  const suffix = `.${policyName(domain)}`;
  const ours = new Set(
    (context.fleet.hosting.get(domain) ?? []).flatMap(hosting => {
      const facts = context.fleet.servers.get(hosting);
      return facts === undefined ? [] : selectorsOf(facts, domain);
    }),
  );
  const names = location.places.flatMap(({ zone }) => [...zone.txt.map(rrset => rrset.name), ...zone.cnames]);
  const selectors = new Set(names.filter(name => name.endsWith(suffix)).map(name => name.slice(0, -suffix.length)));
  const foreign = [...selectors].filter(
    selector => !ours.has(selector) && selector !== '_adsp' && !context.managed(domain, server, selector),
  );
  if (foreign.length === 0) return [];
  return [
    {
      code: 'foreign-selectors',
      message: `${domain}: the zone holds keys that no server here signs with (${listed(foreign.sort())}): somebody else may send its mail.`,
      hint: 'See that all their mail is signed before the policy says that all is.',
      severity: 'warning',
      domain,
      server,
    },
  ];
}

const qualified = /^[+?~-]?(?:(include|ip4|ip6|a|mx|exists|ptr):|(redirect)=)(.+)$/i;

/** Senders that the domain's SPF record (RFC 7208) names and that are not servers of the fleet. Its own hosts (a, mx) are not named. */
function outsideSenders(context: PlanningContext, domain: string, server: string): readonly Problem[] {
  const { fleet } = context;
  const record = (fleet.servers.get(server)?.served[domain] ?? []).find(value => /^v=spf1(?: |$)/i.test(value));
  if (record === undefined) return [];
  const known = new Set(
    [...fleet.known.values()].flatMap(({ name, host }) => [host, fleet.servers.get(name)?.host.hostname ?? host]),
  );
  const outside = record.split(/ +/).filter(term => {
    const match = qualified.exec(term);
    if (match === null || term.startsWith('-')) return false;
    return !known.has((match[3] ?? '').replace(/\/(?:32|128)$/, '').toLowerCase());
  });
  if (outside.length === 0) return [];
  return [
    {
      code: 'senders-outside',
      message: `${domain}: its SPF record names senders that are not among the servers here (${listed(outside)}).`,
      hint: 'The policy condemns what they send unsigned: see that they sign it, or leave the policy out.',
      severity: 'warning',
      domain,
      server,
    },
  ];
}
