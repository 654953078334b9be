/** The store's row that says which master key seals its keys: the kind of vault, and an HMAC that says nothing of the key. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { VaultKind } from './api.ts';
import { problems } from './problems.ts';

const schema = z.object({
  version: z.literal(1),
  kind: z.enum(['keychain', 'passphrase']),
  mac: z.string().regex(/^[0-9a-f]{64}$/),
});
export type KeyCheck = z.infer<typeof schema>;

export function makeKeyCheck(kind: VaultKind, masterKey: Buffer): Uint8Array {
  const check: KeyCheck = { version: 1, kind, mac: macOf(masterKey).toString('hex') };
  return Buffer.from(JSON.stringify(check));
}

export function readKeyCheck(bytes: Uint8Array): KeyCheck {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    throw problems.damaged('the key-check in the store', error);
  }
}

export function fits(check: KeyCheck, masterKey: Buffer): boolean {
  return timingSafeEqual(Buffer.from(check.mac, 'hex'), macOf(masterKey));
}

function macOf(masterKey: Buffer): Buffer {
  return createHmac('sha256', masterKey).update('signet key-check 1').digest();
}
