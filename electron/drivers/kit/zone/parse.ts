/**
 * Reads a master file into entries that know their bytes (RFC 1035, 5; RFC 2308, 4), with the semantics that BIND 9 gives
 * to owners, origins and TTLs, through $INCLUDE and $GENERATE. Pure; nothing here touches the disk.
 */
import type { ByteString } from '../../../../shared/text.ts';
import { expandGenerate } from './generate.ts';
import { canonicalName } from './name.ts';
import { lineNumberAt, scanLines, ZoneSyntaxError, type Line, type Token } from './scan-lines.ts';
import { parseTtl } from './ttl.ts';

export interface ZoneFiles {
  readonly text: ByteString;
  /** Texts of included files by the path as $INCLUDE writes it. */
  readonly includes: Readonly<Record<string, ByteString>>;
}

interface Common {
  readonly line: Line;
  /** Origin in force on this line; canonical. */
  readonly origin: string;
}

export interface RecordEntry extends Common {
  readonly kind: 'record';
  readonly owner: string;
  /** null: omitted, the owner of the record before. */
  readonly ownerToken: Token | null;
  readonly ttlToken: Token | null;
  readonly classToken: Token | null;
  readonly typeToken: Token;
  readonly type: string;
  readonly rdata: readonly Token[];
  readonly ttl: number;
}

/** A record made by $GENERATE: it has no text of its own. */
export interface GeneratedEntry extends Common {
  readonly kind: 'generated';
  readonly owner: string;
  readonly type: string;
  readonly rdata: readonly Token[];
  readonly ttl: number;
}

export type ZoneEntry =
  | RecordEntry
  | GeneratedEntry
  | (Common & { readonly kind: 'origin' })
  | (Common & { readonly kind: 'ttl' })
  | (Common & { readonly kind: 'include'; readonly path: string });

/** An entry and the file that it stands in; null: the zone's main file. */
export interface PlacedEntry {
  readonly entry: ZoneEntry;
  readonly file: string | null;
  /** What a record without a TTL would get right behind this entry; null: nothing gives it one. */
  readonly impliedTtl: number | null;
}

/** What a line inherits from those before it. TTLs live on through an included file and behind it, origins do not. */
interface Inherited {
  defaultTtl: number | null;
  ttl: number | null;
}

interface Scope {
  readonly file: string | null;
  readonly text: ByteString;
  readonly depth: number;
  origin: string;
  owner: string | null;
}

export interface ParsedZone {
  readonly entries: readonly PlacedEntry[];
  /** Origin at the end of the main file. */
  readonly endOrigin: string;
}

/** A file that $INCLUDE names and that is not among `includes`. */
export class MissingIncludeError extends Error {
  readonly path: string;
  constructor(path: string) {
    super(`the included file ${path} is missing`);
    this.name = 'MissingIncludeError';
    this.path = path;
  }
}

const maxIncludeDepth = 16;

/**
 * @param zone canonical name of the zone: the first origin.
 * @throws ZoneSyntaxError where BIND would reject the file, or might read it in another way; MissingIncludeError.
 */
export function parseZone(files: ZoneFiles, zone: string): ParsedZone {
  const entries: PlacedEntry[] = [];
  const inherited: Inherited = { defaultTtl: null, ttl: null };
  const main: Scope = { file: null, text: files.text, depth: 0, origin: zone, owner: null };
  readScope(files, main, inherited, entries);
  return { entries, endOrigin: main.origin };
}

function impliedTtl(inherited: Inherited): number | null {
  return inherited.defaultTtl ?? inherited.ttl;
}

function readScope(files: ZoneFiles, scope: Scope, inherited: Inherited, entries: PlacedEntry[]): void {
  for (const line of scanLines(scope.text)) {
    const first = line.tokens[0];
    if (first === undefined) continue;
    if (!line.indented && !first.quoted && first.text.startsWith('$')) {
      readDirective(files, scope, inherited, entries, line, first.text.toUpperCase());
    } else {
      const entry = readRecord(scope, inherited, line);
      entries.push({ entry, file: scope.file, impliedTtl: impliedTtl(inherited) });
    }
  }
}

function syntax(scope: Scope, line: Line, message: string): ZoneSyntaxError {
  const where = scope.file === null ? '' : ` (in the included file ${scope.file})`;
  return new ZoneSyntaxError(lineNumberAt(scope.text, line.tokens[0]?.start ?? line.start), `${message}${where}`);
}

function nameOf(scope: Scope, line: Line, token: Token | undefined): string {
  const name = token === undefined ? null : canonicalName(token.text, scope.origin);
  if (name === null) throw syntax(scope, line, 'a name that is none');
  return name;
}

