/** The command line: names, exit codes and JSON are promises (docs/cli.md). */
import { Command, CommanderError } from 'commander';
import { version } from '../../../package.json' with { type: 'json' };
import { exitCodes, SignetError } from '../../../shared/problem.ts';
import { printable } from '../../../shared/text.ts';
import type { GlobalOptions, Streams } from './context.ts';
import { CommandContext } from './context.ts';
import { inspectionCommands } from './inspection.ts';
import { mailSettingsCommand } from './mail-settings.ts';
import { runCommands } from './runs.ts';
import { rotationCommand } from './rotation.ts';
import { serveCommand } from './serve.ts';
import { serverCommands } from './servers.ts';
import { signingCommands } from './signing.ts';

function nameOf(command: Command): string {
  const names: string[] = [];
  for (let current: Command | null = command; current !== null; current = current.parent) names.unshift(current.name());
  return names.join(' ');
}

/** Runs one command and gives its exit code; never rejects. */
export async function runCommandLine(argv: readonly string[], streams: Streams, signal: AbortSignal): Promise<number> {
  const context = new CommandContext(streams, signal);
  const program = new Command('signet')
    .description('Switch mail signing on and off for many servers at once.')
    .version(version)
    .option('--home <dir>', 'where Signet keeps its data (SIGNET_HOME)')
    .option('--json', 'one JSON document on standard output (apply: NDJSON)')
    .exitOverride()
    .configureOutput({
      writeOut: text => streams.stdout.write(text),
      writeErr: text => streams.stderr.write(printableLines(text)),
    })
    .hook('preAction', (_program, action) => {
      context.begin(action.optsWithGlobals<GlobalOptions>(), nameOf(action));
    });
  serverCommands(program, context);
  inspectionCommands(program, context);
  signingCommands(program, context);
  rotationCommand(program, context);
  mailSettingsCommand(program, context);
  runCommands(program, context);
  serveCommand(program, context);
  for (const command of descendants(program)) command.exitOverride();
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    return report(error, context);
  } finally {
    await context.close();
  }
  return context.exitCode;
}

function descendants(command: Command): readonly Command[] {
  return command.commands.flatMap(child => [child, ...descendants(child)]);
}

/** Arguments stand in commander's messages: they may hold anything. */
function printableLines(text: string): string {
  return text
    .split('\n')
    .map(line => printable(line, 2000))
    .join('\n');
}

function report(error: unknown, context: CommandContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  if (error instanceof SignetError) {
    context.output.problem(error.problem);
    return exitCodes[error.failure];
  }
  if (context.signal.aborted) {
    context.output.note('signet: stopped');
    return exitCodes.incomplete;
  }
  // a defect of ours: named by its type and place, without data that it may carry
  const place = error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? '') : '';
  context.output.problem({
    code: 'internal',
    message: `Signet itself is at fault: ${error instanceof Error ? printable(error.message) : 'unknown'} (${printable(place)})`,
    hint: 'Please report it with this line; signet runs shows whether something was under way.',
    severity: 'stop',
  });
  return exitCodes.failed;
}
