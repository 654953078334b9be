/**
 * Changes TXT RRsets in the text of a zone as a person would: only the lines that must change do. The result is read again
 * and must differ from the old zone in exactly what was asked for; an edit that does not hold this is refused, never made.
 */
import type { ByteString } from '../../../../shared/text.ts';
import { draftEdit, type Draft, type ZoneEdit } from './draft.ts';
import { addRecord, removeRecords, replaceStrings, setTtl } from './edit-text.ts';
import type { ZoneFiles } from './parse.ts';
import { isReason, readZone, type Reason, type ReadZone } from './read.ts';
import { recordDifference, type ZoneDifference } from './records.ts';
import { nextSerial } from './serial.ts';
import { applySplices, type Splice } from './splice.ts';

export interface ZoneEditResult {
  /** The new text of the main file; the old one where nothing is to be done. */
  readonly text: ByteString;
  /** Serial of `text`; null: the zone could not be read. */
  readonly serial: number | null;
  /** Ranges of the old text and what stands there now. */
  readonly changed: readonly Splice[];
  /** The records that change, without the SOA. */
  readonly difference: ZoneDifference;
  readonly refused: readonly { readonly name: string; readonly reason: Reason }[];
}

/** As `editRead`, of a zone that was not read before. */
export function editZone(files: ZoneFiles, zone: string, edits: readonly ZoneEdit[], now: Date): ZoneEditResult {
  const read = readZone(files, zone);
  return isReason(read)
    ? { ...unchanged(files.text), refused: edits.map(({ name }) => ({ name, reason: read })) }
    : editRead(read, edits, now);
}

/**
 * @param now the server's clock, for the serial.
 * An edit that is fulfilled already does nothing; several edits are one change with one new serial.
 */
export function editRead(read: ReadZone, edits: readonly ZoneEdit[], now: Date): ZoneEditResult {
  const { files } = read;
  const refused: { name: string; reason: Reason }[] = [];
  const drafts: Draft[] = [];
  const seen = new Set<string>();
  for (const edit of edits) {
    const draft: Draft | Reason | null = seen.has(edit.name)
      ? { code: 'record-edited-twice', message: 'two edits of one change name this record' }
      : draftEdit(read, edit);
    seen.add(edit.name);
    if (draft === null) continue;
    if ('code' in draft) refused.push({ name: edit.name, reason: draft });
    else drafts.push(draft);
  }
  const { accepted, splices } = acceptDrafts(read, drafts);
  for (const draft of drafts) {
    if (!accepted.includes(draft)) refused.push({ name: draft.name, reason: notExact });
  }
  if (accepted.length === 0) return { ...unchanged(files.text), serial: read.soa.serial, refused };
  const serial = nextSerial(read.soa.serial, now);
  const changed = [...splices, serialSplice(read, serial)];
  const text = applySplices(files.text, changed);
  if (text === null) throw new Error('the serial lies inside an edit');
  return { text, serial, changed, difference: expectedOf(accepted), refused };
}

const notExact: Reason = {
  code: 'edit-not-exact',
  message: 'the file is written in a way that an added or removed line would change other records too',
};

function unchanged(text: ByteString): Omit<ZoneEditResult, 'refused'> {
  return { text, serial: null, changed: [], difference: { removed: [], added: [] } };
}

/** The drafts that can be made together and are exact: all at once, else one by one, each also at the end of the file. */
function acceptDrafts(
  read: ReadZone,
  drafts: readonly Draft[],
): { readonly accepted: readonly Draft[]; readonly splices: readonly Splice[] } {
  const together = splicesOf(read, drafts, 'near');
  if (drafts.length === 0 || isExact(read, drafts, together)) return { accepted: drafts, splices: together };
  let accepted: readonly Draft[] = [];
  let splices: readonly Splice[] = [];
  for (const draft of drafts) {
    for (const place of ['near', 'end'] as const) {
      const tried = [...accepted, draft];
      const triedSplices = splicesOf(read, tried, place);
      if (!isExact(read, tried, triedSplices)) continue;
      [accepted, splices] = [tried, triedSplices];
      break;
    }
  }
  return { accepted, splices };
}

function splicesOf(read: ReadZone, drafts: readonly Draft[], place: 'near' | 'end'): readonly Splice[] {
  const removed = new Set(drafts.flatMap(draft => draft.remove));
  return [
    ...removeRecords(read, removed),
    ...drafts.flatMap(draft => [
      ...draft.replace.flatMap(({ entry, value }) => replaceStrings(read.files.text, entry, value)),
      ...draft.retime.flatMap(entry => setTtl(read.files.text, entry, draft.ttl)),
      ...draft.add.map(value => addRecord(read, draft, value, place)),
    ]),
  ];
}

function expectedOf(drafts: readonly Draft[]): ZoneDifference {
  return {
    removed: drafts.flatMap(draft => draft.expected.removed).sort(),
    added: drafts.flatMap(draft => draft.expected.added).sort(),
  };
}

function isExact(read: ReadZone, drafts: readonly Draft[], splices: readonly Splice[]): boolean {
  const text = applySplices(read.files.text, splices);
  if (text === null) return false;
  const result = readZone({ ...read.files, text }, read.zone);
  if (isReason(result)) return false;
  const difference = recordDifference(read.records, result.records);
  const expected = expectedOf(drafts);
  return (
    difference.removed.join('\n') === expected.removed.join('\n') &&
    difference.added.join('\n') === expected.added.join('\n')
  );
}

function serialSplice(read: ReadZone, serial: number): Splice {
  const token = read.soa.entry.rdata[2];
  if (token === undefined) throw new Error('a SOA record without a serial');
  return { start: token.start, end: token.end, text: String(serial) };
}

/** The text with another serial and every other byte as it is. */
export function renumbered(read: ReadZone, serial: number): ByteString {
  const text = applySplices(read.files.text, [serialSplice(read, serial)]);
  if (text === null) throw new Error('one splice cannot overlap');
  return text;
}
