/** Postfix with a file of domains. Lists of other kinds: test/lab/specs/postfix-driver.test.ts. */
import { domainsOf } from '../light-host.ts';
import type { MtaScene } from '../scene.ts';

const host = 's1';
const domains = domainsOf(host);

export const scene: MtaScene = {
  kind: 'mta',
  driver: 'postfix',
  host,
  domains,
  few: `echo ${domains[0]} > /etc/postfix/virtual_domains`,
  hostile: `cd /etc/postfix
printf 'esc\\033[2J.example\\nbell\\007.example\\nc1\\302\\233.example\\nbidi\\342\\200\\256.example\\n<b>.example\\n../../etc.example\\nx.example;rm\\n' >> virtual_domains
printf 'map\\033[2J.example x\\n' > hostile
postconf -e "relay_domains = relay$(printf '\\033')[2J.example /etc/postfix/no$(printf '\\033')file texthash:/etc/postfix/hostile pcre:/etc/postfix/$(printf '\\033')p"
postconf -e "smtpd_milters = inet:localhost:8891 mil$(printf '\\033')ter"`,
};
