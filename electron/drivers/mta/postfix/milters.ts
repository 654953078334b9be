/** Milters as Postfix names them (MILTER_README, "Sendmail macros" aside). */
import { posix } from 'node:path';
import type { ConnectTarget } from '../../../transport/api.ts';
import { splitList } from './tokens.ts';

export interface Milter {
  readonly text: string;
  readonly endpoint: ConnectTarget;
}

export interface SocketPlace {
  readonly queueDirectory: string;
  /** Whether the program that connects runs with the queue directory as its root (master.cf, column chroot). */
  readonly chroot: boolean;
}

/** `inet:host:port`, `inet6:...`, `unix:path` and its synonym `local:path`; null: of another form. */
function readEndpoint(text: string, place: SocketPlace): ConnectTarget | null {
  const [, type, rest] = /^(inet6?|unix|local):(.+)$/s.exec(text) ?? [];
  if (type === undefined || rest === undefined) return null;
  if (type === 'unix' || type === 'local') {
    // inside the jail every path is relative to the queue directory; outside only those without a leading slash are
    const inJail = place.chroot || !rest.startsWith('/');
    return { path: inJail ? posix.join(place.queueDirectory, rest) : rest };
  }
  const [, host, port] = /^(.*):(\d+)$/.exec(rest) ?? [];
  if (host === undefined || port === undefined || Number(port) > 65535) return null;
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return { host: bare === '' ? '127.0.0.1' : bare, port: Number(port) };
}

/** The milters of a `smtpd_milters` value in their order; `unread` are the words that name none. */
export function readMilters(
  value: string,
  place: SocketPlace,
): { readonly milters: readonly Milter[]; readonly unread: readonly string[] } {
  const milters: Milter[] = [];
  const unread: string[] = [];
  for (const word of splitList(value)) {
    const text = word.startsWith('{') ? (splitList(word.slice(1, -1))[0] ?? '') : word;
    const endpoint = readEndpoint(text, place);
    if (endpoint === null) unread.push(word);
    else milters.push({ text, endpoint });
  }
  return { milters, unread };
}
