/** The milter's configuration: lines NAME VALUE. Pure. */
import { failingMail, type FailingMail } from '../../../../shared/mail-settings.ts';
import type { ByteString } from '../../../../shared/text.ts';
import type { SettingsWish } from '../../api.ts';
import { endpoint, paths } from './places.ts';

export interface Config {
  readonly sign: boolean;
  readonly verify: boolean;
  readonly failing: FailingMail;
  readonly policies: boolean;
}

const setting = (name: string) => new RegExp(`^[ \\t]*${name}[ \\t]+(.*?)[ \\t\\r]*$`, 'im');

export function readConfig(content: ByteString): Config {
  const value = (name: string) => setting(name).exec(content)?.[1];
  return {
    sign: value('Sign') !== 'no',
    verify: value('Verify') === 'yes',
    failing: failingMail.find(word => word === value('Failing')) ?? 'tag',
    policies: value('Policies') !== 'none',
  };
}

const yesOrNo = (is: boolean) => (is ? 'yes' : 'no');

function choices(wish: SettingsWish): readonly (readonly [string, string])[] {
  return [
    ['Sign', yesOrNo(wish.sign)],
    ['Verify', yesOrNo(wish.verify !== null)],
    ...(wish.verify === null ? [] : [['Failing', wish.verify.failing] as const]),
  ];
}

/** `own`: networks whose mail is the server's own beside its loopback addresses. */
export function newConfig(wish: SettingsWish, own: readonly string[]): ByteString {
  const internal = [...new Set(['127.0.0.0/8', '::1/128', ...own])].join(' ');
  return [
    '# Written by Signet. Read again as soon as it changes; see docs/domainkeys.md of Signet.\n',
    ...choices(wish).map(([name, value]) => `${name} ${value}\n`),
    ...(wish.verify === null ? ['Failing reject\n'] : []),
    // a domain may pass DMARC by SPF alone, which the milter does not look at: its mail would be lost
    '# which policies of senders count: domainkeys adsp dmarc, or none; dmarc counts signatures only, not SPF\n',
    'Policies domainkeys adsp\n',
    '# whose mail is signed and not verified, beside that of users who log in\n',
    `Internal ${internal}\n`,
    `KeyTable ${paths.table}\n`,
    '# without systemd; with it: signet-domainkeys.socket\n',
    `Socket inet:${endpoint.port}@${endpoint.host}\n`,
  ].join('');
}

/** The same text with the settings of the wish: only lines whose value differs change. */
export function editedConfig(content: ByteString, wish: SettingsWish): ByteString {
  let text = content;
  for (const [name, value] of choices(wish)) {
    const found = setting(name).exec(text);
    if (found === null) text += `${text === '' || text.endsWith('\n') ? '' : '\n'}${name} ${value}\n`;
    else if (found[1] !== value) text = text.replace(setting(name), `${name} ${value}`);
  }
  return text;
}
