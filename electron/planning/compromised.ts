/** Where a key that somebody else has stands: on which servers and in which zones, and what is staged against it. Pure. */
import type { Target } from '../../shared/contract.ts';
import { parseKeyRecord } from '../../shared/dkim/key-record.ts';
import { keyInfo } from '../../shared/dkim/public-key.ts';
import type { CompromisedKey, DomainRow, DomainChange } from '../../shared/model.ts';
import type { ServerFacts } from '../drivers/api.ts';
import type { Fleet } from './fleet.ts';
import { signedWith, signingOf } from './fleet.ts';
import type { PlanningContext } from './goals.ts';
import type { RotationWish } from './rotate.ts';
import { Rotation } from './rotate.ts';
import type { StagePlan } from './stage.ts';

/** A key, or its record, as it was found. */
interface Finding extends CompromisedKey, Target {
  /** Of the key itself, whatever its encoding. */
  readonly identity: string;
  readonly kind: 'key' | 'record';
}

const separator = '._domainkey.';

/** All keys and key records that are known, on all servers. A record in a zone belongs to the server of the zone. */
function* findings(fleet: Fleet): Generator<Finding> {
  for (const facts of fleet.servers.values()) {
    const { server } = facts;
    for (const signer of facts.signers) {
      for (const { domain, selector, algorithm, publicKey } of signer.view.keys) {
        if (publicKey === null || algorithm === 'unknown') continue;
        const identity = keyInfo(publicKey, algorithm)?.identity;
        if (identity !== undefined) yield { domain, server, selector, algorithm, publicKey, identity, kind: 'key' };
      }
    }
    for (const [name, values] of records(facts)) {
      const [selector, domain] = name.split(separator);
      if (selector === undefined || domain === undefined) continue;
      for (const value of values) {
        const record = parseKeyRecord(value);
        const info = record === null ? null : keyInfo(record.publicKey, record.keyType);
        if (record === null || info === null) continue;
        const { algorithm, identity } = info;
        yield { domain, server, selector, algorithm, publicKey: record.publicKey, identity, kind: 'record' };
      }
    }
  }
}

function* records(facts: ServerFacts): Generator<readonly [string, readonly string[]]> {
  for (const { view } of facts.dns) {
    for (const zone of view.zones) for (const { name, values } of zone.txt) yield [name, values];
  }
  for (const [name, values] of Object.entries(facts.served)) if (values !== null) yield [name, values];
}

/**
 * Every place of the keys that `named` says: a fingerprint (hex SHA-256 of what `p=` holds), or the name of a record or key,
 * SELECTOR._domainkey.DOMAIN.
 */
export function findKey(fleet: Fleet, named: string, fingerprintOf: (publicKey: string) => string): readonly Finding[] {
  const wanted = named.toLowerCase();
  const all = [...findings(fleet)];
  const byName = wanted.includes(separator);
  const isNamed = ({ selector, domain, publicKey }: Finding) =>
    byName ? `${selector}${separator}${domain}` === wanted : fingerprintOf(publicKey) === wanted;
  const identities = new Set(all.filter(isNamed).map(finding => finding.identity));
  return all.filter(({ identity }) => identities.has(identity));
}

/** New keys where the found ones sign, and every record of them revoked. */
export function stageCompromised(
  context: PlanningContext,
  rows: readonly DomainRow[],
  pending: readonly DomainChange[],
  found: readonly Finding[],
  wish: RotationWish,
  now: Date,
): StagePlan {
  const rotation = new Rotation(context, pending, wish, now);
  const rowOf = new Map(rows.map(row => [`${row.domain}\n${row.server}`, row]));
  for (const [domain, ofDomain] of Map.groupBy(found, finding => finding.domain)) {
    for (const [server, held] of placesOf(context.fleet, domain, ofDomain)) {
      const facts = context.fleet.servers.get(server);
      const signer = facts === undefined ? null : signingOf(facts);
      const uses = signer === null ? [] : signedWith(signer, domain);
      const keys = [...new Map(held.map(finding => [finding.selector, finding])).values()];
      const place = rowOf.get(`${domain}\n${server}`) ?? { domain, server, signer: signer?.name ?? null, keys: [] };
      const leaving = keys
        .filter(key => key.kind === 'key' && uses.includes(key.selector))
        .map(({ selector, algorithm, publicKey }) => ({
          selector,
          algorithm,
          scheme: signer?.keys.find(key => key.domain === domain && key.selector === selector)?.scheme ?? 'dkim',
          bits: keyInfo(publicKey, algorithm)?.bits ?? null,
        }));
      rotation.stage(
        place,
        leaving,
        keys.map(({ selector, publicKey, algorithm }) => ({ selector, publicKey, algorithm })),
      );
    }
  }
  return rotation.result();
}

/**
 * For each server that must act for a domain, what it holds. A record that no key of a server stands behind is revoked with the
 * change of a server that acts anyway, else of one that hosts the domain, else of its zone's server.
 */
function placesOf(fleet: Fleet, domain: string, found: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  const keys = found.filter(({ kind }) => kind === 'key');
  const places = Map.groupBy(keys, ({ server }) => server);
  const behind = new Set(keys.map(({ selector }) => selector));
  const alone = found.filter(({ kind, selector }) => kind === 'record' && !behind.has(selector));
  const [anchor = fleet.hosting.get(domain)?.[0] ?? alone[0]?.server] = places.keys();
  if (anchor !== undefined && alone.length > 0) places.set(anchor, [...(places.get(anchor) ?? []), ...alone]);
  return places;
}
