/** What ssh2 and the socket say, in Signet's words. */
import type { ServerConfig } from '../../shared/model.ts';
import { failed } from '../../shared/problem.ts';
import type { SignetError } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

export type Address = Pick<ServerConfig, 'name' | 'host' | 'port'>;

function field(error: unknown, name: 'code' | 'level'): string | number | undefined {
  if (typeof error !== 'object' || error === null || !(name in error)) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function text(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}

const reasons: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  ECONNREFUSED: { what: 'the connection was refused', hint: 'Is sshd running there, and on this port?' },
  ETIMEDOUT: { what: 'nothing answers (timeout)', hint: 'Check the address, the firewall and the VPN.' },
  EHOSTUNREACH: { what: 'there is no route to the host', hint: 'Check the address and your network.' },
  ENETUNREACH: { what: 'the network cannot be reached', hint: 'Check your network and the VPN.' },
  ENOTFOUND: { what: 'the host name is not found in DNS', hint: 'Check the spelling of the host name.' },
  EAI_AGAIN: { what: 'DNS does not answer for the host name', hint: 'Check your network and its DNS server.' },
  ECONNRESET: { what: 'the connection was reset', hint: 'A firewall or sshd (MaxStartups) turned it away. Try again.' },
  EPIPE: { what: 'the connection was closed', hint: 'A firewall or sshd (MaxStartups) turned it away. Try again.' },
};

/** Connecting failed before SSH began. */
export function unreachable(address: Address, error: unknown): SignetError {
  const code = field(error, 'code');
  const known = typeof code === 'string' ? reasons[code] : undefined;
  const what = known?.what ?? text(error);
  return failed(
    'host-unreachable',
    `${address.name}: ${address.host} port ${address.port} cannot be reached: ${what}`,
    known?.hint ?? 'Check address, port and network.',
    { server: address.name },
    error,
  );
}

export function connectionLost(server: string, during: string, cause?: unknown): SignetError {
  return failed(
    'connection-lost',
    `${server}: the connection was lost ${during}`,
    'What was running on the server may have ended or not. Connect again and look.',
    { server },
    cause,
  );
}

function loginRefused(server: ServerConfig, offered: readonly string[], said?: string): SignetError {
  const how = { agent: 'the keys of the SSH agent', key: 'the key', password: 'the password' }[server.login.method];
  const why = said === undefined ? '' : `: ${printable(said, 100)}`;
  const accepts = offered.length === 0 ? '' : ` The server accepts: ${printable(offered.join(', '), 100)}.`;
  return failed(
    'login-refused',
    `${server.name}: log-in as ${server.user} was refused with ${how}${why}`,
    `Check user and credentials.${accepts}`,
    { server: server.name },
  );
}

/** SSH_DISCONNECT_PROTOCOL_ERROR, with which sshd ends a log-in after MaxAuthTries (RFC 4253, 11.1). */
const disconnectProtocolError = 2;

/** An error between the first byte and a finished log-in. */
export function handshakeFailure(server: ServerConfig, error: unknown, offered: readonly string[]): SignetError {
  const level = field(error, 'level');
  const message = text(error);
  const code = field(error, 'code');
  if (level === 'client-authentication') return loginRefused(server, offered);
  if (level === 'agent')
    return failed(
      'agent-unavailable',
      `${server.name}: the SSH agent refused to sign`,
      'Unlock the agent, or confirm its question.',
      {
        server: server.name,
      },
    );
  if (code === disconnectProtocolError || /too many authentication failures/i.test(message))
    return loginRefused(server, offered, message);
  if (/no matching|handshake failed/i.test(message))
    return failed(
      'no-common-algorithm',
      `${server.name}: no common algorithm with the server: ${message}`,
      'Its SSH server offers only methods that are no longer safe. Update it.',
      { server: server.name },
      error,
    );
  if (level === 'client-timeout') return unreachable(server, Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
  if (level === 'client-socket') return unreachable(server, error);
  if (/before handshake/i.test(message))
    return unreachable(server, Object.assign(new Error(message), { code: 'EPIPE' }));
  return failed(
    'handshake-failed',
    `${server.name}: SSH with ${server.host} port ${server.port} failed: ${message}`,
    'Is it an SSH server? Try ssh -v to see more.',
    { server: server.name },
    error,
  );
}
