/**
 * The text to paste where nobody but the admin can change DNS, as each provider or server wants it. Works in a browser.
 * Sources: RFC 1035, 5.1; Cloudflare "DNS record types" and "Import records"; Route 53 "Supported DNS record types" (TXTFormat);
 * pdnsutil(1); tinydns-data(8).
 */
import { assertNever } from '../assert.ts';
import type { TxtRRset } from '../model.ts';
import type { DnsDialect } from '../settings.ts';
import { formatTxt, isBelow, normalizeName, splitTxt } from './txt.ts';

/** Route 53 wants a TTL; it is what its console offers. */
const route53Ttl = 300;

/** Relative to the zone, `@` for its apex; absolute with a final dot where the zone is not known. */
function relative(name: string, zone: string | null): string {
  if (zone === null || !isBelow(name, zone)) return `${name}.`;
  return name === zone ? '@' : name.slice(0, -zone.length - 1);
}

/** The mail domain, where the zone is not known: what follows the last label that begins with an underscore. */
function likelyZone(name: string): string {
  const labels = name.split('.');
  const last = labels.findLastIndex(label => label.startsWith('_'));
  return labels.slice(last + 1).join('.');
}

function bind(rrset: TxtRRset, zone: string | null): string {
  const ttl = rrset.ttl === null ? '' : ` ${rrset.ttl}`;
  return rrset.values.map(value => `${relative(rrset.name, zone)}${ttl} IN TXT ${formatTxt(value)}`).join('\n');
}

/** The fields of its form. Content is quoted strings; the form takes the full name too. */
function cloudflare(rrset: TxtRRset, zone: string | null): string {
  const name = relative(rrset.name, zone).replace(/\.$/, '');
  const ttl = rrset.ttl === null ? 'Auto' : `${rrset.ttl}`;
  return rrset.values.map(value => `Type: TXT\nName: ${name}\nTTL: ${ttl}\nContent: ${formatTxt(value)}`).join('\n\n');
}

/** Like a master file, but what is not printable ASCII is octal. */
function quoteOctal(value: string): string {
  return splitTxt(value)
    .map(string => `"${string.replace(/["\\]/g, '\\$&').replace(/[^\u0020-\u007e]/g, octal)}"`)
    .join(' ');
}

function octal(byte: string): string {
  return `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`;
}

/** The fields of its form: one record set, one line for each value. The form adds the zone to the name. */
function route53(rrset: TxtRRset, zone: string | null): string {
  const name = relative(rrset.name, zone);
  const field = name === '@' ? '' : name.replace(/\.$/, '');
  const values = rrset.values.map(quoteOctal).join('\n');
  return `Record name: ${field}\nRecord type: TXT\nTTL (seconds): ${rrset.ttl ?? route53Ttl}\nValue:\n${values}`;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** pdnsutil takes names relative to the zone only. The serial does not grow by itself. */
function powerdns(rrset: TxtRRset, zone: string | null, action: 'publish' | 'remove'): string {
  const within = zone !== null && isBelow(rrset.name, zone) ? zone : likelyZone(rrset.name);
  const name = relative(rrset.name, within);
  const ttl = rrset.ttl === null ? '' : `${rrset.ttl} `;
  const change =
    action === 'publish'
      ? `pdnsutil replace-rrset ${within} ${name} TXT ${ttl}${rrset.values.map(value => shellQuote(formatTxt(value))).join(' ')}`
      : `pdnsutil delete-rrset ${within} ${name} TXT`;
  return `${change}\npdnsutil increase-serial ${within}\npdnsutil rectify-zone ${within}`;
}

/** Its `'` line splits long text by itself. Octal for the colon, the backslash, blanks and what is not printable. */
function tinydns(rrset: TxtRRset): string {
  const ttl = rrset.ttl === null ? '' : `:${rrset.ttl}`;
  return rrset.values
    .map(value => `'${rrset.name}:${value.replace(/[^\u0021-\u007e]|[:\\]/g, octal)}${ttl}`)
    .join('\n');
}

/**
 * The whole RRset, without a final newline. `zone`: absolute, or null where nobody could tell. `remove`: the lines or fields to look
 * for and delete (for PowerDNS, the command that does it; several values at the name all go).
 */
export function formatRecord(
  rrset: TxtRRset,
  zone: string | null,
  dialect: DnsDialect,
  action: 'publish' | 'remove' = 'publish',
): string {
  const absolute: TxtRRset = { ...rrset, name: normalizeName(rrset.name) };
  const apex = zone === null ? null : normalizeName(zone);
  switch (dialect) {
    case 'bind':
      return bind(absolute, apex);
    case 'cloudflare':
      return cloudflare(absolute, apex);
    case 'route53':
      return route53(absolute, apex);
    case 'powerdns':
      return powerdns(absolute, apex, action);
    case 'tinydns':
      return tinydns(absolute);
    default:
      return assertNever(dialect);
  }
}
