/**
 * Text from servers is hostile. Content of files is kept as a byte string (one UTF-16 unit per byte, "latin1"), so that
 * an edit leaves every other byte as it is, whatever its encoding.
 */
export type ByteString = string;

/** File content in JSON: readable where the bytes are valid UTF-8, exact in either case. */
export interface Content {
  readonly encoding: 'utf8' | 'latin1';
  readonly text: string;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function bytesOf(content: ByteString): Uint8Array {
  const bytes = new Uint8Array(content.length);
  for (let i = 0; i < content.length; i += 1) bytes[i] = content.charCodeAt(i);
  return bytes;
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- the range is the definition of ASCII
  return /^[\x00-\x7f]*$/.test(text);
}

export function toContent(bytes: ByteString): Content {
  if (isAscii(bytes)) return { encoding: 'utf8', text: bytes };
  try {
    return { encoding: 'utf8', text: strictUtf8.decode(bytesOf(bytes)) };
  } catch {
    return { encoding: 'latin1', text: bytes };
  }
}

export function fromContent(content: Content): ByteString {
  if (content.encoding === 'latin1' || isAscii(content.text)) return content.text;
  let bytes = '';
  for (const byte of new TextEncoder().encode(content.text)) bytes += String.fromCharCode(byte);
  return bytes;
}

// C0, DEL, C1, bidirectional and zero-width controls, line and paragraph separators, byte order mark
const unprintable =
  // oxlint-disable-next-line no-control-regex -- these are what must never reach a terminal
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Text of a server, safe for a terminal, a log and a window: controls are shown as \u{..}, and it has an end. */
export function printable(text: string, limit = 300): string {
  const clean = text.replace(unprintable, c => `\\u{${c.charCodeAt(0).toString(16)}}`);
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}
