/** OpenDKIM with a KeyTable and a SigningTable of patterns, as on most servers. Other forms: test/lab/specs/opendkim-driver.test.ts. */
import { domainsOf, serveTxt } from '../light-host.ts';
import type { GivenKey, SignerScene } from '../scene.ts';

const host = 's1';
const domains = domainsOf(host);

function give({ domain, selector, pem }: GivenKey): string {
  const path = `/etc/opendkim/keys/by-hand-${selector}.private`;
  return `cat > ${path} <<'END'
${pem.trim()}
END
chown opendkim:opendkim ${path}
chmod 600 ${path}
printf 'byhand-%s\\t%s:%s:%s\\n' ${selector} ${domain} ${selector} ${path} >> /etc/opendkim/key.table
systemctl reload opendkim`;
}

export const scene: SignerScene = {
  kind: 'signer',
  driver: 'opendkim',
  host,
  scheme: 'dkim',
  domains,
  serve: records => serveTxt(domains, records),
  give,
  hostile: `cd /etc/opendkim
printf 'a\\033[2J %s:\\033[31msel:/etc/opendkim/keys/\\033]0;x\\007.private\\n' ${domains[0]} >> key.table
printf 'b %s:one:/etc/opendkim/keys/\\033[2J/%s/one.private\\n' ${domains[1]} ${domains[1]} >> key.table
printf 'c ex\\033ample.example:one:/etc/opendkim/keys/\\302\\233x.private\\n' >> key.table
printf '*@%s no\\033[2Jkey\\n*@\\342\\200\\256%s a\\033[2J\\n*@%s b\\n' ${domains[2]} ${domains[3]} ${domains[1]} >> signing.table
printf 'On-BadSignature\\tdis\\033[2Jcard\\nSoc\\033ket x\\nMode\\tsv\\033\\n' >> /etc/opendkim.conf`,
};
