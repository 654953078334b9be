/** What an admin or a server calls a domain or a selector, checked. Everything that reaches a shell, a file or DNS passed here. Works in a browser. */
import { decodePunycode } from './punycode.ts';

export interface Domain {
  /** A-labels, lower case, no final dot: the form of every file, record and message. Letters, digits, hyphens and dots only. */
  readonly ascii: string;
  /** For people. */
  readonly unicode: string;
}

/** `code` is stable; `message` is a sentence without the name itself, which may be hostile. */
export interface NameFault {
  readonly code:
    | 'name-empty'
    | 'name-too-long'
    | 'label-empty'
    | 'label-too-long'
    | 'bad-character'
    | 'bad-hyphen'
    | 'bad-idn'
    | 'not-qualified'
    | 'ip-address';
  readonly message: string;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: NameFault };

/** Octets of a name in text form without the final dot (RFC 1035, 2.3.4: 255 on the wire). */
const longestName = 253;
const longestLabel = 63;

function fault(code: NameFault['code'], message: string): { readonly ok: false; readonly fault: NameFault } {
  return { ok: false, fault: { code, message } };
}

/** RFC 1123, 2.1: letters, digits and hyphens. No underscore: it is not part of a mail domain (RFC 5321, 4.1.2). */
function labelFault(label: string): ReturnType<typeof fault> | null {
  if (label === '') return fault('label-empty', 'two dots follow each other, or it begins with a dot');
  if (label.length > longestLabel) return fault('label-too-long', 'a part between dots is longer than 63 characters');
  if (!/^[a-z0-9-]+$/.test(label))
    return fault('bad-character', 'only letters, digits, hyphens and dots may stand in it');
  if (label.startsWith('-') || label.endsWith('-')) return fault('bad-hyphen', 'a part begins or ends with a hyphen');
  return null;
}

function firstFault(labels: readonly string[]): ReturnType<typeof fault> | null {
  for (const label of labels) {
    const found = labelFault(label);
    if (found !== null) return found;
  }
  return null;
}

/** UTS #46 by the platform's own URL parser, which every browser and Node has. */
function toAscii(name: string): string | null {
  try {
    return new URL(`http://${name}/`).hostname;
  } catch {
    return null;
  }
}

function toUnicode(ascii: string): string | null {
  const labels: string[] = [];
  for (const label of ascii.split('.')) {
    const decoded = label.startsWith('xn--') ? decodePunycode(label.slice(4)) : label;
    if (decoded === null) return null;
    labels.push(decoded);
  }
  return labels.join('.');
}

/**
 * A mail domain in either form of an IDN, in any case, with or without the final dot. At least two labels; at most 253 octets
 * as A-labels; an IP address or an address literal is none.
 */
export function parseDomain(text: string): Parsed<Domain> {
  const name = text.replace(/[.\u3002\uff0e\uff61]$/, '').toLowerCase();
  if (name === '') return fault('name-empty', 'there is no name');
  if (name.length > longestName) return fault('name-too-long', 'it is longer than 253 characters');
  if (/^\[.*\]$/.test(name) || name.includes(':')) return fault('ip-address', 'it is an address, not a name');
  // everything else that the URL parser would take for syntax, or quietly drop or decode
  if (!/^(?:[\p{L}\p{M}\p{N}\-.\u00b7\u3002\uff0e\uff61]|\u200c|\u200d)+$/u.test(name)) {
    return fault('bad-character', 'only letters, digits, hyphens and dots may stand in it');
  }
  // oxlint-disable-next-line no-control-regex -- the range is the definition of ASCII
  const isPlain = /^[\x00-\x7f]*$/.test(name);
  const plainFault = isPlain ? firstFault(name.split('.')) : null;
  if (plainFault !== null) return plainFault;
  if (/(^|\.)[0-9]+$/.test(name)) return fault('ip-address', 'its last part is a number, as in an address');
  const ascii = isPlain && !name.includes('xn--') ? name : toAscii(name);
  if (ascii === null || ascii === '') return fault('bad-idn', 'it is not a valid internationalized name');
  if (ascii.length > longestName) return fault('name-too-long', 'it is longer than 253 characters as A-labels');
  const found = firstFault(ascii.split('.'));
  if (found !== null) return found;
  if (/(^|\.)[0-9]+$/.test(ascii)) return fault('ip-address', 'its last part is a number, as in an address');
  if (!ascii.includes('.')) return fault('not-qualified', 'it has no dot: the full name is needed');
  const unicode = toUnicode(ascii);
  if (unicode === null || toAscii(unicode) !== ascii) {
    return fault('bad-idn', 'it is not a valid internationalized name');
  }
  return { ok: true, value: { ascii, unicode } };
}

/** A selector for a new key (RFC 6376, 3.1: sub-domain *("." sub-domain)), lower-cased: DNS does not tell the cases apart. */
export function parseSelector(text: string): Parsed<string> {
  const selector = text.toLowerCase();
  if (selector === '') return fault('name-empty', 'there is no name');
  if (selector.length > longestName) return fault('name-too-long', 'it is longer than 253 characters');
  return firstFault(selector.split('.')) ?? { ok: true, value: selector };
}

/** Whether a name fits DNS: parts of 1 to 63 octets, 253 in all. For names made of a selector and a domain. */
export function fitsDns(name: string): boolean {
  return (
    name.length <= longestName && name.split('.').every(label => label.length >= 1 && label.length <= longestLabel)
  );
}
