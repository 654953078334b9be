/** Facts of Postfix as the rest of the engine sees them, with what its linter found. */
import { posix } from 'node:path';
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import type { MtaView } from '../../api.ts';
import { info, warning } from '../../kit/problems.ts';
import { hostedDomains } from './domains.ts';
import type { InstanceFacts, PostfixFacts } from './facts.ts';
import { splitList } from './tokens.ts';
import { readMilters, type Milter, type SocketPlace } from './milters.ts';

/** Services through which users and programs of the host send. */
const submission = /^(?:\S*:)?(?:submissions?|smtps|587|465)$/;

interface MilterFindings {
  readonly milters: readonly Milter[];
  readonly problems: readonly Problem[];
}

function placeOf(instance: InstanceFacts, service: string): SocketPlace {
  return {
    queueDirectory: instance.parameters['queue_directory'] ?? '/var/spool/postfix',
    chroot: instance.chrooted.includes(service),
  };
}

/** "submission/inet/smtpd_milters" */
function splitOverride(name: string): { readonly service: string; readonly type: string; readonly parameter: string } {
  const [parameter = '', type = '', ...service] = name.split('/').toReversed();
  return { service: service.toReversed().join('/'), type, parameter };
}

function findMilters(instance: InstanceFacts): MilterFindings {
  const milters = new Map<string, Milter>();
  const problems: Problem[] = [];
  const files = {
    file: posix.join(instance.configDirectory, 'main.cf'),
    master: posix.join(instance.configDirectory, 'master.cf'),
  };
  const add = (value: string, service: string, source: string, file: string) => {
    const read = readMilters(value, placeOf(instance, service));
    for (const milter of read.milters) {
      const key = JSON.stringify(milter.endpoint);
      if (!milters.has(key)) milters.set(key, milter);
    }
    for (const word of read.unread) {
      const message = `${source} in ${file} names "${printable(word)}", which is not a milter`;
      problems.push(warning('milter-unreadable', message, 'Write inet:HOST:PORT or unix:PATH.', { file }));
    }
  };
  const smtpd = instance.parameters['smtpd_milters'] ?? '';
  const others = instance.parameters['non_smtpd_milters'] ?? '';
  add(smtpd, 'smtp/inet', 'smtpd_milters', files.file);
  add(others, 'cleanup/unix', 'non_smtpd_milters', files.file);
  for (const [name, value] of Object.entries(instance.overrides)) {
    const { service, type, parameter } = splitOverride(name);
    if (!submission.test(service) || parameter !== 'smtpd_milters') continue;
    add(value, `${service}/${type}`, `smtpd_milters of ${printable(service)}`, files.master);
    const own = readMilters(value, placeOf(instance, `${service}/${type}`)).milters;
    const usual = readMilters(smtpd, placeOf(instance, 'smtp/inet')).milters;
    const shared = own.some(one =>
      usual.some(other => JSON.stringify(one.endpoint) === JSON.stringify(other.endpoint)),
    );
    if (value !== '' && usual.length > 0 && !shared) {
      const message = `the service ${printable(service)} in ${files.master} has smtpd_milters of its own: mail submitted there passes none of those in ${files.file}`;
      const hint = `If the signer is to see it, add its socket to "-o smtpd_milters=" of ${printable(service)}.`;
      problems.push(info('milter-override', message, hint, { file: files.master }));
    }
    if (value === '' && smtpd !== '') {
      const message = `the service ${printable(service)} in ${files.master} unsets smtpd_milters: mail submitted there passes no signer`;
      problems.push(
        warning('milter-override', message, `Take "-o smtpd_milters=" out of ${printable(service)}.`, {
          file: files.master,
        }),
      );
    }
  }
  if (smtpd !== '' && others === '') {
    const message = `non_smtpd_milters in ${files.file} is empty: mail that programs of the host send by sendmail(1) is not signed`;
    problems.push(info('milter-local-mail', message, 'Set non_smtpd_milters = $smtpd_milters.', { file: files.file }));
  }
  if (milters.size > 0 && instance.parameters['milter_default_action'] === 'accept') {
    const message = `milter_default_action in ${files.file} is accept: while the signer is down, mail leaves unsigned`;
    problems.push(
      info('milter-default-accept', message, 'With tempfail such mail waits for the signer.', { file: files.file }),
    );
  }
  return { milters: [...milters.values()], problems };
}

/** Of mynetworks: addresses and networks but those of the loopback interface; lists and tables are not followed. */
function ownNetworks(facts: PostfixFacts): readonly string[] {
  return splitList(facts.instances[0]?.parameters['mynetworks'] ?? '')
    .map(word => word.replace(/^\[(.*)\]/, '$1').toLowerCase())
    .filter(word => /^[0-9a-f.:]+(?:\/\d{1,3})?$/.test(word) && !/^(?:127\.|::1(?:\/|$)|::ffff:127\.)/.test(word));
}

function jailOf({ instances: [first] }: PostfixFacts): MtaView['chroot'] {
  return first === undefined ? null : { ...placeOf(first, 'smtp/inet') };
}

export function viewPostfix(facts: PostfixFacts): MtaView {
  const domains = new Map<string, MtaView['domains'][number]>();
  const milters = new Map<string, Milter>();
  const notEnumerable: MtaView['notEnumerable'][number][] = [];
  const problems: Problem[] = [];
  for (const instance of facts.instances) {
    const hosted = hostedDomains(instance);
    for (const domain of hosted.domains) if (!domains.has(domain.domain)) domains.set(domain.domain, domain);
    notEnumerable.push(...hosted.notEnumerable);
    const found = findMilters(instance);
    for (const milter of found.milters) {
      const key = JSON.stringify(milter.endpoint);
      if (!milters.has(key)) milters.set(key, milter);
    }
    problems.push(...hosted.problems, ...found.problems);
  }
  return {
    name: 'Postfix',
    version: facts.instances[0]?.parameters['mail_version'] ?? null,
    domains: [...domains.values()],
    notEnumerable,
    own: ownNetworks(facts),
    chroot: jailOf(facts),
    milters: [...milters.values()],
    problems,
  };
}
