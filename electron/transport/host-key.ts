/** Whether a presented host key is the server's. Pure; the connection asks it in ssh2's hostVerifier, always. */
import type { HostKey } from './api.ts';
import type { PinnedHostKey } from '../../shared/model.ts';
import { refused } from '../../shared/problem.ts';
import type { SignetError } from '../../shared/problem.ts';

/** As a server may prove each key type. SHA-1 ("ssh-rsa") is not among them. */
const algorithmsOf: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/**
 * Algorithms in the order in which they are asked for: the types that we know a key of first (as OpenSSH does), or a server
 * with a newer key of another type would look like an impostor. `exclude`: types that have been tried.
 */
export function hostKeyAlgorithms(
  pinned: readonly PinnedHostKey[],
  exclude: readonly string[] = [],
): readonly string[] {
  const known = new Set(pinned.map(key => key.type));
  const types = Object.keys(algorithmsOf).filter(type => !exclude.includes(type));
  const order = [...types.filter(type => known.has(type)), ...types.filter(type => !known.has(type))];
  return order.flatMap(type => algorithmsOf[type] ?? []);
}

export type Verdict = 'accepted' | 'other' | 'revoked';

export function judge(key: HostKey, pinned: readonly PinnedHostKey[], revoked: ReadonlySet<string>): Verdict {
  if (revoked.has(key.fingerprint)) return 'revoked';
  return pinned.some(pin => pin.fingerprint === key.fingerprint) ? 'accepted' : 'other';
}

/** A pin whose type is not known may belong to a key that was not presented because another type was asked for first. */
export function mayHaveAnother(pinned: readonly PinnedHostKey[]): boolean {
  return pinned.some(pin => pin.type === null);
}

/** The refusal for a key that was not accepted. The server is told nothing but that the connection ends. */
export function hostKeyRefusal(
  verdict: Exclude<Verdict, 'accepted'>,
  server: string,
  key: HostKey,
  pinned: readonly PinnedHostKey[],
): SignetError {
  const shown = `${key.fingerprint} (${key.type})`;
  if (verdict === 'revoked')
    return refused(
      'host-key-revoked',
      `${server}: the server presents the key ${shown}, which is marked as revoked`,
      'Do not go on: the key may be in the wrong hands. Find out who runs the machine behind this address.',
      { server },
    );
  if (pinned.length === 0)
    return refused(
      'host-key-unknown',
      `${server}: the host key ${shown} is not known`,
      `Compare it with the server's own (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub, on its console), then trust it.`,
      { server },
    );
  const expected = pinned.map(pin => (pin.type === null ? pin.fingerprint : `${pin.fingerprint} (${pin.type})`));
  return refused(
    'host-key-changed',
    `${server}: the host key has changed: expected ${expected.join(' or ')}, presented ${shown}`,
    'Nothing is done on this server. Either it was set up anew, or somebody is between you and it. If you know why, trust the new key.',
    { server },
  );
}
