/**
 * opendkim.conf(5), as config.c of OpenDKIM 2.11 reads it: a directive and its value a line, `#` begins a comment anywhere,
 * a carriage return ends the line, names in any case, the last one of a name counts, Include is as if the text stood there.
 */
import type { ByteString } from '../../../../shared/text.ts';
import { joinLines, splitLines, type Line } from '../../kit/lines.ts';

export interface Directive {
  /** Lower case. */
  readonly name: string;
  readonly value: ByteString;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

const deepestInclude = 5;

export function parseConfig(content: ByteString, file: string): readonly Directive[] {
  return splitLines(content).flatMap(({ text }, index) => {
    const [, name, value] = /^[ \t]*([^ \t]+)[ \t]*(.*?)[ \t]*$/.exec(text.split(/[#\r]/, 1)[0] ?? '') ?? [];
    return name === undefined ? [] : [{ name: name.toLowerCase(), value: value ?? '', file, line: index + 1 }];
  });
}

/** All directives in the order in which they count. Include files that are not in `contents` are passed over. */
export function flattenConfig(
  contents: ReadonlyMap<string, ByteString>,
  file: string,
  depth = 0,
): readonly Directive[] {
  const content = contents.get(file);
  if (content === undefined || depth > deepestInclude) return [];
  return parseConfig(content, file).flatMap(directive =>
    directive.name === 'include' ? flattenConfig(contents, directive.value, depth + 1) : [directive],
  );
}

/** Only the first letter of a flag is read. */
export function isYes(value: string | undefined): boolean {
  return value !== undefined && /^[ty1]/i.test(value);
}

/** Puts another value on a line, and leaves the name, the blanks and a comment as they are. */
function withValue(line: Line, value: string): Line {
  const text = line.text.replace(
    /^([ \t]*[^ \t]+[ \t]*)([^#\r]*?)([ \t]*(?:[#\r].*)?)$/s,
    (_all, head: string, _old, tail: string) => {
      return `${head}${value}${tail}`;
    },
  );
  return { ...line, text };
}

/** How most directives of the file are set off from their values: "KeyTable\t\t/path". */
function blankAfter(name: string, lines: readonly Line[]): string {
  const columns = new Map<number, number>();
  let tabs = 0;
  let spaces = 0;
  for (const { text } of lines) {
    const [, head, blank] = /^([A-Za-z-]+)([ \t]+)[^ \t#]/.exec(text) ?? [];
    if (head === undefined || blank === undefined) continue;
    if (blank.includes('\t')) tabs += 1;
    else spaces += 1;
    let column = head.length;
    for (const char of blank) column = char === '\t' ? column - (column % 8) + 8 : column + 1;
    columns.set(column, (columns.get(column) ?? 0) + 1);
  }
  const [column, count] = [...columns].sort(([, a], [, b]) => b - a)[0] ?? [0, 0];
  if (count < 2 || column <= name.length) return tabs > spaces ? '\t' : ' ';
  if (tabs <= spaces) return ' '.repeat(column - name.length);
  return '\t'.repeat(Math.ceil((column - name.length) / 8));
}

export type ConfigEdit =
  /** The effective directive of that name gets the value; where there is none, a line is added. */
  | { readonly kind: 'set'; readonly name: string; readonly value: string }
  /** Every directive of that name becomes a comment. */
  | { readonly kind: 'disable'; readonly name: string };

/**
 * Edits one file. A new line stands behind the last one of `near` (lower-case names) in the file, else at the end;
 * `last` says that it must be at the end to count (an Include or a later file could override it).
 */
export function editConfig(content: ByteString, edits: readonly ConfigEdit[], near: readonly string[]): ByteString {
  const original = splitLines(content);
  const lines = [...original];
  for (const edit of edits) {
    const name = edit.name.toLowerCase();
    const places = parseConfig(lines.map(line => `${line.text}\n`).join(''), '');
    const own = places.filter(place => place.name === name).map(place => place.line - 1);
    if (edit.kind === 'disable') {
      for (const index of own) {
        const line = lines[index];
        if (line !== undefined) lines[index] = { ...line, text: `#${line.text}` };
      }
      continue;
    }
    const index = own.at(-1);
    const line = index === undefined ? undefined : lines[index];
    if (index !== undefined && line !== undefined) {
      lines[index] = withValue(line, edit.value);
      continue;
    }
    const text = `${edit.name}${blankAfter(edit.name, original)}${edit.value}`;
    const included = places.filter(place => place.name === 'include').at(-1)?.line ?? 0;
    const neighbour = places.filter(place => near.includes(place.name)).at(-1)?.line ?? lines.length;
    lines.splice(Math.max(neighbour, included), 0, { text, end: original.find(({ end }) => end !== '')?.end ?? '' });
  }
  return joinLines(lines, original);
}
