/**
 * A KeyTable or SigningTable as text (opendkim(8), DATA SETS): a key, blanks, its value a line, `#` begins a comment.
 * Edits keep every other byte; a new line is written as its neighbours are.
 */
import type { ByteString } from '../../../../shared/text.ts';
import { joinLines, splitLines, usualEnd, type Line } from '../../kit/lines.ts';

export type TableKind = 'file' | 'refile';

export interface Entry {
  readonly key: string;
  readonly value: string;
  /** From 1; null: it was added. */
  readonly line: number | null;
}

/** Where a new line goes. null: behind the last entry. */
export type Place = { readonly before: Entry } | { readonly after: Entry } | null;

/** A line of the file, an entry or not, in a ring that begins and ends at a piece without a line. */
class Piece {
  /** Grows from line to line. */
  order = 0;
  previous: Piece = this;
  next: Piece = this;
  text: Line | null = null;
  entry: Entry | null = null;
}

/** Blanks are those of C's isspace(): a byte of UTF-8 text is none. Lead, key, value. */
const parts = /^([ \t\r\v\f]*)([^ \t\r\v\f]+)(?:[ \t\r\v\f]+(.*?))?[ \t\r\v\f]*$/s;

/** Before the value, the blanks at it, the value, what follows it. */
const valuePlace = /^([ \t\r\v\f]*[^ \t\r\v\f#]+)([ \t\r\v\f]*)([^#]*?)([ \t\r\v\f]*(?:#.*)?)$/s;

/** A refile line that begins with a blank has no key, and is passed over [seen with 2.11.0]; in other files it counts. */
export function parseTableLine(
  text: ByteString,
  kind: TableKind,
): { readonly key: string; readonly value: string } | null {
  const bare = text.split('#', 1)[0] ?? '';
  const [, lead = '', key = '', value = ''] = parts.exec(bare) ?? [];
  return key === '' || (kind === 'refile' && lead !== '') ? null : { key, value };
}

function columnAfter(start: number, blank: string): number {
  let column = start;
  for (const char of blank) column = char === '\t' ? column - (column % 8) + 8 : column + 1;
  return column;
}

function blankOf(piece: Piece): string {
  return /^[ \t\r\v\f]*[^ \t\r\v\f]+([ \t\r\v\f]*)/.exec(piece.text?.text ?? '')?.[1] ?? '';
}

function columnOf(piece: Piece): number {
  return columnAfter(piece.entry?.key.length ?? 0, blankOf(piece));
}

/** The blanks behind `key` that keep the column of its neighbours, or else repeat those of the nearest. */
function blankFor(key: string, neighbours: readonly Piece[]): string {
  const [nearest] = neighbours;
  const blank = nearest === undefined ? '' : blankOf(nearest);
  if (nearest === undefined || blank === '') return ' ';
  const column = columnOf(nearest);
  const sameBlank = neighbours.every(piece => blankOf(piece) === blank);
  const aligned = neighbours.length > 1 && neighbours.every(piece => columnOf(piece) === column);
  if (!aligned || (sameBlank && blank.length === 1)) return blank;
  const char = blank.includes('\t') ? '\t' : ' ';
  if (column <= key.length) return char;
  return char === '\t' ? '\t'.repeat(Math.ceil((column - key.length) / 8)) : ' '.repeat(column - key.length);
}

/** Mutable: it belongs to one call of plan or view. Entries given to it must be its own. */
export class Table {
  readonly kind: TableKind;
  readonly #original: readonly Line[];
  readonly #ring = new Piece();
  readonly #pieces = new Map<Entry, Piece>();

  constructor(content: ByteString, kind: TableKind) {
    this.kind = kind;
    this.#original = splitLines(content);
    for (const [index, text] of this.#original.entries()) {
      const parsed = parseTableLine(text.text, kind);
      this.#put(text, parsed === null ? null : { ...parsed, line: index + 1 }, this.#ring);
    }
  }

  /** In the order of the file. */
  entries(): readonly Entry[] {
    return this.#walk().flatMap(({ entry }) => (entry === null ? [] : [entry]));
  }

  /** Negative: `a` stands before `b`. */
  compare(a: Entry, b: Entry): number {
    return this.#at(a).order - this.#at(b).order;
  }

  /** null: behind the last entry. */
  insert(key: string, value: string, place: Place): Entry {
    const next = this.#next(place);
    const text = `${key}${blankFor(key, this.#neighbours(next))}${value}`;
    const entry = { key, value, line: null };
    this.#put({ text, end: usualEnd(this.#original) }, entry, next);
    return entry;
  }

  /** The same line with another value; its comment stays. */
  replace(old: Entry, value: string): Entry {
    const piece = this.#at(old);
    const entry = { ...old, value };
    const line = piece.text ?? { text: '', end: '' };
    const text = line.text.replace(valuePlace, (_all, head: string, blank: string, _value, tail: string) => {
      return `${head}${blank === '' ? ' ' : blank}${value}${tail}`;
    });
    piece.text = { ...line, text };
    piece.entry = entry;
    this.#pieces.delete(old);
    this.#pieces.set(entry, piece);
    return entry;
  }

  remove(entry: Entry): void {
    const { previous, next } = this.#at(entry);
    previous.next = next;
    next.previous = previous;
    this.#pieces.delete(entry);
  }

  render(): ByteString {
    return joinLines(
      this.#walk().flatMap(({ text }) => (text === null ? [] : [text])),
      this.#original,
    );
  }

  #at(entry: Entry): Piece {
    const piece = this.#pieces.get(entry);
    if (piece === undefined) throw new Error('the entry is not of this table');
    return piece;
  }

  #walk(): readonly Piece[] {
    const pieces: Piece[] = [];
    for (let piece = this.#ring.next; piece !== this.#ring; piece = piece.next) pieces.push(piece);
    return pieces;
  }

  #put(text: Line, entry: Entry | null, next: Piece): void {
    const piece = new Piece();
    piece.text = text;
    piece.entry = entry;
    piece.next = next;
    piece.previous = next.previous;
    piece.previous.next = piece;
    next.previous = piece;
    if (next === this.#ring) {
      piece.order = piece.previous.order + 1;
    } else {
      piece.order = (piece.previous.order + next.order) / 2;
      // halving ends after some fifty lines at one place
      if (piece.order <= piece.previous.order || piece.order >= next.order) {
        for (const [order, each] of this.#walk().entries()) each.order = order + 1;
      }
    }
    if (entry !== null) this.#pieces.set(entry, piece);
  }

  #next(place: Place): Piece {
    if (place !== null) return 'before' in place ? this.#at(place.before) : this.#at(place.after).next;
    let piece = this.#ring.previous;
    while (piece !== this.#ring && piece.entry === null) piece = piece.previous;
    return piece === this.#ring ? this.#ring : piece.next;
  }

  /** Up to three entries before the place, nearest first; where there are none, the one at it. */
  #neighbours(next: Piece): readonly Piece[] {
    const found: Piece[] = [];
    for (let piece = next.previous; piece !== this.#ring && found.length < 3; piece = piece.previous) {
      if (piece.entry !== null) found.push(piece);
    }
    return found.length === 0 && next.entry !== null ? [next] : found;
  }
}
