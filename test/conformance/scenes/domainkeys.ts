/** Signet's DomainKeys milter, set up as the driver itself plans it, with the MTA sending its mail through it alone. */
import { driver } from '../../../electron/drivers/signers/domainkeys.ts';
import { fromContent } from '../../../shared/text.ts';
import { shellQuote } from '../../../shared/shell.ts';
import type { Step } from '../../../shared/model.ts';
import { lab } from '../../tools/lab.ts';
import { givePackageSource } from '../../tools/package-source.ts';
import { domainsOf, serveTxt } from '../light-host.ts';
import type { GivenKey, SignerScene } from '../scene.ts';

const host = 's5';
const domains = domainsOf(host);
const directory = '/etc/signet-domainkeys';

/** A step as a shell would do it, for what a plan does is another test's. */
function asScript(step: Step): string {
  switch (step.kind) {
    case 'package':
      return `DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${step.name} >/dev/null 2>&1`;
    case 'directory':
      return `install -d -m ${step.mode.toString(8)} ${step.path}`;
    case 'file': {
      const content = step.after === null || 'secret' in step.after ? '' : fromContent(step.after);
      const text = Buffer.from(content, 'latin1').toString('base64');
      return `echo ${text} | base64 -d >${step.path}; chmod ${step.mode.toString(8)} ${step.path}`;
    }
    case 'command':
      return step.phase === 'activate' ? step.argv.map(shellQuote).join(' ') : ':';
    case 'records':
      return ':';
  }
}

async function setUp(): Promise<void> {
  await givePackageSource(host);
  const plan = driver.settings?.(
    null,
    { sign: true, verify: null },
    {
      server: host,
      host: {
        hostname: host,
        os: { id: 'debian', version: '12', name: 'Debian' },
        init: 'systemd',
        clock: { server: 0, laptop: 0 },
      },
      packages: 'apt',
      own: [],
      chroot: null,
    },
  );
  const steps = (plan?.steps ?? []).map(asScript);
  const wire = 'postconf -e smtpd_milters=inet:127.0.0.1:8892; postfix reload';
  const { code, stderr } = await lab.exec(host, ['sh', '-es'], [...steps, wire].join('\n'));
  if (code !== 0) throw new Error(`the milter was not set up: ${stderr}`);
}

function give({ domain, selector, pem }: GivenKey): string {
  const path = `${directory}/keys/${selector}._domainkey.${domain}`;
  return `cat > ${path} <<'END'
${pem.trim()}
END
chown signet-domainkeys:signet-domainkeys ${path}
chmod 600 ${path}`;
}

export const scene: SignerScene = {
  kind: 'signer',
  driver: 'domainkeys',
  host,
  scheme: 'domainkeys',
  domains,
  setUp,
  serve: records => serveTxt(domains, records),
  give,
  hostile: `cd ${directory}
printf '%s \\033[31msel ${directory}/keys/\\033]0;x\\007\\n' ${domains[0]} >> keytable
printf '%s one ${directory}/keys/\\033[2J/one\\n' ${domains[1]} >> keytable
printf 'ex\\033ample.example one /nowhere/\\302\\233x\\na\\033[2J b\\n' >> keytable
printf 'Fai\\033ling x\\nVerify\\tyes\\033\\n' >> config
touch "$(printf 'keys/x\\033[2J._domainkey.%s' ${domains[2]})"`,
};
