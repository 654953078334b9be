/** The facts of all servers, indexed for planning. Pure. */
import type { DnsZone, DriverFacts, ServerFacts, SignerView } from '../drivers/api.ts';
import type { KeyScheme, Scheme, TxtRRset } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';

/** What the admin said of a server, as far as planning needs it. */
export interface KnownServer {
  readonly name: string;
  readonly host: string;
  readonly givenDomains: readonly string[];
}

export interface ZonePlace {
  readonly server: string;
  readonly driver: string;
  readonly zone: DnsZone;
}

export interface Fleet {
  readonly servers: ReadonlyMap<string, ServerFacts>;
  readonly known: ReadonlyMap<string, KnownServer>;
  /** Every place where a zone is configured, by the zone's name. */
  readonly zones: ReadonlyMap<string, readonly ZonePlace[]>;
  /** The servers that host a mail domain, in the order of their names. */
  readonly hosting: ReadonlyMap<string, readonly string[]>;
}

/** The mail domains of a server: its own list and what the admin gave. */
export function domainsOf(facts: ServerFacts, known: KnownServer | undefined): readonly string[] {
  const found = facts.mta?.view.domains.map(hosted => hosted.domain) ?? [];
  return [...new Set([...found, ...(known?.givenDomains ?? [])])];
}

export function indexFleet(facts: readonly ServerFacts[], known: readonly KnownServer[]): Fleet {
  const zones = new Map<string, ZonePlace[]>();
  const hosting = new Map<string, string[]>();
  const knownByName = new Map(known.map(server => [server.name, server]));
  for (const server of facts) {
    for (const dns of server.dns) {
      for (const zone of dns.view.zones) {
        const places = zones.get(zone.name);
        const place = { server: server.server, driver: dns.driver, zone };
        if (places === undefined) zones.set(zone.name, [place]);
        else places.push(place);
      }
    }
    for (const domain of domainsOf(server, knownByName.get(server.server))) {
      const servers = hosting.get(domain);
      if (servers === undefined) hosting.set(domain, [server.server]);
      else servers.push(server.server);
    }
  }
  return { servers: new Map(facts.map(server => [server.server, server])), known: knownByName, zones, hosting };
}

const keySchemes: readonly KeyScheme[] = ['dkim', 'domainkeys'];

export function schemesOf(scheme: Scheme): readonly KeyScheme[] {
  return scheme === 'both' ? keySchemes : [scheme];
}

type Signer = DriverFacts<unknown, SignerView>;

/** The signer of a server that Signet works with for a scheme: the one in the MTA's path, else the first one. */
export function signerFor(facts: ServerFacts, scheme: KeyScheme): Signer | null {
  const able = facts.signers.filter(({ view }) => view.can.includes(scheme));
  return able.find(({ view }) => inPath(facts, view)) ?? able[0] ?? null;
}

/** The signers of a server that Signet works with: at most one for each scheme, DKIM first. */
export function signersOf(facts: ServerFacts): readonly Signer[] {
  const signers = keySchemes.map(scheme => signerFor(facts, scheme)).filter(signer => signer !== null);
  return [...new Set(signers)];
}

/** What the signers of a server do together. */
export type Signing = Pick<SignerView, 'name' | 'keys' | 'signs' | 'signsOthers'>;

const together = new WeakMap<ServerFacts, Signing>();

/** null: there is none. Facts are never changed in place, so it is put together once for each. */
export function signingOf(facts: ServerFacts): Signing | null {
  const known = together.get(facts);
  if (known !== undefined) return known;
  const views = signersOf(facts).map(signer => signer.view);
  const [only, ...others] = views;
  if (only === undefined) return null;
  const signing = others.length === 0 ? only : merged(views);
  together.set(facts, signing);
  return signing;
}

function merged(views: readonly SignerView[]): Signing {
  const domains = new Set(views.flatMap(view => Object.keys(view.signs)));
  return {
    name: views.map(view => view.name).join(', '),
    keys: views.flatMap(view => view.keys),
    signs: Object.fromEntries([...domains].map(domain => [domain, views.flatMap(view => signedWith(view, domain))])),
    signsOthers: views.flatMap(view => view.signsOthers ?? []),
  };
}

export function sameSelectors(one: readonly string[], other: readonly string[]): boolean {
  const selectors = new Set(one);
  return selectors.size === new Set(other).size && other.every(selector => selectors.has(selector));
}

