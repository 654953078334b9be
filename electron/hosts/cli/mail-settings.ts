/** signet mail-settings: what a server as a whole does with mail, shown or staged. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { FailingMail, MailSettings } from '../../../shared/mail-settings.ts';
import { failingMail } from '../../../shared/mail-settings.ts';
import type { Scheme } from '../../../shared/model.ts';
import { refused, usage } from '../../../shared/problem.ts';
import type { CommandContext } from './context.ts';
import { hoursOf, reportStaging } from './signing.ts';

interface Options {
  readonly allowSigning?: 'on' | 'off';
  readonly verifyIncoming?: 'on' | 'off';
  readonly failing?: FailingMail;
  readonly scheme: Scheme;
  readonly policies?: 'on' | 'off';
  readonly grace?: string;
}

const onOff = ['on', 'off'];

export function mailSettingsCommand(program: Command, context: CommandContext): void {
  program
    .command('mail-settings')
    .description('what a server does with mail: shown, or staged to be changed')
    .argument('<server>')
    .addOption(new Option('--allow-signing <how>', 'let domains be switched on; off ends their signing').choices(onOff))
    .addOption(
      new Option('--scheme <scheme>', 'what signing is allowed with')
        .choices(['dkim', 'domainkeys', 'both'])
        .default('dkim'),
    )
    .addOption(new Option('--verify-incoming <how>', 'check mail that comes in').choices(onOff))
    .addOption(new Option('--failing <what>', 'what becomes of mail that fails').choices(failingMail))
    .addOption(new Option('--policies <how>', "count the senders' policies, or signatures alone").choices(onOff))
    .option('--grace <time>', 'how long keys stay served when signing ends: 12h, 7d; default: the setting')
    .action(async (server: string, options: Options) => {
      const { allowSigning, verifyIncoming, failing, scheme, policies } = options;
      const graceHours = hoursOf(options.grace);
      if (graceHours !== undefined && allowSigning !== 'off') {
        throw usage('grace-without-off', '--grace is for --allow-signing off.', 'Leave it out.');
      }
      if ([allowSigning, verifyIncoming, failing, policies].every(option => option === undefined)) {
        await show(context, server);
        return;
      }
      const result = await context.call('mailSettings.stage', {
        server,
        scheme,
        ...(allowSigning === undefined ? {} : { allowSigning }),
        ...(verifyIncoming === undefined ? {} : { verifyIncoming }),
        ...(failing === undefined ? {} : { failing }),
        ...(policies === undefined ? {} : { policies: policies === 'on' }),
        ...(graceHours === undefined ? {} : { graceHours }),
      });
      reportStaging(context, result);
    });
}

async function show(context: CommandContext, name: string): Promise<void> {
  const row = (await context.call('servers.list', {})).find(server => server.name === name);
  if (row === undefined) throw refused('unknown-server', `There is no server ${name}.`, 'See signet server list.');
  context.output.result(row.mailSettings, () => settingsLines(row.mailSettings));
}

const fate: Readonly<Record<FailingMail, string>> = {
  discard: 'discarded',
  reject: 'rejected',
  tag: 'delivered with a note in its header',
};

function settingsLines(settings: MailSettings | null): readonly string[] {
  if (settings === null) return ['It has no mail server that Signet knows, or was not scanned yet.'];
  const { signing, verifying } = settings;
  const names = { dkim: 'DKIM', domainkeys: 'DomainKeys' };
  const allowed = signing.map(scheme => names[scheme]).join(' and ');
  return [
    `Allow signing outgoing mail: ${allowed === '' ? 'off' : `on (${allowed})`}`,
    verifying === null
      ? 'Verify incoming mail:        off'
      : `Verify incoming mail:        on (${verifying.policies ? "signatures and senders' policies" : 'signatures'}); what fails is ${fate[verifying.failing]}`,
  ];
}
