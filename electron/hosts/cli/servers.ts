import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import { z } from 'zod';
import type { Input, ServerRow } from '../../../shared/contract.ts';
import { failed, usage } from '../../../shared/problem.ts';
import { printable } from '../../../shared/text.ts';
import type { CommandContext } from './context.ts';
import { problemText, table } from './output.ts';

const secretsSchema = z.strictObject({
  password: z.string().optional(),
  passphrase: z.string().optional(),
  sudoPassword: z.string().optional(),
});

interface AddOptions {
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly identity?: string;
  readonly agent?: boolean;
  readonly sudo: 'none' | 'nopasswd' | 'password';
  readonly jump?: string;
  readonly hostKey?: string;
  readonly knownHosts?: string;
  readonly trustOnFirstUse?: boolean;
  readonly secretsStdin?: boolean;
}

export function serverCommands(program: Command, context: CommandContext): void {
  const server = program.command('server').description('servers that Signet manages');

  server
    .command('add')
    .argument('<name>')
    .requiredOption('--host <host>', 'host name or IP address')
    .option('--port <port>', 'SSH port', '22')
    .requiredOption('--user <user>', 'log-in name')
    .option('--identity <file>', 'log in with this private key')
    .option('--agent', 'log in with the SSH agent')
    .addOption(
      new Option('--sudo <how>', 'how to become root').choices(['none', 'nopasswd', 'password']).default('none'),
    )
    .option('--jump <name>', 'go through this server')
    .option('--host-key <fingerprint>', 'the fingerprint of its host key: SHA256:...')
    .option('--known-hosts <file>', 'take its host key from this file')
    .option('--trust-on-first-use', 'accept the host key that it shows now')
    .option('--secrets-stdin', 'read {"password", "passphrase", "sudoPassword"} from standard input')
    .action(async (name: string, options: AddOptions) => {
      const row = await context.call('servers.add', {
        name,
        host: options.host,
        port: Number(options.port),
        user: options.user,
        login: loginOf(options),
        sudo: options.sudo,
        jump: options.jump ?? null,
        trust: trustOf(options),
        secrets: options.secretsStdin === true ? parseSecrets(await context.readJson()) : {},
      });
      context.output.result(row, () => [`${row.name}: added, log-in works (host key ${row.hostKey ?? 'none'})`]);
    });

  server
    .command('import')
    .description('from ssh_config')
    .argument('[pattern...]', 'hosts to import; default: all that are named in full')
    .option('--file <file>', 'default: ~/.ssh/config')
    .action(async (patterns: string[], options: { readonly file?: string }) => {
      const result = await context.call('servers.import', {
        patterns,
        ...(options.file === undefined ? {} : { file: options.file }),
      });
      context.output.result(result, () => [
        ...result.added.map(row => `${row.name}: added (${row.user}@${row.host}:${row.port})`),
        ...result.preview.servers
          .filter(row => row.skipped !== null)
          .map(row => `${row.name}: not added: ${printable(row.skipped ?? '')}`),
        ...result.preview.notImported.map(item => `not imported: ${printable(item.text)}: ${printable(item.reason)}`),
      ]);
    });

  server.command('list').action(async () => {
    const rows = await context.call('servers.list', {});
    context.output.result(rows, () => serverTable(rows));
  });

  server
    .command('remove')
    .argument('<name>')
    .action(async (name: string) => {
      const result = await context.call('servers.remove', { name });
      context.output.result({ name, ...result }, () => [
        `${name}: removed${result.dropped > 0 ? `, with ${result.dropped} pending changes` : ''}`,
      ]);
    });

  server
    .command('trust')
    .description('accept a new host key')
    .argument('<name>')
    .requiredOption('--host-key <fingerprint>', 'SHA256:...')
    .action(async (name: string, options: { readonly hostKey: string }) => {
      const row = await context.call('servers.trust', { name, fingerprint: options.hostKey });
      context.output.result(row, () => [`${name}: host key ${row.hostKey ?? ''} accepted`]);
    });

  server
    .command('secrets')
    .description('store log-in secrets: {"password", "passphrase", "sudoPassword"} on standard input')
    .argument('<name>')
    .action(async (name: string) => {
      const result = await context.call('servers.secrets', { name, secrets: parseSecrets(await context.readJson()) });
      context.output.result({ name, ...result }, () => [`${name}: stored ${result.stored.join(', ') || 'nothing'}`]);
    });

  server
    .command('domains')
    .description('give the domains of a server whose own list cannot be read')
    .argument('<name>')
    .argument('[domain...]')
    .option('--file <file>', 'one domain a line')
    .action(async (name: string, domains: string[], options: { readonly file?: string }) => {
      const row = await context.call('servers.giveDomains', {
        name,
        domains: [...domains, ...(options.file === undefined ? [] : await linesOf(options.file))],
      });
      context.output.result(row, () => [`${name}: ${row.givenDomains} domains given`]);
    });
}

function loginOf(options: AddOptions): Input<'servers.add'>['login'] {
  if (options.identity !== undefined && options.agent === true) {
    throw usage('login-twice', 'Give --identity or --agent, not both.', 'A key file, or the agent.');
  }
  if (options.identity !== undefined) return { method: 'key', identity: options.identity };
  return options.agent === true ? { method: 'agent' } : { method: 'password' };
}

function trustOf(options: AddOptions): Input<'servers.add'>['trust'] {
  const given = [options.hostKey, options.knownHosts, options.trustOnFirstUse].filter(value => value !== undefined);
  if (given.length !== 1) {
    throw usage(
      'host-key-needed',
      'Say how the host key is known: one of --host-key, --known-hosts, --trust-on-first-use.',
      'Read the fingerprint on the server itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
    );
  }
  if (options.hostKey !== undefined) return { by: 'fingerprint', fingerprint: options.hostKey };
  if (options.knownHosts !== undefined) return { by: 'known-hosts', file: options.knownHosts };
  return { by: 'first-use' };
}

function parseSecrets(document: unknown): Input<'servers.secrets'>['secrets'] {
  const parsed = secretsSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw usage(
    'secrets-invalid',
    'Standard input holds something else than "password", "passphrase" and "sudoPassword".',
    'Write {"password": "..."} to it.',
  );
}

async function linesOf(file: string): Promise<readonly string[]> {
  try {
    const text = await readFile(file, 'utf8');
    return text
      .split('\n')
      .map(line => line.replace(/#.*/, '').trim())
      .filter(line => line !== '');
  } catch (error) {
    throw failed(
      'file-unreadable',
      `${printable(file)} cannot be read.`,
      'Name a file with one domain a line.',
      { file },
      error,
    );
  }
}

function serverTable(rows: readonly ServerRow[]): readonly string[] {
  if (rows.length === 0) return ['No servers yet. Add one: signet server add NAME --host HOST --user USER ...'];
  return [
    ...table(
      ['SERVER', 'ADDRESS', 'MTA', 'SIGNER', 'DNS', 'DOMAINS', 'LAST SCAN'],
      rows.map(row => [
        row.name,
        `${row.user}@${row.host}:${row.port}`,
        row.mta ?? '-',
        row.signer ?? '-',
        row.dns ?? '-',
        String(row.domains),
        row.lastScan ?? 'never',
      ]),
    ),
    ...rows.flatMap(row => row.problems.map(problem => `${row.name}: ${problemText(problem)}`)),
  ];
}
