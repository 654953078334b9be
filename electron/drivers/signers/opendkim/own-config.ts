/** The configuration that Signet writes where there is none of an admin's, and how it is told from others. */
import { createHash } from 'node:crypto';
import type { FailingMail } from '../../../../shared/mail-settings.ts';
import type { ByteString } from '../../../../shared/text.ts';
import type { SettingsWish } from '../../api.ts';
import type { OpenDkimFacts } from './facts.ts';
import type { Model } from './model.ts';
import { tablePaths } from './tables.ts';

/** The file that the package brings. */
export const packagedConfig = '/etc/opendkim.conf';
/** Where dpkg itself puts the version of a package whose file an admin keeps (--force-confold). */
export const packageVersion = `${packagedConfig}.dpkg-dist`;

/** Its first words; the service script looks for them. */
export const ownMark = '# Written by Signet';

/** Out of Postfix's chroot a Unix socket is hard to reach, and needs groups; a port of the loopback interface needs nothing. */
export const ownEndpoint = { host: '127.0.0.1', port: 8891 } as const;

const actions: Readonly<Record<FailingMail, string>> = { discard: 'discard', reject: 'reject', tag: 'accept' };

export const modeOf = ({ sign, verify }: SettingsWish) => `${sign ? 's' : ''}${verify === null ? '' : 'v'}`;

interface Choice {
  readonly name: string;
  readonly value: string;
}

/**
 * What becomes of incoming mail (opendkim.conf(5), On-*). A signature that fails, or whose key is revoked or gone, is dealt
 * with; mail without one is accepted; where DNS does not answer, the sender tries again. A key in test mode (`t=y`) lets
 * everything pass, which OpenDKIM sees to.
 */
function verifyChoices(failing: FailingMail): readonly Choice[] {
  const action = actions[failing];
  return [
    { name: 'On-BadSignature', value: action },
    { name: 'On-KeyNotFound', value: action },
    { name: 'On-NoSignature', value: 'accept' },
    { name: 'On-DNSError', value: 'tempfail' },
    { name: 'On-InternalError', value: 'tempfail' },
  ];
}

/** `own`: networks whose mail is the server's own beside its loopback addresses. */
export function ownConfig(wish: SettingsWish, own: readonly string[]): ByteString {
  const choices: readonly Choice[] = [
    { name: 'Syslog', value: 'yes' },
    { name: 'SyslogSuccess', value: 'yes' },
    { name: 'UserID', value: 'opendkim' },
    { name: 'UMask', value: '007' },
    { name: 'Socket', value: `inet:${ownEndpoint.port}@${ownEndpoint.host}` },
    { name: 'PidFile', value: '/run/opendkim/opendkim.pid' },
    { name: 'TrustAnchorFile', value: '/usr/share/dns/root.key' },
    { name: 'Mode', value: modeOf(wish) },
    { name: 'Canonicalization', value: 'relaxed/simple' },
    { name: 'OversignHeaders', value: 'From' },
    { name: 'KeyTable', value: tablePaths.keys },
    { name: 'SigningTable', value: `refile:${tablePaths.signing}` },
    { name: 'ScreenPolicyScript', value: tablePaths.ownMail },
    ...(own.length === 0 ? [] : [{ name: 'InternalHosts', value: `csl:127.0.0.1,::1,${own.join(',')}` }]),
    ...(wish.verify === null ? [] : verifyChoices(wish.verify.failing)),
  ];
  const lines = choices.map(
    ({ name, value }) => `${name}${'\t'.repeat(Math.max(1, 3 - (name.length >> 3)))}${value}\n`,
  );
  return [
    `${ownMark} (mail settings). What came with the package is in ${packageVersion}.\n`,
    '# Domains are switched on one by one, in the tables. See opendkim.conf(5).\n',
    ...lines,
  ].join('');
}

/**
 * OpenDKIM verifies all that it does not sign, mail of the server's own users too: what an alias sends on, or a list that
 * changes what it was sent, would be rejected on its way out (opendkim-lua(3), screen script). A message without signatures
 * has no count of them, and a script that fails defers the message.
 */
const ownMail = `-- Mail of the server's own users and networks is not verified: its signatures are as if they were not there.
if odkim.internal_ip(ctx) == 1 or odkim.get_mtasymbol(ctx, "{auth_authen}") ~= nil then
  for n = 0, (odkim.get_sigcount(ctx) or 0) - 1 do
    odkim.sig_ignore(odkim.get_sighandle(ctx, n))
  end
end
`;

/** Files beside the configuration, as they begin. */
export const ownFiles: Readonly<Record<'keys' | 'signing' | 'ownMail', ByteString>> = {
  ownMail,
  keys: '# KeyTable: NAME DOMAIN:SELECTOR:FILE\n',
  signing: '# SigningTable: *@DOMAIN NAME\n',
};

/** As its first letter says it (dkimf_parsehandler of OpenDKIM 2.11). */
function effective(model: Model, name: string, usual: string): string {
  const value = model.get(name)?.value ?? model.get('On-Default')?.value ?? usual;
  const known = ['accept', 'discard', 'quarantine', 'reject', 'tempfail'];
  return known.find(action => action[0] === value[0]?.toLowerCase()) ?? usual;
}

const usualActions: Readonly<Record<string, string>> = { 'On-DNSError': 'tempfail', 'On-InternalError': 'tempfail' };

/** Choices that the configuration does not make yet. Deferring and accepting are both no loss: an admin's choice stays. */
export function missingChoices(model: Model, failing: FailingMail): readonly Choice[] {
  return verifyChoices(failing).filter(({ name, value }) => {
    const now = effective(model, name, usualActions[name] ?? 'accept');
    const isHarmless = name !== 'On-BadSignature' && name !== 'On-KeyNotFound' && ['accept', 'tempfail'].includes(now);
    return now !== value && !isHarmless;
  });
}

/** What becomes of mail whose signature fails. */
export function failingOf(model: Model): FailingMail {
  const now = effective(model, 'On-BadSignature', 'accept');
  return now === 'discard' || now === 'reject' ? now : 'tag';
}

/** Whose the configuration is: nobody's yet (as the package brought it), Signet's, or an admin's. */
export function ownerOf(facts: OpenDkimFacts): 'package' | 'signet' | 'admin' {
  const config = facts.configs[facts.configPath];
  if (config === undefined || config === null || facts.configPath !== packagedConfig) return 'admin';
  if (config.content.startsWith(ownMark)) return 'signet';
  const md5 = createHash('md5').update(Buffer.from(config.content, 'latin1')).digest('hex');
  return md5 === facts.packaged?.md5 ? 'package' : 'admin';
}
