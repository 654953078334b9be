/** All records of a zone, expanded, in one spelling: what `named-compilezone` prints, so that two zones can be compared. */
import { isBelow } from '../../../../shared/dns/txt.ts';
import { lineNumberAt, ZoneSyntaxError } from './scan-lines.ts';
import { parseZone, type GeneratedEntry, type ParsedZone, type RecordEntry, type ZoneFiles } from './parse.ts';
import { canonicalRdata } from './rdata.ts';

export interface ZoneRecord {
  /** Canonical name (see name.ts). */
  readonly owner: string;
  readonly ttl: number;
  readonly type: string;
  readonly rdata: string;
  readonly entry: RecordEntry | GeneratedEntry;
  /** The included file that it stands in; null: the zone's main file. */
  readonly file: string | null;
}

/** "name. TTL IN TYPE data", as a person can paste it. */
export function recordLine(record: Pick<ZoneRecord, 'owner' | 'ttl' | 'type' | 'rdata'>): string {
  return `${record.owner}. ${record.ttl} IN ${record.type} ${record.rdata}`;
}

/** The owner in the case that it is written in: to BIND, another case begins another group of records. */
function spelledOwner(owner: string, token: string): string {
  const written = token === '@' ? '' : token.replace(/\.$/, '');
  return written + owner.slice(written.length);
}

/**
 * Records in the order of the file, without those outside the zone (BIND ignores them) and with one TTL an RRset.
 * @throws ZoneSyntaxError for data that BIND would reject.
 */
export function recordsOf(parsed: ParsedZone, files: ZoneFiles, zone: string): readonly ZoneRecord[] {
  const records: ZoneRecord[] = [];
  const groupTtl = new Map<string, number>();
  const setTtl = new Map<string, number>();
  let group = 0;
  let spelling: string | null = null;
  let scope: string | null = null;
  for (const { entry, file } of parsed.entries) {
    if (entry.kind === 'include' || file !== scope) [group, scope] = [group + 1, file];
    if (entry.kind !== 'record' && entry.kind !== 'generated') continue;
    if (!isBelow(entry.owner, zone)) continue;
    const { owner } = entry;
    if (entry.kind === 'record' && entry.ownerToken !== null) {
      const spelled = spelledOwner(entry.owner, entry.ownerToken.text);
      if (spelled !== spelling) group += 1;
      spelling = spelled;
    }
    const { type, ttl } = entry;
    const rdata = canonicalRdata(type, entry.rdata, entry.origin);
    if (rdata === null) {
      const text = file === null ? files.text : (files.includes[file] ?? '');
      throw new ZoneSyntaxError(lineNumberAt(text, entry.line.start), `data that are no ${type}`);
    }
    // as BIND does it: the first TTL of records that stand together, and the last such group of an RRset
    const key = `${entry.kind === 'generated' ? owner : group} ${type}`;
    const first = groupTtl.get(key) ?? ttl;
    groupTtl.set(key, first);
    setTtl.set(`${owner} ${type}`, first);
    records.push({ owner, ttl, type, rdata, entry, file });
  }
  return records.map(record => ({ ...record, ttl: setTtl.get(`${record.owner} ${record.type}`) ?? record.ttl }));
}

/** @param zone canonical name. @throws ZoneSyntaxError, MissingIncludeError. */
export function zoneRecords(files: ZoneFiles, zone: string): readonly ZoneRecord[] {
  return recordsOf(parseZone(files, zone), files, zone);
}

export interface ZoneDifference {
  /** Lines as `recordLine` writes them, sorted; the SOA is compared without its serial. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

function linesOf(records: readonly ZoneRecord[]): ReadonlySet<string> {
  // an RRset is a set: BIND drops a record that is there twice
  return new Set(
    records.map(record =>
      recordLine(record.type === 'SOA' ? { ...record, rdata: record.rdata.replace(/ \d+/, ' SERIAL') } : record),
    ),
  );
}

export function recordDifference(before: readonly ZoneRecord[], after: readonly ZoneRecord[]): ZoneDifference {
  const [old, now] = [linesOf(before), linesOf(after)];
  return {
    removed: [...old].filter(line => !now.has(line)).sort(),
    added: [...now].filter(line => !old.has(line)).sort(),
  };
}

/** What differs between two texts of a zone once they are read. @throws as `zoneRecords`. */
export function canonicalDifference(before: ZoneFiles, after: ZoneFiles, zone: string): ZoneDifference {
  return recordDifference(zoneRecords(before, zone), zoneRecords(after, zone));
}
