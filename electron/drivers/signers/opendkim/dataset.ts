/** What a value of the type "dataset" names (opendkim(8), DATA SETS; dkimf_db_open of 2.11). */

export type Dataset =
  | { readonly kind: 'file' | 'refile'; readonly path: string }
  | { readonly kind: 'list'; readonly items: readonly { readonly key: string; readonly value: string | null }[] }
  | { readonly kind: 'other'; readonly type: string };

/** Types that an installation may know; whichever it is, only text can be edited. */
const otherTypes = new Set([
  'db',
  'dsn',
  'ldap',
  'ldapi',
  'ldaps',
  'lua',
  'memcache',
  'erlang',
  'mdb',
  'socket',
  'repute',
  'redis',
]);

function readList(text: string): Dataset {
  const items = text
    .split(',')
    .filter(item => item !== '')
    .map(item => {
      const [key = '', ...value] = item.split('=');
      return { key: key.trim(), value: value.length === 0 ? null : value.join('=').trim() };
    });
  return { kind: 'list', items };
}

/** A type counts where its colon comes before the first comma; relative paths are left as they are. */
export function parseDataset(value: string): Dataset {
  const colon = value.indexOf(':');
  const comma = value.indexOf(',');
  if (colon < 0 || (comma >= 0 && comma < colon)) {
    if (value.endsWith('.db')) return { kind: 'other', type: 'db' };
    return value.startsWith('/') ? { kind: 'file', path: value } : readList(value);
  }
  const type = value.slice(0, colon).toLowerCase();
  const rest = value.slice(colon + 1);
  if (type === 'file' || type === 'refile') return { kind: type, path: rest };
  if (type === 'csl') return readList(rest);
  return { kind: 'other', type: otherTypes.has(type) ? type : 'unknown' };
}
