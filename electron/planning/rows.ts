/** The domain table: facts of all servers as one row a (domain, server). Pure. */
import { compareKeyRecord, keyRecord, publishedOf } from '../../shared/dkim/key-record.ts';
import { dmarcRecords } from '../../shared/dkim/dmarc.ts';
import { adspName, dmarcName, keyName, policyName } from '../../shared/dkim/names.ts';
import type { DomainKey, DomainRow, Published } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { ServerFacts, SignerKey } from '../drivers/api.ts';
import type { Fleet, Signing } from './fleet.ts';
import { domainsOf, signedWith, signingOf, signingUnavailable } from './fleet.ts';
import type { Location } from './location.ts';
import { mailSettingsOf } from './settings.ts';
import { locate, presentAt } from './location.ts';

export interface RowContext {
  readonly fleet: Fleet;
  readonly managed: (domain: string, server: string, selector: string) => boolean;
  /** When Signet made or adopted the key (ISO 8601). */
  readonly since?: (domain: string, server: string, selector: string) => string | null;
  readonly pending: (domain: string, server: string) => readonly string[];
  readonly probe: (domain: string, server: string) => DomainRow['probe'];
}

export function domainRows(context: RowContext, only?: string): readonly DomainRow[] {
  const rows: DomainRow[] = [];
  for (const facts of context.fleet.servers.values()) {
    if (only !== undefined && facts.server !== only) continue;
    const server = serverPart(facts);
    for (const domain of domainsOf(facts, context.fleet.known.get(facts.server))) {
      rows.push(domainRow(context, facts, server, domain));
    }
  }
  return rows;
}

interface ServerPart {
  readonly signer: Signing | null;
  readonly unavailable: Problem | null;
  readonly allowed: boolean;
  readonly verifies: boolean;
  readonly keys: ReadonlyMap<string, readonly SignerKey[]>;
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

/** What all rows of a server share, looked up once. */
function serverPart(facts: ServerFacts): ServerPart {
  const signer = signingOf(facts);
  const settings = mailSettingsOf(facts);
  const keys = Map.groupBy(signer?.keys ?? [], key => key.domain);
  const problems = [
    ...(facts.mta?.view.problems ?? []),
    ...facts.signers.flatMap(candidate => candidate.view.problems),
    ...facts.dns.flatMap(candidate => candidate.view.problems),
  ];
  return {
    signer,
    unavailable: signingUnavailable(facts),
    allowed: (settings?.signing.length ?? 0) > 0,
    verifies: settings !== null && settings.verifying !== null,
    keys,
    problems: Map.groupBy(
      problems.filter(problem => problem.domain !== undefined),
      problem => problem.domain ?? '',
    ),
  };
}

function domainRow(context: RowContext, facts: ServerFacts, server: ServerPart, domain: string): DomainRow {
  const location = locate(context.fleet, domain, facts.server);
  const signs = server.signer === null ? [] : signedWith(server.signer, domain);
  const keys = (server.keys.get(domain) ?? []).map((key): DomainKey => ({
    selector: key.selector,
    algorithm: key.algorithm,
    bits: key.bits,
    scheme: key.scheme,
    published: publishedAs(facts, key),
    managed: context.managed(domain, facts.server, key.selector),
    inUse: signs.includes(key.selector),
    publicKey: key.publicKey,
    path: key.path,
    ...sinceOf(context, domain, facts.server, key.selector),
  }));
  const policyAt = (name: string) => policyValue(context.fleet, location, name, facts);
  return {
    domain,
    server: facts.server,
    mta: facts.mta?.view.name ?? null,
    signer: server.signer?.name ?? null,
    signing: signs.length > 0 ? 'on' : server.unavailable === null ? 'off' : 'unavailable',
    allowSigning: server.allowed,
    verifyIncoming: server.verifies,
    keys,
    zone: {
      kind: zoneKind(location),
      server: location.kind === 'managed' ? location.server : location.kind === 'broken' ? location.place.server : null,
      name: location.zone,
    },
    policy: {
      domainkeys: policyAt(policyName(domain)),
      adsp: policyAt(adspName(domain)),
      dmarc: policyAt(dmarcName(domain)),
    },
    probe: context.probe(domain, facts.server),
    pending: context.pending(domain, facts.server),
    problems: [...(server.problems.get(domain) ?? []), ...rowProblems(facts, domain, keys, location)],
    scannedAt: facts.scannedAt,
  };
}

function sinceOf(
  context: RowContext,
  ...key: readonly [domain: string, server: string, selector: string]
): Pick<DomainKey, 'since'> {
  const since = context.since?.(...key) ?? null;
  return since === null ? {} : { since };
}

function zoneKind(location: Location): string {
  switch (location.kind) {
    case 'managed':
      return location.places[0]?.zone.kind ?? 'managed';
    case 'broken':
      return location.place.zone.kind;
    case 'external':
      return 'external';
  }
}

function publishedAs(facts: ServerFacts, key: SignerKey): Published {
  const served = facts.served[keyName(key.selector, key.domain)];
  if (served === undefined || served === null || key.publicKey === null || key.algorithm === 'unknown')
    return 'unknown';
  const expected = keyRecord({ algorithm: key.algorithm, publicKey: key.publicKey });
  return publishedOf(compareKeyRecord(expected, served, key.scheme));
}

function policyValue(fleet: Fleet, location: Location, name: string, facts: ServerFacts): string | null {
  const present = presentAt(fleet, location, name, facts.server);
  const values = ('rrset' in present ? present.rrset?.values : null) ?? [];
  if (name.startsWith('_dmarc.')) return dmarcRecords(values)[0] ?? null;
  return values[0] ?? null;
}

/** What only the whole picture shows: keys against what is served, the zone against who may edit it. */
function rowProblems(
  facts: ServerFacts,
  domain: string,
  keys: readonly DomainKey[],
  location: Location,
): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (code: string, message: string, hint: string, severity: Problem['severity'] = 'warning') =>
    problems.push({ code, message, hint, severity, domain, server: facts.server });
  for (const key of keys) {
    const name = keyName(key.selector, domain);
    const served = facts.served[name];
    if (!key.inUse) continue;
    if (key.published === 'missing') {
      add(
        'key-not-published',
        `Mail of ${domain} is signed with ${key.selector}, and ${name} is not in DNS: every signature fails.`,
        'Publish the record (signet records), or switch signing off.',
      );
    } else if (key.published === 'mismatch') {
      add(
        (served?.length ?? 0) > 1 ? 'duplicate-record' : 'key-mismatch',
        (served?.length ?? 0) > 1
          ? `${name} has ${served?.length} TXT records: verifiers may take the wrong one.`
          : `${name} serves another key than the one that signs on ${facts.server}: every signature fails.`,
        'Publish exactly the record of the key in use (signet records).',
      );
    } else if (key.published === 'match' && served?.some(value => /(^|;)\s*t\s*=\s*([^;]*:)?\s*y\b/i.test(value))) {
      add(
        'test-mode',
        `${name} is in test mode (t=y): verifiers treat mail of ${domain} as if it were not signed.`,
        'Take t=y out of the record.',
        'info',
      );
    }
  }
  const reason = location.kind === 'managed' ? null : location.reason;
  if (reason !== null) problems.push({ ...reason, severity: 'info', domain, server: facts.server });
  return problems;
}
