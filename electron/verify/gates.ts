/** Gates: before a change may begin, every authoritative server must serve what the change relies on. */
import { randomUUID } from 'node:crypto';
import { compareDmarc } from '../../shared/dkim/dmarc.ts';
import type { KeyComparison } from '../../shared/dkim/key-record.ts';
import { compareKeyRecord, parseKeyRecord } from '../../shared/dkim/key-record.ts';
import type { PolicyComparison } from '../../shared/dkim/policies.ts';
import { comparePolicy } from '../../shared/dkim/policies.ts';
import type { Gate } from '../../shared/model.ts';
import { printable } from '../../shared/text.ts';
import type { Delegation, GateResult, ServerAnswer } from './api.ts';
import { askAuthoritative, decisive, failureText, isDefinite, serverText } from './authoritative.ts';
import { findZones } from './delegation.ts';
import type { DnsClient } from './dns.ts';

const wrong: Readonly<Record<Exclude<KeyComparison | PolicyComparison, 'match'>, string>> = {
  missing: 'does not serve it yet',
  mismatch: 'serves something else',
  several: 'serves several records there: receivers may take any of them',
  invalid: 'serves a record there that is no key record',
  revoked: 'serves the key as revoked (empty p=)',
  'test-mode': 'serves it in test mode (t=y): receivers ignore it',
};

/** What stands there of the kind that the gate is about: for a gate that expects nothing, anything else does no harm. */
function relevant(gate: Gate, values: readonly string[]): readonly string[] {
  switch (gate.compare) {
    case 'key':
      return values.filter(value => (parseKeyRecord(value)?.publicKey ?? '') !== '');
    case 'policy':
      // every policy differs from none: `missing` says that no value is a policy
      return values.filter(value => comparePolicy('', [value]) !== 'missing');
    case 'dmarc':
      return values.filter(value => compareDmarc('', [value]) !== 'missing');
  }
}

function compare(gate: Gate, expect: string, values: readonly string[] | null): KeyComparison | PolicyComparison {
  switch (gate.compare) {
    case 'key':
      return compareKeyRecord(expect, values);
    case 'policy':
      return comparePolicy(expect, values);
    case 'dmarc':
      return compareDmarc(expect, values);
  }
}

/** null: this server is there; else what is wrong, to stand behind its name. */
function complaint(gate: Gate, answer: ServerAnswer): string | null {
  const { outcome } = answer;
  if (!isDefinite(outcome)) return failureText(outcome);
  if (outcome.kind === 'cname') return `serves an alias (CNAME) of ${outcome.target} instead, which another zone holds`;
  const values = outcome.kind === 'values' ? outcome.values : null;
  const alias = outcome.kind === 'values' && outcome.alias !== null ? ` (by an alias of ${outcome.alias})` : '';
  if (gate.expect === null) {
    return values !== null && relevant(gate, values).length > 0 ? `still serves it${alias}` : null;
  }
  const comparison = compare(gate, gate.expect, values);
  return comparison === 'match' ? null : `${wrong[comparison]}${alias}`;
}

function sibling(name: string): string {
  const dot = name.indexOf('.');
  return `signet-${randomUUID().slice(0, 8)}${dot === -1 ? '' : name.slice(dot)}`;
}

/** Names where some server gives the same values for any other name beside it: what it serves comes from a wildcard. */
async function findWildcards(
  client: DnsClient,
  delegations: ReadonlyMap<string, Delegation | null>,
  answers: ReadonlyMap<string, readonly ServerAnswer[]>,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const valuesOf = (list: readonly ServerAnswer[] | undefined) =>
    new Set((list ?? []).flatMap(({ outcome }) => (outcome.kind === 'values' ? outcome.values : [])));
  const siblings = new Map(
    names.filter(name => valuesOf(answers.get(name)).size > 0).map(name => [name, sibling(name)]),
  );
  const beside = new Map([...siblings].map(([name, other]) => [other, delegations.get(name) ?? null]));
  const found = await askAuthoritative(client, beside, [...beside.keys()]);
  return new Set(
    [...siblings].flatMap(([name, other]) => {
      const values = valuesOf(found.get(other));
      return values.size > 0 && [...values].every(value => valuesOf(answers.get(name)).has(value)) ? [name] : [];
    }),
  );
}

function resultOf(gate: Gate, delegation: Delegation | null, answers: readonly ServerAnswer[]): GateResult {
  const name = printable(gate.name);
  const result = (passed: boolean, message: string): GateResult => ({ gate, passed, message, perServer: answers });
  if (delegation === null) return result(false, `${name}: DNS names no zone and no servers for it`);
  if (answers.length === 0)
    return result(false, `${name}: no name server of ${printable(delegation.zone)} has an address`);
  for (const answer of decisive(answers)) {
    const text = complaint(gate, answer);
    if (text !== null) return result(false, `${name}: ${serverText(answer)} ${text}`);
  }
  const [lost] = delegation.unresolved;
  if (lost !== undefined) return result(false, `${name}: the address of ${printable(lost)} cannot be found now`);
  const count = new Set(answers.map(answer => answer.server)).size;
  const who = count === 1 ? 'the name server' : `all ${count} name servers`;
  const verb = count === 1 ? 'serves' : 'serve';
  const what = gate.expect === null ? `no longer ${verb} it` : `${verb} it`;
  return result(true, `${name}: ${who} of ${printable(delegation.zone)} ${what}`);
}

/**
 * Asks once for all gates, which share questions and connections. `resolvers`: the addresses in the asking server's own
 * /etc/resolv.conf; they only tell who is authoritative. Never rejects: what could not be asked did not pass.
 */
export async function checkGates(
  client: DnsClient,
  resolvers: readonly string[],
  gates: readonly Gate[],
): Promise<readonly GateResult[]> {
  const names = [...new Set(gates.map(gate => gate.name))];
  const delegations = await findZones(client, resolvers, names);
  const answers = await askAuthoritative(client, delegations, names);
  const results = gates.map(gate => resultOf(gate, delegations.get(gate.name) ?? null, answers.get(gate.name) ?? []));
  const failed = results.filter(result => !result.passed).map(result => result.gate.name);
  const wild = await findWildcards(client, delegations, answers, [...new Set(failed)]);
  return results.map(result =>
    !result.passed && wild.has(result.gate.name)
      ? { ...result, message: `${result.message}; a wildcard answers there` }
      : result,
  );
}
