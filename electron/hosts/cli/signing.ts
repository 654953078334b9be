import { Option } from 'commander';
import type { Command } from 'commander';
import type { StageResult, Subject } from '../../../shared/contract.ts';
import type { AdspWish, DmarcWish, DomainRow, KeySpec, PolicyWish, Scheme } from '../../../shared/model.ts';
import { keySpecs } from '../../../shared/model.ts';
import { usage } from '../../../shared/problem.ts';
import type { CommandContext } from './context.ts';
import { problemText, table } from './output.ts';

interface SigningOptions {
  readonly all?: boolean;
  readonly server?: string;
  readonly key?: KeySpec;
  readonly selector?: string;
  readonly scheme?: Scheme;
  readonly policy: PolicyWish;
  readonly adsp: AdspWish;
  readonly dmarc: DmarcWish;
  readonly grace?: string;
}

/** "7d", "12h" or hours. */
export function hoursOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,4})([dh]?)$/.exec(text) ?? [];
  if (count === undefined) throw usage('grace-invalid', 'A time is like 12h or 7d.', 'Leave it out for the setting.');
  return Number(count) * (unit === 'd' ? 24 : 1);
}

export function signingCommands(program: Command, context: CommandContext): void {
  const signing = program.command('signing').description('switch signing on or off');
  for (const action of ['on', 'off'] as const) {
    const command = signing
      .command(action)
      .argument('[domain...]')
      .option('--all', 'every domain of the servers')
      .option('--server <name>', 'only on this server')
      .addOption(new Option('--policy <what>').choices(['keep', 'sign-all', 'none']).default('keep'))
      .addOption(new Option('--adsp <what>').choices(['keep', 'none', 'all', 'discardable']).default('keep'))
      .addOption(new Option('--dmarc <what>').choices(['keep', 'none', 'quarantine', 'reject']).default('keep'))
      .addOption(new Option('--scheme <scheme>').choices(['dkim', 'domainkeys', 'both']));
    if (action === 'on') {
      command
        .addOption(new Option('--key <key>', 'default: the setting').choices(keySpecs))
        .option('--selector <name>', 'default: made from the server and the month');
    } else {
      command.option('--grace <time>', 'how long the key stays served: 12h, 7d; default: the setting');
    }
    command.action(async (domains: string[], options: SigningOptions) => {
      const all = options.all === true;
      if (all === domains.length > 0) {
        throw usage('which-domains', 'Name domains, or --all.', `signet signing ${action} example.com`);
      }
      const graceHours = hoursOf(options.grace);
      const result = await context.call('signing.stage', {
        targets: all ? 'all' : domains.map(domain => ({ domain })),
        action,
        ...(options.scheme !== undefined && { scheme: options.scheme }),
        policy: options.policy,
        adsp: options.adsp,
        dmarc: options.dmarc,
        // what was named and cannot be done stops all of it
        strict: !all,
        ...(options.server === undefined ? {} : { server: options.server }),
        ...(options.key === undefined ? {} : { key: options.key }),
        ...(options.selector === undefined ? {} : { selector: options.selector }),
        ...(graceHours === undefined ? {} : { graceHours }),
      });
      reportStaging(context, result);
    });
  }

  program
    .command('domains')
    .description('every domain on every server')
    .option('--server <name>')
    .action(async (options: { readonly server?: string }) => {
      const rows = await context.call('domains.list', options.server === undefined ? {} : { server: options.server });
      context.output.result(rows, () => domainTable(rows));
    });
}

export function subjectName({ domain, server }: Subject): string {
  return domain === null ? `mail settings of ${server}` : `${domain} on ${server}`;
}

/** What was staged; refusals alone are a failure. */
export function reportStaging(context: CommandContext, result: StageResult): void {
  const done = result.staged.length + result.cancelled.length + result.unchanged.length;
  for (const { problem } of result.refused) context.output.problem(problem);
  if (result.refused.length > 0 && result.staged.length + result.cancelled.length === 0) context.fail('refused');
  context.output.result(result, () => [
    ...result.staged.map(row => `${subjectName(row)}: ${row.summary}`),
    ...result.cancelled.map(subject => `${subjectName(subject)}: what was staged is taken back`),
    ...result.unchanged.map(subject => `${subjectName(subject)}: ${subject.reason}`),
    ...(done === 0 && result.refused.length === 0
      ? ['Nothing to stage: no server has been scanned, or none hosts a domain.']
      : []),
    ...(result.staged.length > 0
      ? [
          `${result.staged.length} staged, ${result.keys} keys made. Nothing is sent to a server yet.`,
          'Read the plan with signet plan --diff, and apply it with signet apply.',
        ]
      : []),
  ]);
}

function domainTable(rows: readonly DomainRow[]): readonly string[] {
  if (rows.length === 0) return ['No domains yet. Scan your servers: signet scan'];
  return table(
    ['DOMAIN', 'SERVER', 'SIGNING', 'KEY', 'SELECTOR', 'DNS', 'PROBE', 'ZONE', 'PENDING', 'PROBLEMS'],
    rows.map(row => {
      const keys = row.keys.filter(key => key.inUse);
      const shown = keys.length > 0 ? keys : row.keys;
      return [
        row.domain,
        row.server,
        row.signing,
        shown.map(key => (key.algorithm === 'rsa' ? `RSA ${key.bits ?? '?'}` : key.algorithm)).join('+') || '-',
        shown.map(key => key.selector).join('+') || '-',
        shown.map(key => key.published).join('+') || '-',
        row.probe === null ? '-' : row.probe.signed ? 'signed' : 'not signed',
        row.zone.server === null ? 'external' : `${row.zone.kind} on ${row.zone.server}`,
        String(row.pending.length),
        row.problems.map(problem => problemText(problem)).join('; ') || '-',
      ];
    }),
  );
}
