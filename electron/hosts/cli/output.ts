/** What the command line prints: results on stdout, everything else on stderr, nothing raw from a server. */
import type { Problem } from '../../../shared/problem.ts';
import { printable } from '../../../shared/text.ts';

export interface Output {
  readonly json: boolean;
  /** The result: one JSON document, or lines. */
  result(value: unknown, lines: () => readonly string[]): void;
  /** One line of NDJSON as it happens (with --json), or nothing. */
  event(value: unknown): void;
  /** For people: stderr. */
  note(line: string): void;
  problem(problem: Problem): void;
}

interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

// what JSON leaves as it is and a terminal or an editor obeys: C1, DEL, bidirectional and zero-width controls
const hidden = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** One line of JSON, of the same value, that is safe to print. */
function jsonLine(value: unknown): string {
  const escape = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replace(hidden, escape)}\n`;
}

export function createOutput(json: boolean, { stdout, stderr }: Streams): Output {
  return {
    json,
    result: (value, lines) => {
      if (json) stdout.write(jsonLine(value));
      else for (const line of lines()) stdout.write(`${line}\n`);
    },
    event: value => {
      if (json) stdout.write(jsonLine(value));
    },
    note: line => {
      stderr.write(`${line}\n`);
    },
    problem: problem => {
      stderr.write(`signet: ${problemText(problem)}\n`);
      if (problem.hint !== '') stderr.write(`        ${printable(problem.hint, 2000)}\n`);
    },
  };
}

export function problemText({ code, message }: Problem): string {
  return `${printable(message, 2000)} [${code}]`;
}

/** Columns as wide as their widest cell; the last one is not padded. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [heads, ...rows].map(cells => cells.map(cell => printable(cell, 200)));
  const widths = heads.map((_, i) => Math.max(...lines.map(cells => [...(cells[i] ?? '')].length)));
  return lines.map(cells =>
    cells
      .map((cell, i) => (i === cells.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - [...cell].length)))
      .join('  ')
      .trimEnd(),
  );
}
