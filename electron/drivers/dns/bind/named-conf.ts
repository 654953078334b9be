/** The syntax of named.conf (BIND 9 Administrator Reference Manual, "Configuration Reference") as a tree of statements. */
import type { ByteString } from '../../../../shared/text.ts';

/** `zone "x" { type primary; };` has the words "zone" and "x", and one statement in its block. Words are without quotes. */
export interface Statement {
  readonly words: readonly string[];
  readonly block: readonly Statement[] | null;
}

const token = /\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"\\]|\\[\s\S])*)"|[{};]|[^\s{};"#]+/g;

/** Reads as far as it makes sense: `named-checkconf` is the judge of what is valid. */
export function parseNamedConf(text: ByteString): readonly Statement[] {
  const root: Statement[] = [];
  const stack: { readonly into: Statement[]; words: string[]; block: Statement[] | null }[] = [
    { into: root, words: [], block: null },
  ];
  for (const match of text.matchAll(token)) {
    const [raw] = match;
    const top = stack.at(-1);
    if (top === undefined) break;
    if (raw.startsWith('//') || raw.startsWith('#') || raw.startsWith('/*')) continue;
    if (raw === '{') {
      top.block = [];
      stack.push({ into: top.block, words: [], block: null });
    } else if (raw === '}') {
      if (stack.length > 1) stack.pop();
    } else if (raw === ';') {
      if (top.words.length > 0 || top.block !== null) top.into.push({ words: top.words, block: top.block });
      top.words = [];
      top.block = null;
    } else {
      top.words.push(match[1] ?? raw);
    }
  }
  return root;
}

export function find(statements: readonly Statement[] | null, keyword: string): Statement | null {
  return statements?.find(({ words }) => words[0]?.toLowerCase() === keyword) ?? null;
}

export function findAll(statements: readonly Statement[] | null, keyword: string): readonly Statement[] {
  return statements?.filter(({ words }) => words[0]?.toLowerCase() === keyword) ?? [];
}

/** The one argument of `keyword value;`. */
export function valueOf(statements: readonly Statement[] | null, keyword: string): string | null {
  return find(statements, keyword)?.words[1] ?? null;
}

/** Paths (or patterns) of `include` statements, at any depth. */
export function includesOf(statements: readonly Statement[]): readonly string[] {
  return statements.flatMap(({ words, block }) => [
    ...(words[0]?.toLowerCase() === 'include' && words[1] !== undefined ? [words[1]] : []),
    ...includesOf(block ?? []),
  ]);
}