function readDirective(
  files: ZoneFiles,
  scope: Scope,
  inherited: Inherited,
  entries: PlacedEntry[],
  line: Line,
  directive: string,
): void {
  const [, argument, second, ...more] = line.tokens;
  if (scope.text[line.end - 1] !== '\n') throw syntax(scope, line, 'a directive in a last line without its line end');
  const place = (entry: ZoneEntry): void => {
    entries.push({ entry, file: scope.file, impliedTtl: impliedTtl(inherited) });
  };
  if (directive === '$ORIGIN' && second === undefined) {
    scope.origin = nameOf(scope, line, argument);
    place({ kind: 'origin', line, origin: scope.origin });
  } else if (directive === '$TTL' && second === undefined) {
    const ttl = argument === undefined ? null : parseTtl(argument.text);
    if (ttl === null) throw syntax(scope, line, 'a $TTL without a time');
    inherited.defaultTtl = ttl;
    inherited.ttl = ttl;
    place({ kind: 'ttl', line, origin: scope.origin });
  } else if (directive === '$INCLUDE' && argument !== undefined && more.length === 0) {
    const origin = second === undefined ? scope.origin : nameOf(scope, line, second);
    const text = Object.hasOwn(files.includes, argument.text) ? files.includes[argument.text] : undefined;
    if (text === undefined) throw new MissingIncludeError(argument.text);
    if (scope.depth >= maxIncludeDepth) throw syntax(scope, line, 'too many files that include each other');
    const inner: Scope = { file: argument.text, text, depth: scope.depth + 1, origin, owner: scope.owner };
    readScope(files, inner, inherited, entries);
    place({ kind: 'include', line, origin: scope.origin, path: argument.text });
  } else if (directive === '$GENERATE') {
    for (const entry of readGenerate(scope, inherited, line)) place(entry);
  } else {
    throw syntax(scope, line, 'a directive that is not known');
  }
}

const classToken = /^(?:IN|CH|HS|CLASS\d+)$/i;

interface Head {
  readonly ttlToken: Token | null;
  readonly classToken: Token | null;
  readonly typeToken: Token;
  readonly type: string;
  readonly rdata: readonly Token[];
  readonly explicitTtl: number | null;
}

/** TTL and class in either order, then the type (RFC 1035, 5.1). */
function readHead(scope: Scope, line: Line, tokens: readonly Token[]): Head {
  let at = 0;
  let ttl: Token | null = null;
  let rrClass: Token | null = null;
  for (; at < 2; at += 1) {
    const token = tokens[at];
    if (token === undefined || token.quoted) break;
    if (rrClass === null && classToken.test(token.text)) rrClass = token;
    else if (ttl === null && parseTtl(token.text) !== null) ttl = token;
    else break;
  }
  const typeToken = tokens[at];
  if (typeToken === undefined || typeToken.quoted || !/^[A-Za-z][A-Za-z0-9-]*$/.test(typeToken.text)) {
    throw syntax(scope, line, 'a record without a type');
  }
  if (rrClass !== null && rrClass.text.toUpperCase() !== 'IN') throw syntax(scope, line, 'a class other than IN');
  const explicitTtl = ttl === null ? null : parseTtl(ttl.text);
  const type = typeToken.text.toUpperCase();
  return {
    ttlToken: ttl,
    classToken: rrClass,
    typeToken,
    type: type === 'TYPE16' ? 'TXT' : type,
    rdata: tokens.slice(at + 1),
    explicitTtl,
  };
}

/** What BIND gives: the explicit TTL, else $TTL, else the TTL before (RFC 1035), else the SOA's minimum. */
function inheritTtl(scope: Scope, inherited: Inherited, line: Line, head: Head): number {
  if (head.explicitTtl !== null) inherited.ttl = head.explicitTtl;
  else if (inherited.defaultTtl !== null) inherited.ttl = inherited.defaultTtl;
  else if (inherited.ttl === null && head.type === 'SOA') {
    inherited.ttl = parseTtl(head.rdata[6]?.text ?? '');
    inherited.defaultTtl = inherited.ttl;
  }
  if (inherited.ttl === null) throw syntax(scope, line, 'a record without a TTL, and no $TTL before it');
  return inherited.ttl;
}

function readRecord(scope: Scope, inherited: Inherited, line: Line): RecordEntry {
  const ownerToken = line.indented ? null : (line.tokens[0] ?? null);
  if (ownerToken !== null) scope.owner = nameOf(scope, line, ownerToken);
  if (scope.owner === null) throw syntax(scope, line, 'a first record without an owner');
  const head = readHead(scope, line, ownerToken === null ? line.tokens : line.tokens.slice(1));
  const ttl = inheritTtl(scope, inherited, line, head);
  return { kind: 'record', line, origin: scope.origin, owner: scope.owner, ownerToken, ...head, ttl };
}

function readGenerate(scope: Scope, inherited: Inherited, line: Line): readonly GeneratedEntry[] {
  const [, range, left, ...tokens] = line.tokens;
  if (range === undefined || left === undefined) throw syntax(scope, line, 'a $GENERATE that is incomplete');
  const head = readHead(scope, line, tokens);
  const ttl = inheritTtl(scope, inherited, line, head);
  const right = head.rdata[0];
  const made = right === undefined ? null : expandGenerate(range.text, left.text, right.text);
  if (made === null || head.rdata.length !== 1) throw syntax(scope, line, 'a $GENERATE that is not understood');
  return made.map(({ owner, rdata }) => {
    const name = canonicalName(owner, scope.origin);
    const tokens = scanLines(` ${rdata}`)[0]?.tokens ?? [];
    if (name === null) throw syntax(scope, line, 'a $GENERATE that makes a name that is none');
    return { kind: 'generated', line, origin: scope.origin, owner: name, type: head.type, rdata: tokens, ttl };
  });
}
