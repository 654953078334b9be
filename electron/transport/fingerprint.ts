/** Host keys by their fingerprints, as OpenSSH prints them. */
import { createHash } from 'node:crypto';

/** "SHA256:" and the base64 of the key blob's hash without padding (as `ssh-keygen -l` prints it). */
export function fingerprint(keyBlob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(keyBlob).digest('base64').replace(/=+$/, '')}`;
}

/** The type that stands in the blob itself (RFC 4253, 6.6), e.g. "ssh-ed25519"; null: it is no key blob. */
export function keyType(keyBlob: Uint8Array): string | null {
  if (keyBlob.length < 4) return null;
  const length = new DataView(keyBlob.buffer, keyBlob.byteOffset, keyBlob.byteLength).getUint32(0);
  if (length === 0 || length > 100 || keyBlob.length < 4 + length) return null;
  const type = Buffer.from(keyBlob.subarray(4, 4 + length)).toString('latin1');
  return /^[\x21-\x7e]+$/.test(type) ? type : null;
}
