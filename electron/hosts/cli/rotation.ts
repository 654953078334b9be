import { Option } from 'commander';
import type { Command } from 'commander';
import type { Input } from '../../../shared/contract.ts';
import type { KeySpec } from '../../../shared/model.ts';
import { keySpecs } from '../../../shared/model.ts';
import { usage } from '../../../shared/problem.ts';
import type { CommandContext } from './context.ts';
import { hoursOf, reportStaging } from './signing.ts';

interface RotationOptions {
  readonly all?: boolean;
  readonly server?: string;
  readonly key?: KeySpec;
  readonly grace?: string;
  readonly compromised?: string;
}

export function rotationCommand(program: Command, context: CommandContext): void {
  program
    .command('rotate')
    .description('new keys for signed domains; the old ones stay served for mail under way')
    .argument('[domain...]')
    .option('--all', 'every signed domain of the servers')
    .option('--server <name>', 'only on this server')
    .addOption(new Option('--key <key>', 'default: what each key is that is replaced').choices(keySpecs))
    .option('--grace <time>', 'how long replaced keys stay served: 12h, 7d; default: the setting')
    .option(
      '--compromised <key>',
      'a fingerprint, or SELECTOR._domainkey.DOMAIN: replace this key everywhere, and revoke its records at once',
    )
    .action(async (domains: string[], options: RotationOptions) => {
      reportStaging(context, await context.call('rotate.stage', wishOf(domains, options)));
    });
}

function wishOf(domains: readonly string[], options: RotationOptions): Input<'rotate.stage'> {
  const key = options.key === undefined ? {} : { key: options.key };
  if (options.compromised !== undefined) {
    if (domains.length > 0 || options.server !== undefined || options.grace !== undefined) {
      throw usage(
        'compromised-everywhere',
        'A compromised key goes from every server and zone at once.',
        'Name neither domains nor a server, and no grace time.',
      );
    }
    return { targets: 'all', compromised: options.compromised, ...key };
  }
  const all = options.all === true;
  if (all === domains.length > 0) {
    throw usage('which-domains', 'Name domains, or --all.', 'signet rotate example.com');
  }
  const graceHours = hoursOf(options.grace);
  return {
    targets: all ? 'all' : domains.map(domain => ({ domain })),
    // what was named and cannot be done stops all of it
    strict: !all,
    ...key,
    ...(options.server === undefined ? {} : { server: options.server }),
    ...(graceHours === undefined ? {} : { graceHours }),
  };
}
