import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { EngineEvent, LeftOver, PlanView, Result } from '../../../shared/contract.ts';
import { failed, SignetError, usage } from '../../../shared/problem.ts';
import type { Failure } from '../../../shared/problem.ts';
import type { RunDone, RunEvent, RunOutcome, RunRecord } from '../../../shared/run.ts';
import { printable } from '../../../shared/text.ts';
import type { CommandContext } from './context.ts';
import { problemText, table } from './output.ts';
import { planLines } from './plan-text.ts';
import { hoursOf, subjectName } from './signing.ts';

const failures: Readonly<Record<RunOutcome, Failure | null>> = {
  applied: null,
  incomplete: 'incomplete',
  failed: 'failed',
  refused: 'refused',
};

export function runCommands(program: Command, context: CommandContext): void {
  const pending = program.command('pending').description('changes that are staged and not applied');
  pending.command('list', { isDefault: true }).action(async () => {
    const rows = await context.call('pending.list', {});
    context.output.result(rows, () =>
      rows.length === 0
        ? ['Nothing is pending.']
        : table(
            ['ID', 'DOMAIN', 'SERVER', 'WHAT', 'FROM'],
            rows.map(row => [row.id, row.domain ?? '(mail settings)', row.server, row.summary, row.notBefore ?? 'now']),
          ),
    );
  });
  pending
    .command('drop')
    .argument('[id...]')
    .option('--all')
    .action(async (ids: string[], options: { readonly all?: boolean }) => {
      if ((options.all === true) === ids.length > 0)
        throw usage('which-changes', 'Name ids, or --all.', 'See signet pending.');
      const result = await context.call('pending.drop', { ids: options.all === true ? 'all' : ids });
      context.output.result(result, () => [`${result.dropped} dropped`]);
    });
  pending
    .command('export')
    .description('into a file for another laptop; private keys only with a passphrase')
    .argument('<file>')
    .option('--passphrase-stdin', 'read {"passphrase"} from standard input, and seal the private keys under it')
    .action(async (file: string, options: { readonly passphraseStdin?: boolean }) => {
      const passphrase = options.passphraseStdin === true ? await readPassphrase(context) : undefined;
      const result = await context.call('pending.export', passphrase === undefined ? {} : { passphrase });
      await writeFile(file, result.text, { mode: 0o600 });
      context.output.result({ file, changes: result.changes, keysIncluded: result.keysIncluded }, () => [
        `${result.changes} pending changes in ${file}${result.keysIncluded ? ', private keys sealed under the passphrase' : ', no private keys'}`,
      ]);
    });
  pending
    .command('import')
    .argument('<file>')
    .option('--passphrase-stdin', 'read {"passphrase"} from standard input')
    .action(async (file: string, options: { readonly passphraseStdin?: boolean }) => {
      const passphrase = options.passphraseStdin === true ? await readPassphrase(context) : undefined;
      const text = await readFile(file, 'utf8').catch((error: unknown) => {
        throw failed(
          'file-unreadable',
          `${printable(file)} cannot be read.`,
          'Name a file made by signet pending export.',
          {},
          error,
        );
      });
      const result = await context.call('pending.import', {
        text,
        ...(passphrase === undefined ? {} : { passphrase }),
      });
      for (const { problem } of result.refused) context.output.problem(problem);
      if (result.refused.length > 0) context.fail(result.imported.length === 0 ? 'refused' : 'incomplete');
      context.output.result(result, () => [`${result.imported.length} imported, ${result.newKeys} keys made anew`]);
    });

  program
    .command('plan')
    .description('what applying the pending changes would do, without a connection')
    .option('--diff', 'with unified diffs and whole commands')
    .option('--server <name...>', 'only changes of these servers')
    .action(async (options: { readonly diff?: boolean; readonly server?: string[] }) => {
      const plan = await context.call('plan.compute', {
        diffs: options.diff === true,
        ...(options.server === undefined ? {} : { servers: options.server }),
      });
      context.output.result(plan, () => planLines(plan, options.diff === true));
    });

  program
    .command('apply')
    .description('apply the plan')
    .option('--yes', 'do not ask')
    .option('--server <name...>', 'only changes of these servers')
    .option('--acknowledge <code...>', 'go on in spite of these problems')
    .option('--plan <id>', 'only if the plan is still this one')
    .action(
      async (options: {
        readonly yes?: boolean;
        readonly server?: string[];
        readonly acknowledge?: string[];
        readonly plan?: string;
      }) => {
        const servers = options.server === undefined ? {} : { servers: options.server };
        const plan = await context.call('plan.compute', servers);
        if (options.yes !== true && plan.changes.length > 0) await confirm(context, plan);
        await follow(
          context,
          record =>
            context.call('apply.run', {
              ...servers,
              plan: options.plan ?? plan.id,
              acknowledge: record,
            }),
          options.acknowledge ?? [],
        );
      },
    );

  program.command('runs').action(async () => {
    const rows = await context.call('runs.list', {});
    context.output.result(rows, () =>
      rows.length === 0
        ? ['No runs yet.']
        : table(
            ['ID', 'STARTED', 'OUTCOME', 'SERVERS', 'DOMAINS', 'CHANGES'],
            rows.map(row => [
              row.id,
              row.startedAt,
              row.outcome,
              row.servers.join(','),
              String(row.domains),
              `${row.applied}/${row.changes}`,
            ]),
          ),
    );
  });

  const run = program.command('run').description('one run');
  run
    .command('show')
    .argument('<id>')
    .action(async (id: string) => {
      const record = await context.call('runs.show', { id });
      context.output.result(record, () => runLines(record));
    });
  run
    .command('resume')
    .description('find out how it ended, and carry out what is left')
    .argument('<id>')
    .action(async (id: string) => {
      await follow(context, () => context.call('runs.resume', { id }), []);
    });
  run
    .command('undo')
    .description('stage what takes the run back; then: signet plan, signet apply')
    .argument('<id>')
    .option('--grace <time>', 'how long the keys stay served for mail under way: 12h, 7d; default: not at all')
    .action(async (id: string, options: { readonly grace?: string }) => {
      const graceHours = hoursOf(options.grace);
      const result = await context.call('runs.undo', { id, ...(graceHours === undefined ? {} : { graceHours }) });
      for (const { problem } of result.refused) context.output.problem(problem);
      if (result.refused.length > 0) context.fail(result.staged.length === 0 ? 'refused' : 'incomplete');
      context.output.result(result, () => [
        ...result.staged.map(row => `${subjectName(row)}: ${row.summary}`),
        `${result.staged.length} staged. Read the plan with signet plan --diff, and apply it with signet apply.`,
      ]);
    });
}

