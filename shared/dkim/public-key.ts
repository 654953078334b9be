/** What a `p=` holds. Works in a browser: no crypto module, only the few bytes of DER that are needed. */
import type { KeyAlgorithm } from '../model.ts';
import { withoutSpace } from './tag-list.ts';

export interface KeyInfo {
  readonly algorithm: KeyAlgorithm;
  /** Length of the RSA modulus; 256 for Ed25519. */
  readonly bits: number;
  /** The key itself, whatever its encoding: equal keys have equal identities. */
  readonly identity: string;
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly rest: Uint8Array;
}

const sequence = 0x30;
const integer = 0x02;
const bitString = 0x03;
/** 1.2.840.113549.1.1.1 */
const rsaEncryption = '06092a864886f70d010101';

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

function decodeBase64(text: string): Uint8Array | null {
  const compact = withoutSpace(text);
  if (compact === '' || compact.length % 4 === 1 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return null;
  const binary = atob(compact);
  return Uint8Array.from(binary, char => char.charCodeAt(0));
}

/** The first DER element; null: cut short, or of a form that no key has. */
function element(bytes: Uint8Array): Element | null {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return null;
  let length = first;
  let start = 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 3 || bytes.length < 2 + count) return null;
    length = bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
    start += count;
  }
  if (bytes.length < start + length) return null;
  return { tag, content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017, A.1.1) */
function rsaKey(bytes: Uint8Array): KeyInfo | null {
  const outer = element(bytes);
  if (outer?.tag !== sequence || outer.rest.length > 0) return null;
  const modulus = element(outer.content);
  const exponent = modulus === null ? null : element(modulus.rest);
  if (modulus?.tag !== integer || exponent?.tag !== integer || exponent.rest.length > 0) return null;
  const digits = hex(modulus.content).replace(/^0+/, '');
  const top = Number.parseInt(digits.slice(0, 1), 16);
  if (Number.isNaN(top)) return null;
  const bits = (digits.length - 1) * 4 + (32 - Math.clz32(top));
  return { algorithm: 'rsa', bits, identity: `rsa:${digits}:${hex(exponent.content).replace(/^0+/, '')}` };
}

/** SubjectPublicKeyInfo (RFC 5280, 4.1), and the bare RSAPublicKey that RFC 6376, 3.6.1 literally asks for. */
function rsaFromDer(bytes: Uint8Array): KeyInfo | null {
  const outer = element(bytes);
  if (outer?.tag !== sequence || outer.rest.length > 0) return null;
  const algorithm = element(outer.content);
  if (algorithm?.tag !== sequence) return rsaKey(bytes);
  const key = element(algorithm.rest);
  if (!hex(algorithm.content).startsWith(rsaEncryption) || key?.tag !== bitString || key.content[0] !== 0) return null;
  return rsaKey(key.content.subarray(1));
}

/** `publicKey` and `keyType` as in a record's `p=` and `k=` (default rsa). null: not a key of that type. */
export function keyInfo(publicKey: string, keyType: string | undefined): KeyInfo | null {
  const bytes = decodeBase64(publicKey);
  if (bytes === null) return null;
  switch (keyType ?? 'rsa') {
    case 'rsa':
      return rsaFromDer(bytes);
    case 'ed25519':
      return bytes.length === 32 ? { algorithm: 'ed25519', bits: 256, identity: `ed25519:${hex(bytes)}` } : null;
    default:
      return null;
  }
}
