/**
 * The lexical half of a master file (RFC 1035, 5.1) as BIND reads it: logical lines (one record or directive, with all
 * that its parentheses span) and their tokens, each with its exact byte range. An editor can so replace a token and know
 * that every other byte stands. What BIND itself reads loosely (a lone CR, a newline in a quoted string) is an error here:
 * a file that can be misunderstood is not edited.
 */
import type { ByteString } from '../../../../shared/text.ts';

export interface Token {
  readonly start: number;
  readonly end: number;
  /** Escapes as they stand, without the quotes. */
  readonly text: string;
  readonly quoted: boolean;
}

export interface Line {
  readonly start: number;
  /** Behind the line end; the end of the text for a last line without one. */
  readonly end: number;
  /** Begins with a blank: the owner is that of the record before. */
  readonly indented: boolean;
  readonly tokens: readonly Token[];
}

/** Thrown for text that is no master file. `line` counts from 1. */
export class ZoneSyntaxError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.name = 'ZoneSyntaxError';
    this.line = line;
  }
}

export function lineNumberAt(text: ByteString, at: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < at; i = text.indexOf('\n', i + 1)) line += 1;
  return line;
}

const blanks = /[ \t]+/y;
const comment = /;[^\n]*/y;
const lineEnd = /\r?\n/y;
const bareToken = /(?:\\[^\r\n\0]|[^\\ \t\r\n"();\0])+/y;
const quotedToken = /"((?:\\[^\r\n\0]|[^\\"\r\n\0])*)"/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** @throws ZoneSyntaxError for unbalanced quotes and parentheses, NUL, a lone CR, a backslash at the end of a line. */
export function scanLines(text: ByteString): readonly Line[] {
  const lines: Line[] = [];
  let tokens: Token[] = [];
  let start = 0;
  let depth = 0;
  let at = 0;
  const finish = (end: number): void => {
    const first = text[start];
    lines.push({ start, end, indented: first === ' ' || first === '\t', tokens });
    tokens = [];
    start = end;
  };
  while (at < text.length) {
    const c = text[at];
    if (c === ' ' || c === '\t') at += matchAt(blanks, text, at)?.[0].length ?? 1;
    else if (c === ';') at += matchAt(comment, text, at)?.[0].length ?? 1;
    else if (c === '(') {
      depth += 1;
      at += 1;
    } else if (c === ')') {
      if (depth === 0) throw new ZoneSyntaxError(lineNumberAt(text, at), 'a ")" without its "("');
      depth -= 1;
      at += 1;
    } else {
      const end = matchAt(lineEnd, text, at);
      if (end === null) {
        const token = readToken(text, at);
        tokens.push(token);
        at = token.end;
      } else {
        at += end[0].length;
        if (depth === 0) finish(at);
      }
    }
  }
  if (depth > 0) throw new ZoneSyntaxError(lineNumberAt(text, start), 'a "(" without its ")"');
  if (start < text.length) finish(text.length);
  return lines;
}

function readToken(text: ByteString, at: number): Token {
  const quoted = text[at] === '"';
  const match = matchAt(quoted ? quotedToken : bareToken, text, at);
  if (match === null) {
    const what = quoted ? 'a quoted string that does not end on its line' : 'a character that no zone file may hold';
    throw new ZoneSyntaxError(lineNumberAt(text, at), what);
  }
  return { start: at, end: at + match[0].length, text: match[1] ?? match[0], quoted };
}
