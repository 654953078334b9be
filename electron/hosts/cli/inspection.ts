import { Option } from 'commander';
import type { Command } from 'commander';
import { dnsDialects } from '../../../shared/settings.ts';
import type { DnsDialect } from '../../../shared/settings.ts';
import { printable } from '../../../shared/text.ts';
import type { CommandContext } from './context.ts';
import { problemText, table } from './output.ts';

export function inspectionCommands(program: Command, context: CommandContext): void {
  program
    .command('scan')
    .description('read what is on the servers')
    .argument('[server...]')
    .action(async (servers: string[]) => {
      const results = await context.call('scan.run', servers.length === 0 ? {} : { servers });
      for (const problem of results.flatMap(result => result.warnings)) context.output.problem(problem);
      const bad = results.filter(result => !result.ok);
      for (const { problem } of bad) if (problem !== null) context.output.problem(problem);
      if (bad.length > 0) {
        const refusal = bad.every(result => result.failure === 'refused');
        context.fail(bad.length < results.length ? 'incomplete' : refusal ? 'refused' : 'failed');
      }
      context.output.result(results, () =>
        results.map(result =>
          result.ok
            ? `${result.server}: ${result.domains} domains, ${result.zones} zones, ${result.roundTrips} round trips, ${result.milliseconds} ms`
            : `${result.server}: not scanned`,
        ),
      );
    });

  program
    .command('verify')
    .description('prove it: the file, the daemon, DNS')
    .argument('[domain...]')
    .action(async (domains: string[]) => {
      const rows = await context.call('verify.run', { domains });
      if (rows.some(row => !row.ok)) context.fail('failed');
      const mark = (ok: boolean) => (ok ? 'yes' : 'NO');
      context.output.result(rows, () =>
        rows.length === 0
          ? ['No domain is signed yet.']
          : [
              ...table(
                ['DOMAIN', 'SERVER', 'FILE', 'DAEMON', 'DNS'],
                rows.map(row => [row.domain, row.server, mark(row.file), mark(row.probe), mark(row.dns)]),
              ),
              ...rows.flatMap(row => row.problems.map(problem => `${row.domain}: ${problemText(problem)}`)),
            ],
      );
    });

  program
    .command('records')
    .description('the records of a domain, ready to paste')
    .argument('<domain>')
    .addOption(new Option('--dialect <dialect>', 'default: the setting').choices(dnsDialects))
    .action(async (domain: string, options: { readonly dialect?: DnsDialect }) => {
      const records = await context.call('records.show', {
        domain,
        ...(options.dialect === undefined ? {} : { dialect: options.dialect }),
      });
      context.output.result(records, () =>
        records.length === 0
          ? [`${domain}: no records yet.`]
          : records.flatMap(record => record.text.split('\n').map(line => printable(line, 5000))),
      );
    });

  program
    .command('settings')
    .description('show the settings, or change one')
    .argument('[name]')
    .argument('[value]')
    .action(async (name?: string, value?: string) => {
      const settings =
        name === undefined || value === undefined
          ? await context.call('settings.get', {})
          : await context.call('settings.set', { [name]: /^\d+$/.test(value) ? Number(value) : value });
      context.output.result(settings, () =>
        Object.entries(settings)
          .filter(([key]) => name === undefined || key === name)
          .map(([key, current]) => `${key} ${String(current)}`),
      );
    });

  program
    .command('doctor')
    .description('what this laptop has, and what it lacks')
    .action(async () => {
      const checks = await context.call('doctor.run', {});
      if (checks.some(check => !check.ok)) context.fail('failed');
      context.output.result(checks, () =>
        checks.flatMap(check => [
          `${check.ok ? 'ok  ' : 'NO  '}${check.name}: ${printable(check.detail)}`,
          ...(check.hint === null ? [] : [`    ${printable(check.hint)}`]),
        ]),
      );
    });
}
