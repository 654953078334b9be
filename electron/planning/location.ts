/** Where the records of a domain are to be changed. Pure. */
import type { TxtRRset } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Fleet, ZonePlace } from './fleet.ts';
import { txtAt } from './fleet.ts';

export type Location =
  | {
      readonly kind: 'managed';
      readonly server: string;
      readonly driver: string;
      readonly zone: string;
      /** The zone once for each view that it is in. */
      readonly places: readonly ZonePlace[];
    }
  /** The zone is on `server`, and is not well: nothing may rest on it before it is mended. */
  | { readonly kind: 'broken'; readonly zone: string; readonly place: ZonePlace; readonly reason: Problem }
  /** DNS is elsewhere, or here and not to be edited (`reason`): the admin pastes the record, and activation waits for it. */
  | { readonly kind: 'external'; readonly zone: string | null; readonly reason: Problem | null };

/** The zone that holds `domain`: the longest one that is configured on a server of the fleet, unless DNS says that a longer one is elsewhere. */
export function locate(fleet: Fleet, domain: string, server: string): Location {
  const delegation = fleet.servers.get(server)?.delegations[domain] ?? null;
  for (let name = domain; name !== ''; name = parentOf(name)) {
    if (delegation !== null && name.length < delegation.zone.length) break;
    const places = fleet.zones.get(name);
    if (places !== undefined) return choose(fleet, name, places, delegation?.servers ?? []);
  }
  return { kind: 'external', zone: delegation?.zone ?? null, reason: null };
}

function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1);
}

function choose(fleet: Fleet, zone: string, places: readonly ZonePlace[], authoritative: readonly string[]): Location {
  const primaries = places.filter(place => place.zone.role === 'primary');
  const candidates = [...new Set(primaries.map(place => place.server))];
  const servers = candidates.length > 1 ? narrowed(fleet, candidates, authoritative, places) : candidates;
  const [server] = servers;
  if (servers.length > 1) {
    return {
      kind: 'external',
      zone,
      reason: {
        code: 'zone-on-several-servers',
        message: `${zone} is a primary zone on ${servers.join(' and ')}: Signet cannot know which of them the others copy.`,
        hint: 'Remove the zone from the server that is not its primary, or publish the record by hand.',
        severity: 'warning',
      },
    };
  }
  if (server === undefined) {
    const [place] = places;
    return { kind: 'external', zone, reason: place?.zone.refusal ?? null };
  }
  const here = primaries.filter(place => place.server === server);
  const broken = here.find(place => place.zone.broken);
  if (broken !== undefined && broken.zone.refusal !== null) {
    return { kind: 'broken', zone, place: broken, reason: { ...broken.zone.refusal, server } };
  }
  const refusal = here.find(place => place.zone.refusal !== null)?.zone.refusal ?? null;
  if (refusal !== null) return { kind: 'external', zone, reason: { ...refusal, severity: 'warning' } };
  return { kind: 'managed', server, driver: here[0]?.driver ?? '', zone, places: here };
}

/** Of several primaries: those that DNS names, or that a secondary of the fleet transfers from. */
function narrowed(
  fleet: Fleet,
  candidates: readonly string[],
  authoritative: readonly string[],
  places: readonly ZonePlace[],
): readonly string[] {
  const sources = new Set([...authoritative, ...places.flatMap(place => place.zone.primaries)]);
  const named = candidates.filter(server => sources.has(fleet.known.get(server)?.host ?? ''));
  return named.length === 1 ? named : candidates;
}

export type Present = { readonly rrset: TxtRRset | null } | { readonly problem: Problem };

/** What stands at a name today: in the zone that is to be edited, or (elsewhere) what its servers serve. */
export function presentAt(fleet: Fleet, location: Location, name: string, server: string): Present {
  if (location.kind !== 'managed') {
    const served = fleet.servers.get(server)?.served[name];
    return {
      rrset:
        served === undefined || served === null || served.length === 0 ? null : { name, ttl: null, values: served },
    };
  }
  const where = { server: location.server, severity: 'stop' as const };
  if (location.places.some(place => place.zone.cnames.includes(name))) {
    return {
      problem: {
        code: 'name-is-cname',
        message: `${name} is a CNAME in zone ${location.zone} on ${location.server}: the name belongs to somebody else.`,
        hint: 'Choose another selector, or remove the CNAME if nobody needs it any more.',
        ...where,
      },
    };
  }
  const found = location.places.map(place => txtAt(place.zone, name));
  const [first = null] = found;
  if (found.slice(1).some(rrset => JSON.stringify(rrset?.values ?? null) !== JSON.stringify(first?.values ?? null))) {
    return {
      problem: {
        code: 'views-differ',
        message: `The views of zone ${location.zone} on ${location.server} hold different records at ${name}.`,
        hint: 'Make the views agree at this name, scan again, and plan anew.',
        ...where,
      },
    };
  }
  return { rrset: first };
}
