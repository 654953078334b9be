/** What one edit means in a zone that was read: which records go, change, come, and what must differ in the end. */
import type { TxtRRset } from '../../../../shared/model.ts';
import { formatTxt, isBelow } from '../../../../shared/dns/txt.ts';
import { printable } from '../../../../shared/text.ts';
import type { Reason, ReadZone } from './read.ts';
import { parentName } from './name.ts';
import type { RecordEntry } from './parse.ts';
import { txtStrings } from './rdata.ts';
import { recordLine, type ZoneDifference, type ZoneRecord } from './records.ts';

export interface ZoneEdit {
  /** Canonical name (see name.ts). */
  readonly name: string;
  readonly before: TxtRRset | null;
  readonly after: TxtRRset | null;
}

export interface Draft {
  readonly name: string;
  /** TTL of the RRset afterwards. */
  readonly ttl: number;
  readonly remove: readonly RecordEntry[];
  readonly replace: readonly { readonly entry: RecordEntry; readonly value: string }[];
  readonly add: readonly string[];
  /** Records whose TTL changes, be their data kept or replaced. */
  readonly retime: readonly RecordEntry[];
  readonly expected: ZoneDifference;
}

interface Present {
  readonly record: ZoneRecord;
  readonly entry: RecordEntry;
  readonly value: string;
}

/** The joined value of a TXT record (RFC 6376, 3.6.2.2); null: it is written as raw data (RFC 3597). */
export function txtValue(record: ZoneRecord): string | null {
  if (record.rdata.startsWith('\\#')) return null;
  return txtStrings(record.entry.rdata)?.join('') ?? null;
}

/** null: the edit is fulfilled already. */
export function draftEdit(read: ReadZone, edit: ZoneEdit): Draft | Reason | null {
  const { name, after } = edit;
  const here = read.byOwner.get(name) ?? [];
  const records = here.filter(record => record.type === 'TXT');
  const values = records.map(txtValue);
  const wanted = [...new Set(after?.values)];
  const ttl = after?.ttl ?? records[0]?.ttl ?? newTtl(read);
  if (sameValues(values, wanted) && (records.length === 0 || ttl === records[0]?.ttl)) return null;
  if (values.includes(null)) return { code: 'record-format', message: 'the record is written as raw data (\\#)' };
  const reason = changedReason(edit.before, values) ?? (after === null ? null : blockedReason(read, name));
  if (reason !== null) return reason;
  const present: Present[] = [];
  for (const record of records) {
    if (record.entry.kind === 'generated') {
      return { code: 'record-generated', message: 'the record is made by a $GENERATE line' };
    }
    if (record.file !== null) {
      const message = `the record stands in the included file ${printable(record.file)}`;
      return { code: 'record-in-include', message };
    }
    present.push({ record, entry: record.entry, value: txtValue(record) ?? '' });
  }
  return draft(name, ttl, present, wanted);
}

/** TTL of a new RRset: the zone's default at its end, else that of the SOA. */
function newTtl(read: ReadZone): number {
  const explicit = read.main.some(({ entry }) => entry.kind === 'ttl');
  return (explicit ? read.main.at(-1)?.impliedTtl : null) ?? read.soa.record.ttl;
}

export function sameValues(a: readonly (string | null)[], b: readonly (string | null)[]): boolean {
  const [left, right] = [new Set(a), new Set(b)];
  return left.size === right.size && [...left].every(value => right.has(value));
}

/** `before` says what the plan was computed from: other values mean that someone else was here. A TTL may differ by view. */
export function changedReason(before: TxtRRset | null, values: readonly (string | null)[]): Reason | null {
  if (sameValues(values, before?.values ?? [])) return null;
  return before === null
    ? { code: 'record-exists', message: 'the name has a TXT record already' }
    : { code: 'record-changed', message: 'the record is not what the plan was computed from' };
}

/** Why no TXT can stand at a name: it is outside, an alias (RFC 1034, 3.6.2), below one, or delegated. */
export function blockedReason(
  read: { readonly zone: string; readonly byOwner: ReadonlyMap<string, readonly { readonly type: string }[]> },
  name: string,
): Reason | null {
  if (!isBelow(name, read.zone)) return { code: 'name-outside-zone', message: 'the name is not in the zone' };
  const has = (owner: string, type: string): boolean =>
    read.byOwner.get(owner)?.some(record => record.type === type) === true;
  if (has(name, 'CNAME')) return { code: 'name-is-alias', message: 'the name is an alias (CNAME)' };
  for (let at = name; at !== read.zone; at = parentName(at)) {
    if (has(at, 'NS')) return { code: 'name-delegated', message: `${printable(at)} is delegated to other servers` };
    const above = parentName(at);
    if (has(above, 'DNAME')) return { code: 'name-is-alias', message: `${printable(above)} is an alias (DNAME)` };
  }
  return null;
}

function draft(name: string, ttl: number, present: readonly Present[], wanted: readonly string[]): Draft {
  const kept = present.filter(({ value }, index) => wanted.includes(value) && firstOf(present, value) === index);
  const gone = present.filter(item => !kept.includes(item));
  const missing = wanted.filter(value => !present.some(item => item.value === value));
  const replaced = gone.slice(0, missing.length).map((item, index) => ({ ...item, value: missing[index] ?? '' }));
  const old = new Set(present.map(({ record }) => recordLine(record)));
  const now = new Set([
    ...kept.map(({ record }) => recordLine({ ...record, ttl })),
    ...missing.map(value => recordLine({ owner: name, ttl, type: 'TXT', rdata: formatTxt(value) })),
  ]);
  return {
    name,
    ttl,
    remove: gone.slice(missing.length).map(({ entry }) => entry),
    replace: replaced.map(({ entry, value }) => ({ entry, value })),
    add: missing.slice(gone.length),
    retime: [...kept, ...replaced].filter(({ record }) => record.ttl !== ttl).map(({ entry }) => entry),
    expected: {
      removed: [...old].filter(line => !now.has(line)).sort(),
      added: [...now].filter(line => !old.has(line)).sort(),
    },
  };
}

function firstOf(present: readonly Present[], value: string): number {
  return present.findIndex(item => item.value === value);
}
