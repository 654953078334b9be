/** Text by lines that can be put together again byte for byte. */
import type { ByteString } from '../../../shared/text.ts';

export interface Line {
  readonly text: ByteString;
  /** "\n", "\r\n", or "" at the end of a file without a final newline. */
  readonly end: '\n' | '\r\n' | '';
}

export function splitLines(content: ByteString): readonly Line[] {
  const lines: Line[] = [];
  for (const [whole, text = '', end = ''] of content.matchAll(/([^\n]*?)(\r?\n|$)/g)) {
    if (whole !== '') lines.push({ text, end: end === '\r\n' || end === '\n' ? end : '' });
  }
  return lines;
}

/** The line end of most lines; "\n" for a file without any. */
export function usualEnd(lines: readonly Line[]): '\n' | '\r\n' {
  const crlf = lines.filter(line => line.end === '\r\n').length;
  return crlf > lines.length / 2 ? '\r\n' : '\n';
}

/**
 * The text of edited lines. A file that had no final newline still has none, one that had keeps it, so that taking a line
 * away undoes putting it there.
 */
export function joinLines(lines: readonly Line[], original: readonly Line[]): ByteString {
  const end = usualEnd(original);
  const open = original.at(-1)?.end === '';
  const parts = lines.map((line, index) => {
    const last = index === lines.length - 1;
    if (last && open) return line.text;
    return line.text + (line.end === '' ? end : line.end);
  });
  return parts.join('');
}
