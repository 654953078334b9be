/**
 * The public half of a private key. Drivers call this as soon as a key file has been read: what it returns holds no secret,
 * and nothing else of the file is kept.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyAlgorithm } from '../../../shared/model.ts';
import { keyInfo } from '../../../shared/dkim/public-key.ts';
import type { ByteString } from '../../../shared/text.ts';

export interface PublicHalf {
  readonly algorithm: KeyAlgorithm;
  readonly bits: number;
  /** As in a record's `p=`: SubjectPublicKeyInfo (RSA, RFC 6376), the raw 32 bytes (Ed25519, RFC 8463), in base64. */
  readonly publicKey: string;
}

/** PEM, or the base64 of DER that some signers accept in place of it. */
function parse(content: ByteString): KeyObject | null {
  try {
    return createPrivateKey({ key: Buffer.from(content, 'latin1'), format: 'pem' });
  } catch {
    const compact = content.replace(/\s/g, '');
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return null;
    const der = Buffer.from(compact, 'base64');
    for (const type of ['pkcs8', 'pkcs1'] as const) {
      try {
        return createPrivateKey({ key: der, format: 'der', type });
      } catch {
        // the other form may fit
      }
    }
    return null;
  }
}

/** null: not a private key, an encrypted one, or of a kind that DKIM does not know. Never throws. */
export function publicHalf(content: ByteString): PublicHalf | null {
  const key = parse(content);
  if (key === null || (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ed25519')) return null;
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const algorithm = key.asymmetricKeyType;
  // RFC 8410, 4: the last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the key
  const publicKey = (algorithm === 'rsa' ? der : der.subarray(der.length - 32)).toString('base64');
  const information = keyInfo(publicKey, algorithm);
  return information === null ? null : { algorithm, bits: information.bits, publicKey };
}
