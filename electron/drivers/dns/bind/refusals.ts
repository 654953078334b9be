/** Refused edits, each with the record to paste: what cannot be edited safely is left to the admin, complete. */
import { formatTxt } from '../../../../shared/dns/txt.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable } from '../../../../shared/text.ts';
import type { DnsEdit } from '../../api.ts';
import { stop } from '../../kit/problems.ts';
import type { Reason } from '../../kit/zone/read.ts';

export interface Refused {
  readonly subject: string;
  readonly problem: Problem;
}

/** The records as lines of a zone file; what is to go where there are none. */
function toPaste({ name, before, after }: DnsEdit): string {
  const lines = (values: readonly string[], ttl: number | null): string =>
    values.map(value => `${name}. ${ttl === null ? '' : `${ttl} `}IN TXT ${formatTxt(value)}`).join('\n');
  if (after !== null && after.values.length > 0) return `Set this by hand:\n${lines(after.values, after.ttl)}`;
  return `Remove this by hand:\n${lines(before?.values ?? [], before?.ttl ?? null)}`;
}

/** The whole zone is refused: its own hint stays, the record follows. */
export function refusedByZone(edit: DnsEdit, refusal: Problem): Refused {
  return { subject: edit.name, problem: { ...refusal, hint: `${refusal.hint}\n${toPaste(edit)}` } };
}

export function refusedEdit(edit: DnsEdit, reason: Reason, file: string | null): Refused {
  const message = `${printable(edit.name)} was not edited: ${reason.message}`;
  return {
    subject: edit.name,
    problem: stop(reason.code, message, toPaste(edit), file === null ? {} : { file: printable(file) }),
  };
}
