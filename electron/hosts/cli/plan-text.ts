/** A plan in words: changes in their order, each with what it waits for, what it does and what proves it. */
import type { PlanView, StepView } from '../../../shared/contract.ts';
import { assertNever } from '../../../shared/assert.ts';
import { formatTxt } from '../../../shared/dns/txt.ts';
import type { TxtRRset } from '../../../shared/model.ts';
import type { Problem } from '../../../shared/problem.ts';
import { scriptOf, shownCommand } from '../../../shared/shell.ts';
import { printable } from '../../../shared/text.ts';
import { problemText } from './output.ts';

export function planLines(plan: PlanView, diff: boolean): readonly string[] {
  const lines: string[] = [];
  const stopped = plan.problems.filter(problem => problem.severity === 'stop' && problem.overridable !== true).length;
  if (plan.changes.length === 0) {
    lines.push(stopped > 0 ? `${stopped} pending changes cannot be planned:` : nothingToDo(plan));
  }
  for (const change of plan.changes) {
    lines.push(`${change.id}  ${printable(change.reason)}`);
    for (const gate of change.gates) {
      const what = gate.expect === null ? 'is gone' : 'is served';
      lines.push(
        `  waits until ${gate.name} ${what} by every name server of ${gate.zone}${gate.external ? ' (DNS elsewhere)' : ''}`,
      );
    }
    for (const step of change.steps) lines.push(...stepLines(step, diff));
    for (const probe of change.probes) {
      lines.push(
        probe.unsigned === true
          ? `  proves that mail of ${probe.domain} is not signed`
          : `  proves that mail of ${probe.domain} is signed with ${probe.selectors.join(' and ')}`,
      );
    }
  }
  for (const manual of plan.manual) {
    const verb = manual.action === 'publish' ? 'publish' : 'remove';
    lines.push(`by hand (${manual.domain}): ${verb} ${rrsetText(manual.rrset)}`);
    lines.push(`  ${printable(manual.reason)}`);
  }
  for (const row of plan.later)
    lines.push(
      `later: ${row.domain ?? 'mail settings'} on ${row.server}: ${row.summary} (from ${row.notBefore ?? 'now'})`,
    );
  lines.push(...problemLines(plan.problems));
  if (plan.changes.length > 0) lines.push(`Plan ${plan.id}: ${plan.changes.length} changes.`);
  return lines;
}

function nothingToDo(plan: PlanView): string {
  return plan.manual.length > 0
    ? 'Nothing to do on the servers; DNS that is elsewhere waits for you.'
    : 'Nothing to do: servers and DNS are as wanted.';
}

/** One problem of many domains is said once, with their number. */
function problemLines(problems: readonly Problem[]): readonly string[] {
  return [...Map.groupBy(problems, problem => `${problem.severity} ${problem.code}`).values()].flatMap(group => {
    const [first] = group;
    if (first === undefined) return [];
    const more = group.length === 1 ? '' : ` (and ${group.length - 1} more of this kind)`;
    return [`${first.severity}: ${problemText(first)}${more}`, `        ${printable(first.hint, 2000)}`];
  });
}

function stepLines(step: StepView, diff: boolean): readonly string[] {
  switch (step.kind) {
    case 'file':
      if (diff && step.diff !== undefined) {
        // a file may hold anything: it is shown line by line, never raw
        return step.diff.split('\n').map(line => (line === '' ? '' : `    ${shown(line)}`));
      }
      return [`  ${step.after === null ? 'remove' : step.before === null ? 'create' : 'edit'} ${printable(step.path)}`];
    case 'directory':
      return [`  ${step.present ? 'make directory' : 'remove directory if empty'} ${printable(step.path)}`];
    case 'records':
      return [
        ...(step.before === null ? [] : [`  - ${rrsetText(step.before)}`]),
        ...(step.after === null ? [] : [`  + ${rrsetText(step.after)}`]),
        ...commandLines('  by', step.apply.argv, diff),
      ];
    case 'package':
      return [`  install package ${step.name}`];
    case 'command':
      return commandLines(`${step.phase}:`, step.argv, diff);
    default:
      return assertNever(step);
  }
}

/** A script is shown by its name, and whole with --diff. */
function commandLines(what: string, argv: readonly string[], whole: boolean): readonly string[] {
  const script = whole ? scriptOf(argv) : null;
  return [
    `  ${what} ${printable(shownCommand(argv), whole ? 2000 : 160)}`,
    ...(script?.split('\n').map(line => `    | ${shown(line)}`) ?? []),
  ];
}

/** A line that may hold anything, shown safely; tabs are what files are made of. */
function shown(line: string): string {
  return line
    .split('\t')
    .map(part => printable(part, 5000))
    .join('\t');
}

function rrsetText(rrset: TxtRRset): string {
  return rrset.values
    .map(value => `${rrset.name}. ${rrset.ttl ?? ''} TXT ${formatTxt(value)}`.replace('  ', ' '))
    .join(' | ');
}
