/** What BIND's tools answer, as facts. */
import { printable } from '../../../../shared/text.ts';
import { canonicalName } from '../../kit/zone/name.ts';
import type { DynamicRecord, ZoneStatus } from './facts.ts';

export interface StatusAnswer {
  /** null: named does not have the zone, or has not loaded it. */
  readonly status: ZoneStatus | null;
  readonly text: string;
}

/** Parts of an output, each begun by a record separator and one line; by that line. */
function partsOf(output: string): readonly (readonly [string, string])[] {
  return output
    .split('\u001E')
    .slice(1)
    .map(part => {
      const end = part.indexOf('\n');
      return end === -1 ? ([part, ''] as const) : ([part.slice(0, end), part.slice(end + 1)] as const);
    });
}

/** Answers of `rndc zonestatus`, by "zone view". */
export function parseZoneStatuses(output: string): ReadonlyMap<string, StatusAnswer> {
  return new Map(
    partsOf(output).map(([zone, text]) => [zone, { status: zoneStatus(text), text: printable(text.trim()) }]),
  );
}

function zoneStatus(text: string): ZoneStatus | null {
  if (!/^name: /m.test(text)) return null;
  const is = (what: string): boolean => new RegExp(`^${what}: yes$`, 'm').test(text);
  const serial = /^serial: (\d+)$/m.exec(text)?.[1];
  return {
    serial: serial === undefined ? null : Number(serial),
    dynamic: is('dynamic'),
    frozen: is('frozen'),
    inlineSigned: is('inline signing'),
    secure: is('secure'),
  };
}

const compiledLine = /^(\S+)[ \t]+(\d+)[ \t]+IN[ \t]+([A-Z0-9-]+)[ \t]+(.*)$/;

/** Records of dynamic zones as `named-compilezone` prints them, by "zone file"; a zone that it could not read has none. */
export function parseDynamicZones(output: string): ReadonlyMap<string, readonly DynamicRecord[]> {
  const zones = new Map<string, readonly DynamicRecord[]>();
  for (const [zone, text] of partsOf(output)) {
    const records = text.split('\n').flatMap(line => {
      const [, owner, ttl, type, rdata] = compiledLine.exec(line) ?? [];
      const name = owner === undefined ? null : canonicalName(owner, '');
      if (name === null || type === undefined || rdata === undefined) return [];
      return [{ owner: name, ttl: Number(ttl), type, rdata }];
    });
    if (records.length > 0) zones.set(zone, records);
  }
  return zones;
}

/** What `named-checkconf -z` has against zones, by "zone view". */
export function loadErrors(log: string): ReadonlyMap<string, string> {
  const errors = new Map<string, string>();
  const details = new Map<string, string>();
  for (const line of log.split('\n')) {
    const [, zone, detail] = /^zone (\S+)\/IN(?:\/\S+)?: (.*)$/.exec(line) ?? [];
    if (zone !== undefined && detail !== undefined && !/^(?:loaded serial|not loaded)/.test(detail)) {
      const name = zone.toLowerCase();
      if (!details.has(name)) details.set(name, printable(detail));
    }
    const [, view, failed, error] = /^([^/\s]+)\/(\S+)\/IN: (.*)$/.exec(line) ?? [];
    if (view === undefined || failed === undefined || error === undefined) continue;
    const name = failed.toLowerCase();
    errors.set(`${name} ${view}`, details.get(name) ?? printable(error));
  }
  return errors;
}