/** Whether the MTA passes outgoing mail through the signer. A signer without a socket of its own is part of the MTA. */
export function inPath(facts: ServerFacts, signer: SignerView): boolean {
  if (facts.mta === null) return false;
  if (signer.endpoint === null) return true;
  const wanted = endpointKey(signer.endpoint);
  return facts.mta.view.milters.some(milter => endpointKey(milter.endpoint) === wanted);
}

const loopback = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', '']);

/** The same for names of the same place. */
export function endpointKey(endpoint: SignerView['endpoint'] & object): string {
  if ('path' in endpoint) return `unix:${endpoint.path.replace(/\/+/g, '/')}`;
  const host = endpoint.host.toLowerCase();
  return `inet:${loopback.has(host) ? 'localhost' : host}:${endpoint.port}`;
}

function allowHint(server: string, scheme: KeyScheme): string {
  return `Allow signing outgoing mail there: signet mail-settings ${server} --allow-signing on${scheme === 'dkim' ? '' : ' --scheme domainkeys'}`;
}

/** Why no domain of the server can be switched on, by any scheme; null: they can. */
export function signingUnavailable(facts: ServerFacts): Problem | null {
  const [dkim = null, domainkeys = null] = keySchemes.map(scheme => schemeUnavailable(facts, scheme));
  if (dkim === null || domainkeys === null) return null;
  return dkim.code === 'no-signer' && domainkeys.code !== 'scheme-unsupported' ? domainkeys : dkim;
}

/** Why no domain of the server can be switched on with the scheme; null: they can. */
export function schemeUnavailable(facts: ServerFacts, scheme: KeyScheme): Problem | null {
  const where = { server: facts.server, severity: 'stop' as const };
  if (facts.mta === null) {
    return {
      code: 'no-mta',
      message: `${facts.server} has no mail server that Signet knows.`,
      hint: 'Signet signs mail on servers that run Postfix. Use this server for its DNS role, or remove it.',
      ...where,
    };
  }
  const signer = signerFor(facts, scheme);
  if (signer === null) {
    return {
      code: scheme === 'dkim' ? 'no-signer' : 'scheme-unsupported',
      message:
        scheme === 'dkim'
          ? `${facts.server} has no signer: ${facts.mta.view.name} is there, but nothing that signs its mail.`
          : `${facts.server} has nothing that signs with DomainKeys.`,
      hint: allowHint(facts.server, scheme),
      ...where,
    };
  }
  if (signer.view.unavailable !== null && inPath(facts, signer.view)) return signer.view.unavailable;
  if (!inPath(facts, signer.view)) {
    return {
      code: 'signer-not-in-path',
      message: `${facts.server}: ${facts.mta.view.name} does not send outgoing mail through ${signer.view.name}.`,
      hint: allowHint(facts.server, scheme),
      ...where,
    };
  }
  return null;
}

/** The selectors that a message of the domain is signed with; a pattern for every domain counts too. */
export function signedWith(signer: Pick<SignerView, 'signs' | 'signsOthers'>, domain: string): readonly string[] {
  return signer.signs[domain] ?? signer.signsOthers ?? [];
}

/** The other servers that host the domain and sign with the same selector: the key is shared. */
export function sharers(fleet: Fleet, domain: string, server: string, selector: string): readonly string[] {
  return (fleet.hosting.get(domain) ?? []).filter(other => {
    const facts = other === server ? undefined : fleet.servers.get(other);
    const signer = facts === undefined ? null : signingOf(facts);
    return signer !== null && signedWith(signer, domain).includes(selector);
  });
}

const txtIndex = new WeakMap<DnsZone, ReadonlyMap<string, TxtRRset>>();

/** The TXT RRset that a zone holds at a name, among those that concern Signet. */
export function txtAt(zone: DnsZone, name: string): TxtRRset | null {
  // most zones have a few: with 100,000 zones, as many indexes would cost more than they save
  if (zone.txt.length < 16) return zone.txt.findLast(rrset => rrset.name === name) ?? null;
  let index = txtIndex.get(zone);
  if (index === undefined) {
    index = new Map(zone.txt.map(rrset => [rrset.name, rrset]));
    txtIndex.set(zone, index);
  }
  return index.get(name) ?? null;
}
