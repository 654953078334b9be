/** The key table: a line DOMAIN SELECTOR PATH for every signature. Edited as text: every other byte stays. Pure. */
import type { ByteString } from '../../../../shared/text.ts';

export interface TableEntry {
  readonly domain: string;
  readonly selector: string;
  readonly path: string;
}

interface Line {
  /** With its line end, if it has one. */
  readonly text: string;
  readonly entry: TableEntry | 'malformed' | null;
}

function linesOf(content: ByteString): readonly Line[] {
  return (content.match(/[^\n]*\n|[^\n]+$/g) ?? []).map(text => {
    const line = text.trim();
    if (line === '' || line.startsWith('#')) return { text, entry: null };
    const [domain = '', selector = '', path = '', ...more] = line.split(/\s+/);
    if (path === '' || more.length > 0) return { text, entry: 'malformed' };
    return { text, entry: { domain: domain.toLowerCase(), selector, path } };
  });
}

export function tableEntries(content: ByteString): readonly TableEntry[] {
  return linesOf(content).flatMap(({ entry }) => (entry === null || entry === 'malformed' ? [] : [entry]));
}

/** Numbers of lines that the milter cannot read; with one of them it keeps the table that it had. */
export function malformedLines(content: ByteString): readonly number[] {
  return linesOf(content).flatMap(({ entry }, index) => (entry === 'malformed' ? [index + 1] : []));
}

/** The same table with exactly these entries for the domain: those that are there keep their lines, new ones come last. */
export function withEntries(content: ByteString, domain: string, wanted: readonly TableEntry[]): ByteString {
  const here = new Set<string>();
  let text = '';
  for (const line of linesOf(content)) {
    const { entry } = line;
    if (entry !== null && entry !== 'malformed' && entry.domain === domain) {
      if (!wanted.some(({ selector }) => selector === entry.selector) || here.has(entry.selector)) {
        // a last line without an end takes the one before it along
        if (!line.text.endsWith('\n')) text = text.replace(/\n$/, '');
        continue;
      }
      here.add(entry.selector);
    }
    text += line.text;
  }
  for (const { selector, path } of wanted) {
    if (here.has(selector)) continue;
    const line = `${domain} ${selector} ${path}`;
    text += text === '' || text.endsWith('\n') ? `${line}\n` : `\n${line}`;
  }
  return text;
}
