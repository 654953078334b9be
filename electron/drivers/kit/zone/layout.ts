/** How a new record is written so that it looks like those around it: blanks, columns, class, TTL, case. */
import type { ByteString } from '../../../../shared/text.ts';
import { writtenName } from './name.ts';
import type { PlacedEntry, RecordEntry } from './parse.ts';

export interface NewRecord {
  readonly name: string;
  readonly ttl: number;
  /** What the record would get without a TTL of its own. */
  readonly impliedTtl: number | null;
  readonly origin: string;
  readonly rdata: string;
}

export type NameForm = 'relative' | 'absolute';

const blank = /^[ \t]+$/;

/** Blanks before the first field, between the fields and before the data; null: parentheses or line ends are among them. */
function gapsOf(text: ByteString, entry: RecordEntry): { owner: string; field: string; data: string } | null {
  const fields = entry.line.tokens.slice(entry.ownerToken === null ? 0 : 1);
  const type = fields.indexOf(entry.typeToken);
  const between: string[] = [];
  let at = entry.ownerToken?.end ?? entry.line.start;
  for (const token of fields.slice(0, type + 2)) {
    between.push(text.slice(at, token.start));
    at = token.end;
  }
  const owner = between[0];
  const data = between[type + 1];
  if (owner === undefined || data === undefined || !between.every(gap => blank.test(gap))) return null;
  const field = type > 0 ? (between[type] ?? owner) : owner.includes('\t') ? '\t' : ' ';
  return { owner, field, data };
}

/** Records that can show how one is written here, the best last. */
export function findTemplate(text: ByteString, main: readonly PlacedEntry[]): RecordEntry | null {
  let best: RecordEntry | null = null;
  let bestRank = -1;
  for (const { entry } of main) {
    if (entry.kind !== 'record' || entry.type === 'SOA' || gapsOf(text, entry) === null) continue;
    const rank = (entry.type === 'TXT' ? 2 : 0) + (entry.ownerToken === null ? 0 : 1);
    if (rank >= bestRank) [best, bestRank] = [entry, rank];
  }
  return best;
}

export function isTemplate(text: ByteString, entry: RecordEntry): boolean {
  return gapsOf(text, entry) !== null;
}

/** What most owners of the file are: absolute ("www.example.com.") or relative ("www", "@"). */
export function commonNameForm(main: readonly PlacedEntry[]): NameForm {
  let balance = 0;
  for (const { entry } of main) {
    if (entry.kind === 'record' && entry.ownerToken !== null) balance += entry.ownerToken.text.endsWith('.') ? 1 : -1;
  }
  return balance > 0 ? 'absolute' : 'relative';
}

function columnAfter(column: number, gap: string): number {
  let at = column;
  for (const c of gap) at = c === '\t' ? at - (at % 8) + 8 : at + 1;
  return at;
}

/** Blanks of the kind of `gap` that lead from `column` to `target`, at least one. */
function fill(column: number, target: number, gap: string): string {
  if (!gap.includes('\t')) return ' '.repeat(Math.max(gap.length === 1 ? 1 : target - column, 1));
  let text = '\t';
  while (columnAfter(column, text) < target) text += '\t';
  return text;
}

/** One line without its line end. */
export function layoutRecord(
  text: ByteString,
  template: RecordEntry | null,
  form: NameForm,
  record: NewRecord,
): ByteString {
  const owner = writtenName(record.name, record.origin, form);
  const gaps = template === null ? null : gapsOf(text, template);
  const needsTtl = record.ttl !== record.impliedTtl;
  if (template === null || gaps === null) {
    return `${owner}${needsTtl ? `\t${record.ttl}` : ''}\tIN\tTXT\t${record.rdata}`;
  }
  const ownerLength = template.ownerToken === null ? 0 : template.ownerToken.text.length;
  const ownerGap = fill(owner.length, columnAfter(ownerLength, gaps.owner), gaps.owner);
  const ttl = template.ttlToken !== null || needsTtl ? String(record.ttl) : null;
  const rrClass = template.classToken?.text ?? null;
  const classFirst =
    template.classToken !== null && template.ttlToken !== null && template.classToken.start < template.ttlToken.start;
  const fields = (classFirst ? [rrClass, ttl] : [ttl, rrClass]).filter(field => field !== null);
  const type = /[a-z]/.test(template.typeToken.text) ? 'txt' : 'TXT';
  return `${owner}${ownerGap}${[...fields, type].join(gaps.field)}${gaps.data}${record.rdata}`;
}
