/** What scenes on the light hosts of the lab share: Postfix, OpenDKIM and BIND with a static zone for each domain (test/lab/README.md). */
import { formatTxt } from '../../shared/dns/txt.ts';
import { shellQuote } from '../../shared/shell.ts';
import type { TxtLine } from './scene.ts';

/** The twenty domains of a host that `scale N 20` made. */
export function domainsOf(host: string): readonly string[] {
  return Array.from({ length: 20 }, (_, index) => `firma${String(index + 1).padStart(4, '0')}-${host}.example`);
}

export function zoneFile(zone: string): string {
  return `/etc/bind/zones/db.${zone}`;
}

/** Appends a line of a zone file and loads the zone: named reads a file again by its time, whatever its serial. */
export function pasteLine(zone: string, line: string): string {
  return `printf '%s\\n' ${shellQuote(line)} >> ${zoneFile(zone)}\ntouch ${zoneFile(zone)}\nrndc reload ${zone} > /dev/null`;
}

export function serveTxt(domains: readonly string[], records: readonly TxtLine[]): string {
  return records
    .map(({ name, value }) => {
      const zone = domains.find(domain => name.endsWith(`.${domain}`));
      if (zone === undefined) throw new Error(`${name} is in no zone of the host`);
      return pasteLine(zone, `${name}. 60 IN TXT ${formatTxt(value)}`);
    })
    .join('\n');
}
