/** How an edit is refused. */
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { stop } from '../../kit/problems.ts';
import type { Draft } from './draft.ts';
import type { Entry } from './table.ts';

export function refuse(
  draft: Draft,
  domain: string,
  code: string,
  message: string,
  hint: string,
  file?: string,
): Problem {
  return stop(code, message, hint, { server: draft.facts.server, domain, ...(file === undefined ? {} : { file }) });
}

export function signingFile(draft: Draft): string {
  const source = draft.model.signingTable;
  return source !== null && 'path' in source ? source.path : draft.facts.configPath;
}

/** Where an entry of the SigningTable stands, for a message. */
export function at(draft: Draft, entry: Entry): string {
  return `${printable(signingFile(draft))}:${entry.line ?? '?'} ("${printable(entry.key)}")`;
}

export function algorithmProblem(draft: Draft, domain: string, selector: string, algorithm: string): Problem | null {
  if (algorithm === draft.model.algorithm) return null;
  const message = `${selector} of ${domain} is an ${algorithm} key, but OpenDKIM on ${draft.facts.server} signs with ${draft.model.algorithm} only: one algorithm for the whole daemon`;
  return refuse(draft, domain, 'algorithm-not-possible', message, `Use an ${draft.model.algorithm} key.`);
}
