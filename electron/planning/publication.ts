/** The records of one domain as edits: key records published and taken away, and the gates that wait for them. Pure. */
import { compareKeyRecord, holdsKey, keyRecord, parseKeyRecord, revokedRecord } from '../../shared/dkim/key-record.ts';
import { keyName } from '../../shared/dkim/names.ts';
import type { CompromisedKey, Gate, DomainChange, RecordEffect, Scheme } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { PlanningContext } from './goals.ts';
import type { Location } from './location.ts';
import { presentAt } from './location.ts';

interface Publication {
  readonly record: RecordEffect | null;
  readonly gate: Gate;
  readonly problem: Problem | null;
}

function mispasted(name: string, domain: string, server: string): Problem {
  return {
    code: 'record-differs',
    message: `${name} serves something else than the record that is to be there.`,
    hint: `Replace it at the DNS provider by exactly this record: signet records ${domain}`,
    severity: 'warning',
    domain,
    server,
  };
}

/** The key record of a selector: the edit that publishes it (null where it is published), and the gate that waits for it. */
export function keyPublication(
  context: PlanningContext,
  pending: DomainChange,
  location: Location,
  selector: string,
  record: string,
  scheme: Scheme,
): Publication | { readonly refused: Problem } {
  const { domain, server } = pending;
  const name = keyName(selector, domain);
  const present = presentAt(context.fleet, location, name, server);
  if ('problem' in present) return { refused: { ...present.problem, domain } };
  const gate: Gate = {
    domain,
    zone: location.zone ?? domain,
    name,
    compare: 'key',
    expect: record,
    via: server,
    external: location.kind === 'external',
  };
  const comparison = compareKeyRecord(record, present.rrset?.values ?? [], scheme);
  if (comparison === 'match' || comparison === 'test-mode') return { record: null, gate, problem: null };
  // where the admin pastes, something else at our name is a paste that went wrong, not somebody else's key
  if (present.rrset !== null && location.kind === 'managed') {
    return {
      refused: {
        code: 'selector-in-use',
        message: `${name} holds a record of another key already.`,
        hint: 'Choose another selector (--selector), or let Signet choose one.',
        severity: 'stop',
        domain,
        server,
      },
    };
  }
  return {
    record: {
      phase: 'publish',
      server: location.kind === 'managed' ? location.server : null,
      zone: location.zone,
      name,
      before: present.rrset,
      after: { name, ttl: null, values: [record] },
    },
    gate,
    problem: present.rrset === null ? null : mispasted(name, domain, server),
  };
}

/** Before signing ends, every authoritative server must have forgotten the policy that says all is signed. */
export function policyGates(
  records: readonly RecordEffect[],
  pending: DomainChange,
  location: Location,
): readonly Gate[] {
  return records
    .filter(record => record.phase === 'withdraw')
    .map(record => ({
      domain: pending.domain,
      zone: location.zone ?? pending.domain,
      name: record.name,
      compare: record.name.startsWith('_dmarc.') ? ('dmarc' as const) : ('policy' as const),
      expect: record.after?.values.join('\n') ?? null,
      via: pending.server,
      external: location.kind === 'external',
    }));
}

/**
 * The edit that takes a key record away; null where there is none, where it says that the key is revoked, or where another
 * server still signs with it. Only for selectors of ours (law 5).
 */
export function unpublication(
  context: PlanningContext,
  location: Location,
  pending: DomainChange,
  selector: string,
): { readonly record: RecordEffect | null } | { readonly refused: Problem } {
  const name = keyName(selector, pending.domain);
  const present = presentAt(context.fleet, location, name, pending.server);
  if ('problem' in present) return { refused: { ...present.problem, domain: pending.domain } };
  const revoked = present.rrset?.values.every(value => parseKeyRecord(value)?.publicKey === '') === true;
  if (present.rrset === null || revoked || context.signedElsewhere(pending.domain, pending.server, selector))
    return { record: null };
  return {
    record: {
      phase: 'unpublish',
      server: location.kind === 'managed' ? location.server : null,
      zone: location.zone,
      name,
      before: present.rrset,
      after: null,
    },
  };
}

/**
 * The edit that says of a key that it is revoked (RFC 6376, 3.6.1), in the record that holds it; null where none does. Where
 * DNS is elsewhere and was not asked for the name, it is the text to paste.
 */
export function revocation(
  context: PlanningContext,
  location: Location,
  pending: DomainChange,
  key: CompromisedKey,
): { readonly record: RecordEffect | null } | { readonly refused: Problem } {
  const { domain, server } = pending;
  const name = keyName(key.selector, domain);
  const present = presentAt(context.fleet, location, name, server);
  if ('problem' in present) return { refused: { ...present.problem, domain } };
  const unknown = location.kind !== 'managed' && (context.fleet.servers.get(server)?.served[name] ?? null) === null;
  const values = present.rrset?.values ?? (unknown ? [keyRecord(key)] : []);
  if (!values.some(value => holdsKey(value, key))) return { record: null };
  return {
    record: {
      phase: 'unpublish',
      server: location.kind === 'managed' ? location.server : null,
      zone: location.zone,
      name,
      before: present.rrset,
      after: {
        name,
        ttl: present.rrset?.ttl ?? null,
        values: values.map(value => (holdsKey(value, key) ? revokedRecord(value) : value)),
      },
    },
  };
}

/** What is lost where a key is not served any more. `signed`: which mail it is, "with s1", "since the run". */
export function mailUnderWay({ domain, server }: Pick<DomainChange, 'domain' | 'server'>, signed: string): Problem {
  return {
    code: 'mail-under-way',
    message: `${domain} on ${server}: mail that was signed ${signed} and is still under way will not verify.`,
    hint: 'Keep the key served for a while (grace time), or go on if little was sent or the key must go.',
    severity: 'info',
    domain,
    server,
  };
}
