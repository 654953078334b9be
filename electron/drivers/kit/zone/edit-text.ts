/** The edits of the text themselves: adding a line, replacing strings, removing lines, setting a TTL. */
import { formatTxt, quoteTxtString, splitTxt } from '../../../../shared/dns/txt.ts';
import type { ByteString } from '../../../../shared/text.ts';
import type { Draft } from './draft.ts';
import type { ReadZone } from './read.ts';
import { commonNameForm, findTemplate, isTemplate, layoutRecord, type NameForm } from './layout.ts';
import type { PlacedEntry, RecordEntry } from './parse.ts';
import type { Splice } from './splice.ts';

/**
 * Puts a value into the strings of a record, keeping its parentheses, comments and lines. Where the numbers of strings
 * differ, the last old string takes the rest, and strings left over go with the blanks before them.
 */
export function replaceStrings(text: ByteString, entry: RecordEntry, value: string): readonly Splice[] {
  const strings = splitTxt(value).map(quoteTxtString);
  const last = Math.min(strings.length, entry.rdata.length) - 1;
  return entry.rdata.map((token, index) => {
    if (index < last) return { start: token.start, end: token.end, text: strings[index] ?? '' };
    if (index === last) return { start: token.start, end: token.end, text: strings.slice(last).join(' ') };
    const before = entry.rdata[index - 1]?.end ?? token.start;
    const onlyBlanks = /^[ \t\r\n]*$/.test(text.slice(before, token.start));
    return { start: onlyBlanks ? before : token.start, end: token.end, text: '' };
  });
}

export function setTtl(text: ByteString, entry: RecordEntry, ttl: number): readonly Splice[] {
  if (entry.ttlToken !== null) {
    return [{ start: entry.ttlToken.start, end: entry.ttlToken.end, text: String(ttl) }];
  }
  const { start } = entry.classToken ?? entry.typeToken;
  return [{ start, end: start, text: `${ttl}${text[start - 1] === '\t' ? '\t' : ' '}` }];
}

/** Removes whole records; a record behind them that inherits their owner gets it written. */
export function removeRecords(read: ReadZone, removed: ReadonlySet<RecordEntry>): readonly Splice[] {
  const { text } = read.files;
  const splices: Splice[] = [];
  let orphaned: RecordEntry | null = null;
  for (const { entry } of read.main) {
    if (entry.kind !== 'record') continue;
    if (removed.has(entry)) {
      if (entry.ownerToken !== null) orphaned = entry;
      const previous = splices.at(-1);
      if (previous?.end === entry.line.start && previous.text === '') splices.pop();
      const start = previous?.end === entry.line.start && previous.text === '' ? previous.start : entry.line.start;
      splices.push({ start, end: entry.line.end, text: '' });
    } else {
      if (orphaned !== null && entry.ownerToken === null) {
        const { start } = entry.line;
        splices.push({ start, end: start, text: ownerText(orphaned, entry.origin) });
      }
      orphaned = null;
    }
  }
  const last = splices.at(-1);
  if (last?.end === text.length && !text.endsWith('\n')) {
    // The file had no final newline: it has none afterwards. A directive cannot do without one.
    const kept = text.slice(0, last.start);
    const newline = /(?:^|\n)\$[^\n]*\n$/.test(kept) ? '' : (/\r?\n$/.exec(kept)?.[0] ?? '');
    splices[splices.length - 1] = { ...last, start: last.start - newline.length };
  }
  return splices;
}

function ownerText(entry: RecordEntry, origin: string): string {
  return entry.origin === origin && entry.ownerToken !== null ? entry.ownerToken.text : `${entry.owner}.`;
}

interface Place {
  readonly at: number;
  readonly origin: string;
  readonly impliedTtl: number | null;
  readonly template: RecordEntry | null;
  readonly form: NameForm;
}

export function addRecord(read: ReadZone, draft: Draft, value: string, where: 'near' | 'end'): Splice {
  const { text } = read.files;
  const place = (where === 'near' ? placeNear(read, draft.name) : null) ?? placeAtEnd(read);
  const line = layoutRecord(text, place.template, place.form, {
    name: draft.name,
    ttl: draft.ttl,
    impliedTtl: place.impliedTtl,
    origin: place.origin,
    rdata: formatTxt(value),
  });
  const eol = lineEndAt(text, place.at);
  const unfinished = place.at === text.length && text !== '' && !text.endsWith('\n');
  return { start: place.at, end: place.at, text: unfinished ? eol + line : line + eol };
}

function lineEndAt(text: ByteString, at: number): string {
  if (text[at - 1] === '\n') return text[at - 2] === '\r' ? '\r\n' : '\n';
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

function placeAtEnd(read: ReadZone): Place {
  return {
    at: read.files.text.length,
    origin: read.endOrigin,
    impliedTtl: read.main.at(-1)?.impliedTtl ?? null,
    template: findTemplate(read.files.text, read.main),
    form: commonNameForm(read.main),
  };
}

/** Behind the records of the same name, else behind those of its `_domainkey` family; null: there are none. */
function placeNear(read: ReadZone, name: string): Place | null {
  const family = familyOf(name);
  const related = (owner: string): boolean => owner === family || owner.endsWith(`.${family}`);
  const anchor = lastRecord(read.main, owner => owner === name) ?? lastRecord(read.main, related);
  if (anchor === null) return null;
  const record = read.main[anchor]?.entry;
  if (record?.kind !== 'record') return null;
  // records that inherit their owner must stay behind it
  let last = anchor;
  for (let i = anchor + 1; i < read.main.length; i += 1) {
    const entry = read.main[i]?.entry;
    if (entry?.kind !== 'record') continue;
    if (entry.ownerToken !== null) break;
    last = i;
  }
  const end = read.main[last];
  if (end === undefined) return null;
  const { text } = read.files;
  return {
    at: end.entry.line.end,
    origin: end.entry.origin,
    impliedTtl: end.impliedTtl,
    template: isTemplate(text, record) ? record : findTemplate(text, read.main),
    form: formOf(record) ?? commonNameForm(read.main),
  };
}

function formOf(record: RecordEntry): NameForm | null {
  if (record.ownerToken === null) return null;
  return record.ownerToken.text.endsWith('.') ? 'absolute' : 'relative';
}

/** `_domainkey.D` for every name at or below it, and for `_dmarc.D`. */
function familyOf(name: string): string {
  const at = /(?:^|\.)(_domainkey\..*)$/.exec(name)?.[1];
  return at ?? name.replace(/^_dmarc\./, '_domainkey.');
}

function lastRecord(main: readonly PlacedEntry[], matches: (owner: string) => boolean): number | null {
  const index = main.findLastIndex(({ entry }) => entry.kind === 'record' && matches(entry.owner));
  return index === -1 ? null : index;
}