async function readPassphrase(context: CommandContext): Promise<string> {
  const document = await context.readJson();
  const passphrase = (document as { readonly passphrase?: unknown } | null)?.passphrase;
  if (typeof passphrase === 'string' && passphrase !== '') return passphrase;
  throw usage('secrets-invalid', 'Standard input holds no "passphrase".', 'Write {"passphrase": "..."} to it.');
}

async function confirm(context: CommandContext, plan: PlanView): Promise<void> {
  const { stdin, stderr } = context.streams;
  for (const line of planLines(plan, false)) context.output.note(line);
  if (stdin.isTTY !== true) {
    throw usage(
      'confirmation-needed',
      'Nobody can be asked here.',
      'Read the plan (signet plan --diff), then signet apply --yes.',
    );
  }
  const prompt = createInterface({ input: stdin, output: stderr });
  try {
    const servers = new Set(plan.changes.map(change => change.server)).size;
    const answer = await prompt.question(`Apply ${plan.changes.length} changes to ${servers} servers? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim()))
      throw usage('not-confirmed', 'Nothing was applied.', 'The changes stay pending.');
  } finally {
    prompt.close();
  }
}

/** Prints the events of a run as they come, and ends with its outcome. */
async function follow(
  context: CommandContext,
  start: (acknowledge: string[]) => Promise<RunRecord>,
  acknowledge: string[],
): Promise<void> {
  await context.subscribe((event: EngineEvent) => {
    if (event.type !== 'run') return;
    context.output.event(event.event);
    if (!context.output.json) {
      const line = eventLine(event.event);
      if (line !== null) context.output.note(line);
    }
  });
  let record: RunRecord;
  try {
    record = await start(acknowledge);
  } catch (error) {
    // whoever reads NDJSON finds the end of it there too
    if (context.output.json && error instanceof SignetError) context.output.event(refusal(error));
    throw error;
  }
  if (record.outcome !== 'running' && record.outcome !== 'interrupted') {
    const failure = failures[record.outcome];
    if (failure !== null) context.fail(failure);
  }
  if (context.output.json) return;
  for (const problem of record.problems) context.output.problem(problem);
  const left = record.changes.length === 0 ? [] : (await context.call('runs.show', { id: record.id })).left;
  context.output.result(record, () => [...leftLines(left, record.id), summaryLine(record, left)]);
}

function leftLines(left: readonly LeftOver[], run: string): readonly string[] {
  const lines = left.flatMap(({ domain, server, state, message, hint }) => [
    `${domain} on ${server}: ${state}: ${printable(message, 1000)}`,
    `        ${printable(hint)}`,
  ]);
  return left.length === 0
    ? []
    : [...lines, `Records to publish: signet records DOMAIN. To go on: signet run resume ${run}`];
}

function refusal({ failure }: SignetError): Omit<RunDone, 'run' | 'at'> & { readonly run: null } {
  return {
    type: 'done',
    run: null,
    outcome: failure === 'refused' ? 'refused' : 'failed',
    changes: { applied: 0, rolledBack: 0, waiting: 0, skipped: 0 },
  };
}

function summaryLine({ id, outcome, plan }: RunRecord, left: readonly LeftOver[]): string {
  if (plan.changes.length === 0) return 'Nothing to do.';
  const all = plan.effects.length;
  return `Run ${id}: ${outcome}, ${all - left.length} of ${all} pending changes carried out.`;
}

function eventLine(event: RunEvent): string | null {
  switch (event.type) {
    case 'run':
      return `run ${event.run}: ${event.changes} changes on ${event.servers.join(', ')}`;
    case 'change':
      return `${event.change}: ${event.state}${event.message === undefined ? '' : `: ${printable(event.message, 1000)}`}`;
    case 'gate':
      return event.state === 'passed' ? null : `  ${printable(event.message, 1000)}`;
    case 'problem':
      return `  ${problemText(event.problem)}`;
    case 'step':
    case 'done':
      return null;
  }
}

function runLines(record: Result<'runs.show'>): readonly string[] {
  return [
    `Run ${record.id}: ${record.outcome}, started ${record.startedAt}${record.finishedAt === null ? '' : `, ended ${record.finishedAt}`}`,
    ...table(
      ['CHANGE', 'STATE', 'DOMAINS', 'PROBLEM'],
      record.changes.map(change => [
        change.id,
        change.state,
        String(change.domains.length),
        change.problem === null ? '-' : problemText(change.problem),
      ]),
    ),
    ...leftLines(record.left, record.id),
    ...record.problems.map(problem => `${problemText(problem)}: ${printable(problem.hint)}`),
  ];
}
