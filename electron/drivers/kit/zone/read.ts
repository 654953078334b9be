/** A zone read for editing: its entries, its records, its SOA. */
import { MissingIncludeError, parseZone, type PlacedEntry, type RecordEntry, type ZoneFiles } from './parse.ts';
import { recordsOf, type ZoneRecord } from './records.ts';
import { ZoneSyntaxError } from './scan-lines.ts';

/** Why something is not done. Branch on the code. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** A zone that was read, with what the edits need to know of it. */
export interface ReadZone {
  readonly files: ZoneFiles;
  readonly zone: string;
  /** Entries of the main file. */
  readonly main: readonly PlacedEntry[];
  readonly endOrigin: string;
  readonly records: readonly ZoneRecord[];
  readonly byOwner: ReadonlyMap<string, readonly ZoneRecord[]>;
  readonly soa: { readonly record: ZoneRecord; readonly entry: RecordEntry; readonly serial: number };
}

/** Reads a zone for editing; a Reason where it cannot be edited at all. */
export function readZone(files: ZoneFiles, zone: string): ReadZone | Reason {
  try {
    const parsed = parseZone(files, zone);
    const records = recordsOf(parsed, files, zone);
    const soas = records.filter(record => record.type === 'SOA');
    const [soa] = soas;
    if (soa === undefined || soas.length > 1 || soa.owner !== zone) {
      return { code: 'zone-without-soa', message: 'the zone does not have exactly one SOA record at its top' };
    }
    if (soa.file !== null || soa.entry.kind !== 'record') {
      return { code: 'soa-in-include', message: 'its SOA record stands in an included file' };
    }
    const main = parsed.entries.filter(({ file }) => file === null);
    const byOwner = Map.groupBy(records, record => record.owner);
    const serial = Number(soa.entry.rdata[2]?.text);
    const { endOrigin } = parsed;
    return { files, zone, main, endOrigin, records, byOwner, soa: { record: soa, entry: soa.entry, serial } };
  } catch (error) {
    if (error instanceof ZoneSyntaxError) {
      return { code: 'zone-syntax', message: `line ${error.line}: ${error.message}` };
    }
    if (error instanceof MissingIncludeError) return { code: 'zone-include-missing', message: error.message };
    throw error;
  }
}

export function isReason(value: ReadZone | Reason): value is Reason {
  return 'code' in value;
}
