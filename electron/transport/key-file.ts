/** A private key file (OpenSSH, PEM, PuTTY) of the laptop. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import type { BaseAgent, ParsedKey } from 'ssh2';
import type { SecretSource } from './api.ts';
import { agentWithKey } from './agent.ts';
import { failed } from '../../shared/problem.ts';
import type { SignetError } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

export type Identity = { readonly key: ParsedKey } | { readonly agent: BaseAgent };

export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

function unreadable(server: string, file: string, reason: string, cause?: unknown): SignetError {
  return failed(
    'key-unreadable',
    `${server}: the key ${file} cannot be used: ${reason}`,
    'Give the path of a private key in OpenSSH or PEM format that you may read.',
    { server, file },
    cause,
  );
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it';
  if (code === 'EISDIR') return 'it is a directory';
  return printable(error instanceof Error ? error.message : String(error));
}

/** ssh2 says only in words that a key is encrypted. */
function isEncrypted(error: Error): boolean {
  return /encrypted .* no passphrase given/i.test(error.message);
}

/** The public key that an encrypted file in OpenSSH's format carries in clear (PROTOCOL.key); null: another format. */
function publicPart(text: Buffer): Buffer | null {
  const [, base64] =
    /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END/.exec(text.toString('latin1')) ?? [];
  const data = Buffer.from(base64 ?? '', 'base64');
  const magic = 'openssh-key-v1\0';
  if (data.toString('latin1', 0, magic.length) !== magic) return null;
  let at = magic.length;
  // Cipher, key derivation and its options, the number of keys, then the first public key
  for (let field = 0; field < 3 && at + 4 <= data.length; field += 1) at += 4 + data.readUInt32BE(at);
  at += 4;
  if (at + 4 > data.length) return null;
  return data.subarray(at + 4, at + 4 + data.readUInt32BE(at));
}

async function fromAgent(path: string, text: Buffer, socket: string | undefined): Promise<Identity | null> {
  let blob = publicPart(text);
  if (blob === null) {
    const beside = await readFile(`${path}.pub`).catch(() => null);
    const parsed = beside === null ? null : ssh2.utils.parseKey(beside);
    if (parsed === null || parsed instanceof Error) return null;
    blob = parsed.getPublicSSH();
  }
  const agent = await agentWithKey(socket, blob);
  return agent === null ? null : { agent };
}

/**
 * The key in the file. An encrypted one is decrypted with the passphrase of the vault; without one it is used through the
 * agent when that holds it (as ssh does). Rejects: `key-unreadable`, `passphrase-needed`, `passphrase-wrong`.
 */
export async function readIdentity(
  server: string,
  identity: string,
  secrets: SecretSource,
  agentSocket: string | undefined,
): Promise<Identity> {
  const path = expandHome(identity);
  const where = { server, file: path };
  const text = await readFile(path).catch((error: unknown) => {
    throw unreadable(server, path, reasonOf(error), error);
  });
  const plain = ssh2.utils.parseKey(text);
  if (!(plain instanceof Error)) {
    if (plain.isPrivateKey()) return { key: plain };
    throw unreadable(server, path, 'it is a public key');
  }
  if (!isEncrypted(plain)) throw unreadable(server, path, printable(plain.message));
  const passphrase = await secrets.passphrase(server);
  if (passphrase === null || passphrase === '') {
    const held = await fromAgent(path, text, agentSocket);
    if (held !== null) return held;
    const hint = 'Store the passphrase with the server, or add the key to the SSH agent (ssh-add).';
    throw failed('passphrase-needed', `${server}: the key ${path} has a passphrase, and none is stored`, hint, where);
  }
  const opened = ssh2.utils.parseKey(text, passphrase);
  if (opened instanceof Error)
    throw failed(
      'passphrase-wrong',
      `${server}: the stored passphrase does not open the key ${path}`,
      'Store the right passphrase with the server.',
      where,
    );
  return { key: opened };
}
