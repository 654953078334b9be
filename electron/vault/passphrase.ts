/**
 * Items in one file, vault.json, under a passphrase: scrypt (RFC 7914) makes 64 bytes of it, 32 to encrypt with
 * (AES-256-GCM) and 32 to tell a wrong passphrase from a damaged file.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { writeAtomically } from './atomic-file.ts';
import type { Items } from './items.ts';
import { problems } from './problems.ts';

/** 128 MiB and about half a second (OWASP's first choice for scrypt). */
const cost = { N: 2 ** 17, r: 8, p: 1 } as const;
// What a file may ask for: it must not be able to take all memory.
const bounds = { N: 2 ** 20, r: 32, p: 16 } as const;
const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);

const base64 = z.base64();
const fileSchema = z.object({
  format: z.literal('signet-vault'),
  version: z.literal(1),
  scrypt: z.object({
    N: z
      .int()
      .min(2 ** 14)
      .max(bounds.N)
      .refine(value => Number.isInteger(Math.log2(value))),
    r: z.int().min(1).max(bounds.r),
    p: z.int().min(1).max(bounds.p),
    salt: base64,
  }),
  check: base64,
  nonce: base64,
  tag: base64,
  data: base64,
});
type VaultFile = z.infer<typeof fileSchema>;
type Kdf = VaultFile['scrypt'];

const itemsSchema = z.record(z.string(), z.string());
type Contents = Readonly<Record<string, string>>;

interface Keys {
  readonly kdf: Kdf;
  readonly encrypt: Buffer;
  readonly check: Buffer;
}

/**
 * `passphrase` in any Unicode normal form. Null or empty: what needs it rejects with `vault-passphrase-needed`; to find
 * nothing where there is no file needs none.
 */
export function passphraseItems(home: string, passphrase: string | null): Items {
  const file = join(home, 'vault.json');
  let keys: Keys | null = null;
  // one after the other: each write replaces the whole file
  let queue: Promise<unknown> = Promise.resolve();

  const keysFor = async (kdf: Kdf): Promise<Keys> => {
    if (keys !== null && JSON.stringify(keys.kdf) === JSON.stringify(kdf)) return keys;
    if (passphrase === null || passphrase === '') throw problems.passphraseNeeded();
    return deriveKeys(passphrase, kdf);
  };

  const load = async (): Promise<Contents> => {
    const stored = await readVaultFile(file);
    if (stored === null) return {};
    const candidate = await keysFor(stored.scrypt);
    if (!sameBytes(candidate.check, Buffer.from(stored.check, 'base64'))) throw problems.passphraseWrong(file);
    keys = candidate;
    return decrypt(file, stored, candidate);
  };

  const change = (edit: (contents: Contents) => Contents): Promise<void> => {
    const next = queue.then(async () => {
      const before = await load();
      const contents = edit(before);
      if (JSON.stringify(contents) === JSON.stringify(before)) return;
      keys ??= await keysFor({ ...cost, salt: randomBytes(32).toString('base64') });
      await writeAtomically(file, `${JSON.stringify(encrypt(contents, keys), null, 2)}\n`);
    });
    queue = next.catch(() => {});
    return next;
  };

  return {
    kind: 'passphrase',
    place: () => file,
    read: async name => {
      await queue;
      const contents = await load();
      return Object.hasOwn(contents, name) ? (contents[name] ?? null) : null;
    },
    write: (name, value) => change(contents => ({ ...contents, [name]: value })),
    remove: names =>
      change(contents => Object.fromEntries(Object.entries(contents).filter(([name]) => !names.includes(name)))),
    close: () => {
      keys = null;
    },
  };
}

async function deriveKeys(passphrase: string, kdf: Kdf): Promise<Keys> {
  const { N, r, p, salt } = kdf;
  // scrypt needs 128 * N * r bytes and a little more (RFC 7914, section 2)
  const maxmem = 128 * (N + p + 2) * r + 2 ** 20;
  const bytes = await derive(passphrase.normalize('NFC'), Buffer.from(salt, 'base64'), 64, { N, r, p, maxmem });
  const check = createHash('sha256').update(bytes.subarray(32)).digest();
  return { kdf, encrypt: bytes.subarray(0, 32), check };
}

async function readVaultFile(file: string): Promise<VaultFile | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw problems.damaged(file, error);
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw problems.damaged(file, error);
  }
}

/** The parameters are bound to the content: nobody makes them weaker unseen. */
function boundTo(kdf: Kdf): Buffer {
  return Buffer.from(JSON.stringify(['signet vault', 1, kdf.N, kdf.r, kdf.p, kdf.salt]));
}

function encrypt(contents: Contents, keys: Keys): VaultFile {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keys.encrypt, nonce, { authTagLength: 16 });
  cipher.setAAD(boundTo(keys.kdf));
  const data = Buffer.concat([cipher.update(JSON.stringify(contents), 'utf8'), cipher.final()]);
  return {
    format: 'signet-vault',
    version: 1,
    scrypt: keys.kdf,
    check: keys.check.toString('base64'),
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    data: data.toString('base64'),
  };
}

function decrypt(file: string, stored: VaultFile, keys: Keys): Contents {
  try {
    const nonce = Buffer.from(stored.nonce, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', keys.encrypt, nonce, { authTagLength: 16 });
    decipher.setAAD(boundTo(stored.scrypt));
    decipher.setAuthTag(Buffer.from(stored.tag, 'base64'));
    const text = Buffer.concat([decipher.update(Buffer.from(stored.data, 'base64')), decipher.final()]);
    return itemsSchema.parse(JSON.parse(text.toString('utf8')));
  } catch {
    // no cause: an error of JSON.parse quotes what it read
    throw problems.damaged(file);
  }
}

function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
