/** Where the daemon listens (opendkim.conf(5), Socket). */
import type { ConnectTarget } from '../../../transport/api.ts';

/** `inet:port[@host]`, `inet6:port[@host]`, `local:path`, `unix:path`, a bare path; null: of another form. */
export function readSocket(value: string): ConnectTarget | null {
  const path = /^(?:local:|unix:)?(\/.*)$/.exec(value)?.[1];
  if (path !== undefined) return { path };
  const [, family, port, host] = /^(inet6?):(\d+)(?:@(.+))?$/.exec(value) ?? [];
  if (port === undefined || Number(port) > 65535) return null;
  const bare = host?.replace(/^\[(.*)\]$/, '$1') ?? '';
  const anywhere = bare === '' || bare === '0.0.0.0' || bare === '::';
  return { host: anywhere ? (family === 'inet6' ? '::1' : '127.0.0.1') : bare, port: Number(port) };
}
