/**
 * A private key at rest. Format: "SGK", one byte of version (1), 12 bytes nonce, 16 bytes tag, ciphertext; AES-256-GCM with
 * the master key, and server, domain and selector as additional data: in another row it does not open. Nonces are random:
 * good for 2^32 keys under one master key (NIST SP 800-38D, 8.3).
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { failed, refused } from '../../shared/problem.ts';
import type { KeyBinding, Sealer } from './api.ts';

const magic = Buffer.from('SGK');
const version = 1;
const nonceLength = 12;
const tagLength = 16;
const headLength = magic.length + 1;

/** `bytes`: the master key, 32 bytes; they are copied, so that wiping them cannot make a sealer use a key of zeros. */
export function makeSealer(bytes: Buffer): Sealer {
  const masterKey = createSecretKey(bytes);
  return {
    seal: (privateKeyPem, binding) => {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', masterKey, nonce, { authTagLength: tagLength });
      cipher.setAAD(boundTo(binding));
      const text = Buffer.concat([cipher.update(privateKeyPem, 'utf8'), cipher.final()]);
      return Buffer.concat([magic, Buffer.of(version), nonce, cipher.getAuthTag(), text]);
    },
    open: (sealed, binding) => {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      checkFormat(bytes, binding);
      const nonce = bytes.subarray(headLength, headLength + nonceLength);
      const tag = bytes.subarray(headLength + nonceLength, headLength + nonceLength + tagLength);
      const decipher = createDecipheriv('aes-256-gcm', masterKey, nonce, { authTagLength: tagLength });
      decipher.setAAD(boundTo(binding));
      decipher.setAuthTag(tag);
      try {
        const text = decipher.update(bytes.subarray(headLength + nonceLength + tagLength));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        // the error says nothing more, and nothing of what was decrypted may get out
        throw foreign(binding);
      }
    },
  };
}

/** JSON: no two bindings have the same bytes. */
function boundTo({ server, domain, selector }: KeyBinding): Buffer {
  return Buffer.from(JSON.stringify(['signet sealed key', version, server, domain, selector]));
}

function checkFormat(bytes: Buffer, binding: KeyBinding): void {
  const ours = bytes.length > headLength + nonceLength + tagLength && bytes.subarray(0, magic.length).equals(magic);
  if (!ours) {
    throw failed(
      'sealed-key-damaged',
      `the sealed key ${binding.selector} of ${binding.domain} is not what Signet wrote`,
      'Drop the change and stage it again: a new key is made.',
      where(binding),
    );
  }
  if (bytes[magic.length] !== version) {
    throw refused(
      'sealed-key-newer',
      `the sealed key ${binding.selector} of ${binding.domain} was written by a newer version of Signet`,
      'Use that version, or drop the change and stage it again: a new key is made.',
      where(binding),
    );
  }
}

function foreign(binding: KeyBinding): Error {
  return refused(
    'sealed-key-foreign',
    `the sealed key ${binding.selector} of ${binding.domain} was made for another domain, server or selector, or with another master key, or its bytes were changed`,
    'Drop the change and stage it again: a new key is made.',
    where(binding),
  );
}

function where({ server, domain }: KeyBinding): { readonly server: string; readonly domain: string } {
  return { server, domain };
}
