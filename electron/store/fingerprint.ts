import { createHash } from 'node:crypto';

/** SHA-256 (hex) of the key that the `p=` of a key record holds, however its base64 is wrapped or padded. */
export function publicKeyFingerprint(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
}
