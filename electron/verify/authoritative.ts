/** What the authoritative servers themselves serve: no cache in between, and every server of the zone asked. */
import { normalizeName } from '../../shared/dns/txt.ts';
import { printable } from '../../shared/text.ts';
import type { Delegation, NameServer, Served, ServerAnswer, TxtOutcome } from './api.ts';
import { findZones } from './delegation.ts';
import type { DnsClient } from './dns.ts';
import type { Answer } from './dns-message.ts';

function outcomeOf(answer: Answer): TxtOutcome {
  switch (answer.kind) {
    case 'records':
      if (!answer.authoritative) return { kind: 'lame' };
      return {
        kind: 'values',
        values: answer.records.map(record => record.value).sort(),
        alias: answer.alias === null ? null : printable(answer.alias),
      };
    case 'cname':
      return answer.authoritative ? { kind: 'cname', target: printable(answer.target) } : { kind: 'lame' };
    case 'nxdomain':
    case 'nodata':
      return { kind: answer.authoritative ? answer.kind : 'lame' };
    case 'unreachable':
    case 'malformed':
      return { kind: answer.kind, detail: printable(answer.detail) };
    default:
      return { kind: answer.kind };
  }
}

/**
 * The TXT records of each name at every address of every server of its zone. `delegations` as findZones gave them for these
 * names; a name without a delegation gets no answers. Servers are asked in parallel, each over one connection.
 */
export async function askAuthoritative(
  client: DnsClient,
  delegations: ReadonlyMap<string, Delegation | null>,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly ServerAnswer[]>> {
  const perAddress = new Map<string, { readonly server: NameServer; readonly name: string }[]>();
  for (const name of new Set(names)) {
    for (const server of delegations.get(name)?.servers ?? []) {
      const wanted = perAddress.get(server.address) ?? [];
      wanted.push({ server, name });
      perAddress.set(server.address, wanted);
    }
  }
  const found = new Map<string, ServerAnswer[]>(names.map(name => [name, []]));
  await Promise.all(
    [...perAddress].map(async ([address, wanted]) => {
      const questions = wanted.map(({ name }) => ({
        name: normalizeName(name),
        type: 'TXT' as const,
        recursive: false,
      }));
      const answers = await client.query({ address }, questions);
      for (const [index, { server, name }] of wanted.entries()) {
        const answer = answers[index];
        if (answer === undefined) continue;
        found.get(name)?.push({ server: printable(server.name), address, outcome: outcomeOf(answer) });
      }
    }),
  );
  for (const answers of found.values()) {
    answers.sort((a, b) => a.server.localeCompare(b.server, 'en') || a.address.localeCompare(b.address, 'en'));
  }
  return found;
}

/** Whether the server said what it serves (or that it serves nothing). */
export function isDefinite(outcome: TxtOutcome): boolean {
  return ['values', 'nxdomain', 'nodata', 'cname'].includes(outcome.kind);
}

/** "ns2.example.net (192.0.2.2)" */
export function serverText(answer: ServerAnswer): string {
  return `${answer.server} (${answer.address})`;
}

/** The answers that count: an address that does not answer is passed over where another address of the same server does. */
export function decisive(answers: readonly ServerAnswer[]): readonly ServerAnswer[] {
  const speaking = new Set(answers.filter(answer => isDefinite(answer.outcome)).map(answer => answer.server));
  return answers.filter(answer => isDefinite(answer.outcome) || !speaking.has(answer.server));
}

/** Why a server gave no definite answer, to stand behind its name. */
export function failureText(outcome: TxtOutcome): string {
  switch (outcome.kind) {
    case 'lame':
      return 'does not answer as an authority for the zone';
    case 'refused':
      return 'refuses to answer';
    case 'servfail':
      return 'fails to answer (SERVFAIL)';
    case 'timeout':
      return 'does not answer in time';
    case 'unreachable':
      return `cannot be reached: ${outcome.detail}`;
    case 'malformed':
      return `gives a broken answer: ${outcome.detail}`;
    default:
      return 'answers';
  }
}

function summary(delegation: Delegation | null, answers: readonly ServerAnswer[]): Served {
  const unknown = (reason: string): Served => ({ state: 'unknown', reason, perServer: answers });
  if (delegation === null) return unknown('DNS names no zone and no servers for it');
  const [first] = answers;
  if (first === undefined) return unknown(`no name server of ${printable(delegation.zone)} has an address`);
  const definite = answers.filter(answer => isDefinite(answer.outcome));
  if (definite.length === 0) return unknown(`${serverText(first)} ${failureText(first.outcome)}`);
  const said = definite.map(({ outcome }): Served => {
    if (outcome.kind === 'values') return { state: 'agreed', values: outcome.values, alias: outcome.alias };
    return { state: 'agreed', values: null, alias: outcome.kind === 'cname' ? outcome.target : null };
  });
  const [one] = said;
  if (one === undefined || new Set(said.map(served => JSON.stringify(served))).size > 1) {
    return { state: 'differs', perServer: answers };
  }
  return one;
}

export interface ServedSummary {
  readonly served: ReadonlyMap<string, Served>;
  readonly delegations: ReadonlyMap<string, Delegation | null>;
}

/**
 * What is served at each name, for the scan. A server that gives no answer is passed over when others of the zone do: a scan
 * tells what is there, a gate (gates.ts) insists on every server.
 */
export async function askServed(
  client: DnsClient,
  resolvers: readonly string[],
  names: readonly string[],
): Promise<ServedSummary> {
  const delegations = await findZones(client, resolvers, names);
  const answers = await askAuthoritative(client, delegations, names);
  const served = new Map(names.map(name => [name, summary(delegations.get(name) ?? null, answers.get(name) ?? [])]));
  return { served, delegations };
}
