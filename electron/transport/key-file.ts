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

async function fromAgent(path: string, socket: string | undefined): Promise<Identity | null> {
  const text = await readFile(`${path}.pub`).catch(() => null);
  const parsed = text === null ? null : ssh2.utils.parseKey(text);
  if (parsed === null || parsed instanceof Error) return null;
  const agent = await agentWithKey(socket, parsed.getPublicSSH());
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
    const held = await fromAgent(path, agentSocket);
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
