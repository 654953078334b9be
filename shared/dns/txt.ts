/**
 * TXT data and record names as the whole project writes and reads them. A value is the joined character-strings of one
 * TXT record, as a byte string (one UTF-16 unit a byte).
 */
import { usage } from '../problem.ts';
import { printable, type ByteString } from '../text.ts';

/** The longest character-string of a TXT record, in bytes (RFC 1035, 3.3). */
const maxTxtString = 255;

/** Cuts a value into character-strings of at most 255 bytes; an empty value is one empty string. */
export function splitTxt(value: ByteString): readonly ByteString[] {
  const strings: ByteString[] = [];
  for (let at = 0; at < value.length; at += maxTxtString) strings.push(value.slice(at, at + maxTxtString));
  return strings.length === 0 ? [''] : strings;
}

/** Printable ASCII but for the two that are escaped: a key, whole, and there are thousands in a plan. */
const plainTxt = /^[ !#-[\]-~]*$/;

/** One character-string, quoted for a master file (RFC 1035, 5.1): `"` and `\` escaped, what is not printable ASCII as \DDD. */
export function quoteTxtString(bytes: ByteString): string {
  if (plainTxt.test(bytes)) return `"${bytes}"`;
  let text = '"';
  for (const byte of bytes) {
    const code = byte.charCodeAt(0);
    if (code > 255) throw new RangeError('not a byte string');
    if (byte === '"' || byte === '\\') text += `\\${byte}`;
    else if (code < 32 || code > 126) text += `\\${String(code).padStart(3, '0')}`;
    else text += byte;
  }
  return `${text}"`;
}

/** Master-file presentation of a value: one or more quoted strings with a blank between them. */
export function formatTxt(value: ByteString): string {
  return splitTxt(value).map(quoteTxtString).join(' ');
}

const escape = /\\(?:(\d{3})|([\s\S]))/g;

/**
 * Takes the escapes out of a token of a master file: `\DDD` is that byte, `\X` is X.
 * Returns null for what no server accepts: a `\DDD` over 255 and a final lone backslash.
 */
export function unescapeToken(token: string): ByteString | null {
  if (!token.includes('\\')) return token;
  let valid = true;
  const bytes = token.replace(escape, (_, decimal: string | undefined, other: string | undefined) => {
    if (decimal === undefined) return other ?? '';
    const code = Number(decimal);
    if (code > 255) valid = false;
    return String.fromCharCode(code);
  });
  const trailing = /\\+$/.exec(token.replace(/\\\d{3}/g, ''))?.[0].length ?? 0;
  return valid && trailing % 2 === 0 ? bytes : null;
}

// not \s: in a byte string 0xa0 is half of a character, not a blank
const txtToken = /[ \t\r\n]*(?:"((?:[^"\\]|\\[\s\S])*)"|((?:[^ \t\r\n"\\]|\\[\s\S])+))/y;

/**
 * The value of one TXT record from its presentation (`"a" "b"`, `a "b c"`, as `dig` and zone files write it).
 * @throws SignetError `invalid-txt` for text that is no TXT data.
 */
export function parseTxt(presentation: string): ByteString {
  const text = presentation.replace(/[ \t\r\n]+$/, '');
  let value = '';
  txtToken.lastIndex = 0;
  while (txtToken.lastIndex < text.length) {
    const match = txtToken.exec(text);
    const string = match === null ? null : unescapeToken(match[1] ?? match[2] ?? '');
    if (string === null) {
      throw usage('invalid-txt', `this is not TXT data: ${printable(text)}`, 'Put each string in double quotes.');
    }
    value += string;
  }
  return value;
}

/** Lower case (ASCII only, as DNS compares) and without the final dot; the root is the empty string. */
export function normalizeName(name: string): string {
  const lower = name.replace(/[A-Z]/g, letter => letter.toLowerCase());
  return lower.endsWith('.') && !endsEscaped(lower) ? lower.slice(0, -1) : lower;
}

function endsEscaped(name: string): boolean {
  const backslashes = /\\*(?=.$)/.exec(name)?.[0].length ?? 0;
  return backslashes % 2 === 1;
}

/** Whether `name` is `zone` itself or a name below it. Any case, with or without final dots. */
export function isBelow(name: string, zone: string): boolean {
  const [child, parent] = [normalizeName(name), normalizeName(zone)];
  if (parent === '' || child === parent) return true;
  return child.endsWith(`.${parent}`) && !endsEscaped(child.slice(0, -parent.length));
}
