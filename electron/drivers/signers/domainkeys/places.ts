/** Where the milter's parts are on a server. All of them are Signet's. */
import { keyName } from '../../../../shared/dkim/names.ts';

/** The service, its user, and the group of that name. */
export const service = 'signet-domainkeys';

export const paths = {
  program: `/usr/local/sbin/${service}`,
  directory: `/etc/${service}`,
  config: `/etc/${service}/config`,
  table: `/etc/${service}/keytable`,
  keys: `/etc/${service}/keys`,
  unit: `/etc/systemd/system/${service}.service`,
  socket: `/etc/systemd/system/${service}.socket`,
  script: `/etc/init.d/${service}`,
} as const;

/** Out of Postfix's chroot a Unix socket is hard to reach, and needs groups; a port of the loopback interface needs nothing. */
export const endpoint = { host: '127.0.0.1', port: 8892 } as const;

/** A key's file is called as the name of its record, which says of a key that nothing signs with yet what it is for. */
export function keyPath(selector: string, domain: string): string {
  return `${paths.keys}/${keyName(selector, domain)}`;
}

export function keyNamed(path: string): { readonly selector: string; readonly domain: string } | null {
  if (!path.startsWith(`${paths.keys}/`)) return null;
  const [selector, domain, ...more] = path.slice(paths.keys.length + 1).split('._domainkey.');
  if (selector === undefined || selector === '' || domain === undefined || domain === '' || more.length > 0)
    return null;
  return { selector, domain };
}
