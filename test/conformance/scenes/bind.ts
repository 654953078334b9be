/**
 * BIND with static zones in three styles of writing, one that takes updates with a key, one that is frozen and one that is a
 * copy. Views, inline signing and what else a zone can be: test/lab/specs/bind-driver.test.ts.
 */
import { shellQuote } from '../../../shared/shell.ts';
import { domainsOf, pasteLine, zoneFile } from '../light-host.ts';
import type { DnsScene } from '../scene.ts';

const host = 's1';
const statics = domainsOf(host);
const dynamic = 'updated.example';
const frozen = 'frozen.example';
const secondary = 'copied.example';
const broken = statics[19] ?? '';

const dynamicFile = (zone: string) => `/var/lib/bind/db.${zone}`;

/** The key is made here: it is in no other file. The copy has no primary that answers: it is refused whether it is loaded or not. */
const setUp = `umask 027
tsig-keygen -a hmac-sha256 conformance > /etc/bind/conformance.key
chgrp bind /etc/bind/conformance.key
for zone in ${dynamic} ${frozen}; do
  printf '$TTL 300\\n@ IN SOA ns hostmaster 10 3600 900 604800 300\\n@ IN NS ns\\nns IN A 127.0.0.1\\n_dmarc IN TXT "v=DMARC1; p=none"\\n' > /var/lib/bind/db.$zone
  chown bind:bind /var/lib/bind/db.$zone
  printf 'zone "%s" { type primary; file "/var/lib/bind/db.%s"; allow-update { key conformance; }; };\\n' $zone $zone >> /etc/bind/named.conf.local
done
cat >> /etc/bind/named.conf.local <<'END'
include "/etc/bind/conformance.key";
zone "${secondary}" { type secondary; primaries { 127.0.0.2 port 5399; }; file "db.${secondary}"; };
END
rndc reconfig
for try in 1 2 3 4 5 6 7 8 9 10; do
  rndc zonestatus ${frozen} > /dev/null 2>&1 && break
  sleep 0.3
done
rndc freeze ${frozen}`;

function paste(zone: string, line: string): string {
  if (zone !== dynamic) return pasteLine(zone, line);
  return `printf 'server 127.0.0.1\\nzone %s\\nupdate add %s\\nsend\\n' ${zone} ${shellQuote(line)} | nsupdate -k /etc/bind/conformance.key`;
}

export const scene: DnsScene = {
  kind: 'dns',
  driver: 'bind',
  host,
  setUp,
  zones: [...statics, dynamic],
  few: `printf 'zone "%s" { type master; file "%s"; };\\n' ${statics[0]} ${zoneFile(statics[0] ?? '')} > /etc/bind/named.conf.customers
rndc reconfig
sleep 1`,
  hostile: `cd /etc/bind/zones
printf '\\033[2J\\tIN\\tA\\tnone\\033]0;x\\007\\n' >> db.${statics[3]}
printf '; DO NOT EDIT: written by \\033[31mpanel\\302\\233\\n' > head
cat head db.${statics[4]} > db.new
mv db.new db.${statics[4]}
printf 'a\\\\027[2J._domainkey.%s. 60 IN TXT "v=DKIM1"\\na\\\\027[2J._domainkey.%s. 60 IN TXT "\\033[2Jx"\\n' ${statics[5]} ${statics[5]} >> db.${statics[5]}
printf '$INCLUDE "no\\033[2Jfile"\\n' >> db.${statics[6]}
cp db.${statics[7]} "$(printf 'db\\033[2J')"
printf 'zone "hostile.example" { type primary; file "/etc/bind/zones/db\\033[2J"; };\\nzone "absent.example" { type primary; file "/etc/bind/zones/\\033no"; };\\n' >> /etc/bind/named.conf.local
printf 'zone "es\\\\027[2Jc.example" { type primary; file "/etc/bind/zones/db.%s"; };\\n' ${statics[8]} >> /etc/bind/named.conf.local
rndc reconfig || true
rndc reload > /dev/null || true
sleep 1`,
  refused: { [frozen]: 'zone-frozen', [secondary]: 'zone-secondary' },
  broken: { zone: broken, script: `printf 'broken\\tIN\\tA\\tnone\\n' >> ${zoneFile(broken)}` },
  source: zone =>
    zone === dynamic
      ? `dig +noall +answer +onesoa AXFR ${zone} @127.0.0.1 | sort`
      : `cat ${zone === frozen ? dynamicFile(zone) : zoneFile(zone)}`,
  paste,
};
