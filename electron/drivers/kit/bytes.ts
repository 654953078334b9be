/** Byte strings (shared/text.ts) and what belongs to them. */
import { createHash } from 'node:crypto';
import type { Sha256 } from '../../../shared/model.ts';
import type { ByteString } from '../../../shared/text.ts';

export function sha256(content: ByteString): Sha256 {
  return createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex');
}

/** The text behind the bytes; null where they are not UTF-8. */
export function decodeUtf8(bytes: ByteString): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return null;
  }
}
