/** Which zone holds a name, and who serves it. */
import { isBelow, normalizeName } from '../../shared/dns/txt.ts';
import type { Delegation, NameServer } from './api.ts';
import type { DnsClient } from './dns.ts';
import type { Answer, Question } from './dns-message.ts';

function isFinal(answer: Answer): boolean {
  return answer.kind === 'records' || answer.kind === 'cname' || answer.kind === 'nxdomain' || answer.kind === 'nodata';
}

function keyOf(question: Pick<Question, 'name' | 'type'>): string {
  return `${question.type} ${question.name}`;
}

/** Asks all questions of the first resolver, and those that it could not answer of the next. */
async function resolve(
  client: DnsClient,
  resolvers: readonly string[],
  wanted: readonly Pick<Question, 'name' | 'type'>[],
): Promise<ReadonlyMap<string, Answer>> {
  const found = new Map<string, Answer>();
  let open = [...new Map(wanted.map(question => [keyOf(question), question])).values()];
  for (const address of resolvers) {
    if (open.length === 0) break;
    const asked = open.map(question => ({ ...question, recursive: true }));
    const answers = await client.query({ address }, asked);
    for (const [index, question] of open.entries()) {
      const answer = answers[index];
      if (answer !== undefined) found.set(keyOf(question), answer);
    }
    open = open.filter(question => {
      const answer = found.get(keyOf(question));
      return answer === undefined || !isFinal(answer);
    });
  }
  return found;
}

function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1);
}

function ancestors(name: string): readonly string[] {
  const names: string[] = [];
  for (let at = parentOf(name); at !== ''; at = parentOf(at)) names.push(at);
  return names;
}

/** The zone as the answer to a question for the SOA of `name` tells it: the SOA itself, or the one of the negative answer (RFC 2308, 3). */
function zoneFrom(name: string, answer: Answer | undefined): string | null {
  if (answer?.kind === 'records') return answer.alias === null ? name : null;
  if (answer?.kind !== 'nxdomain' && answer?.kind !== 'nodata') return null;
  const soa = answer.authority.find(record => record.type === 'SOA' && isBelow(name, record.name));
  return soa?.name ?? null;
}

/** A zone of one label (a top-level domain) holds nobody's records: the domain is not delegated. */
function isHosted(zone: string | null): zone is string {
  return zone !== null && zone.includes('.');
}

async function findCuts(
  client: DnsClient,
  resolvers: readonly string[],
  names: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const zones = new Map<string, string | null>();
  const direct = await resolve(
    client,
    resolvers,
    names.map(name => ({ name, type: 'SOA' })),
  );
  for (const name of names) zones.set(name, zoneFrom(name, direct.get(keyOf({ name, type: 'SOA' }))));
  // aliases, and resolvers that leave the SOA out: the nearest name above that has one
  const unclear = names.filter(name => zones.get(name) === null);
  const above = await resolve(
    client,
    resolvers,
    unclear.flatMap(name => ancestors(name).map(ancestor => ({ name: ancestor, type: 'SOA' as const }))),
  );
  for (const name of unclear) {
    const own = direct.get(keyOf({ name, type: 'SOA' }));
    // no answer for the name itself may hide a broken zone there: do not blame the parent
    if (own === undefined || !isFinal(own)) continue;
    const candidates = ancestors(name).map(ancestor =>
      zoneFrom(ancestor, above.get(keyOf({ name: ancestor, type: 'SOA' }))),
    );
    zones.set(name, candidates.find(zone => zone !== null) ?? null);
  }
  return zones;
}

/**
 * The zone and the name servers of each name, asked of `resolvers` (addresses, in the order of /etc/resolv.conf). A constant
 * number of waves of questions, however many names. null: DNS could not be asked, or says that nobody is delegated the name.
 * Keys of the result are the names as given.
 */
export async function findZones(
  client: DnsClient,
  resolvers: readonly string[],
  names: readonly string[],
): Promise<ReadonlyMap<string, Delegation | null>> {
  const cuts = await findCuts(client, resolvers, [...new Set(names.map(normalizeName))]);
  const zones = [...new Set(cuts.values())].filter(isHosted);
  const authorities = await resolve(
    client,
    resolvers,
    zones.map(zone => ({ name: zone, type: 'NS' })),
  );
  const hostsOf = new Map<string, readonly string[]>();
  for (const zone of zones) {
    const answer = authorities.get(keyOf({ name: zone, type: 'NS' }));
    const hosts = answer?.kind === 'records' ? answer.records.map(record => record.value) : [];
    hostsOf.set(zone, [...new Set(hosts)].sort());
  }
  const addresses = await resolve(
    client,
    resolvers,
    [...new Set([...hostsOf.values()].flat())].flatMap(name => [
      { name, type: 'A' as const },
      { name, type: 'AAAA' as const },
    ]),
  );
  const addressOf = (name: string, type: 'A' | 'AAAA') => addresses.get(keyOf({ name, type }));
  const delegationOf = (zone: string): Delegation => {
    const hosts = hostsOf.get(zone) ?? [];
    const servers = hosts.flatMap(name =>
      (['A', 'AAAA'] as const).flatMap((type): readonly NameServer[] => {
        const answer = addressOf(name, type);
        return answer?.kind === 'records' ? answer.records.map(record => ({ name, address: record.value })) : [];
      }),
    );
    const found = new Set(servers.map(server => server.name));
    const open = (name: string, type: 'A' | 'AAAA') => {
      const answer = addressOf(name, type);
      return answer === undefined || !isFinal(answer);
    };
    const unresolved = hosts.filter(name => !found.has(name) && (open(name, 'A') || open(name, 'AAAA')));
    return { zone, servers, unresolved };
  };
  const delegations = new Map(zones.map(zone => [zone, delegationOf(zone)]));
  return new Map(names.map(name => [name, delegations.get(cuts.get(normalizeName(name)) ?? '') ?? null]));
}
