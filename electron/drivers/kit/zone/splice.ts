import type { ByteString } from '../../../../shared/text.ts';

/** Bytes [start, end) of a text are replaced by `text`; start === end inserts. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: ByteString;
}

/** Applies all splices at once; insertions at one place keep their order. null: two of them overlap. */
export function applySplices(text: ByteString, splices: readonly Splice[]): ByteString | null {
  const ordered = splices.map((splice, index) => ({ splice, index }));
  ordered.sort((a, b) => a.splice.start - b.splice.start || a.splice.end - b.splice.end || a.index - b.index);
  let result = '';
  let at = 0;
  for (const { splice } of ordered) {
    if (splice.start < at) return null;
    result += text.slice(at, splice.start) + splice.text;
    at = splice.end;
  }
  return result + text.slice(at);
}
