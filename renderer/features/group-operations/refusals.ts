/** Domains that cannot be switched, gathered by what stands in the way, so that 400 domains of one server are one line. */
import type { Problem } from '../../../shared/problem.ts';
import type { StageResult } from '../../../shared/contract.ts';

export interface Refusal {
  readonly code: string;
  readonly server: string | null;
  readonly problem: Problem;
  readonly domains: readonly string[];
}

function withoutDomain({ domain: _domain, ...problem }: Problem, domain: string, server: string): Problem {
  const prefix = `${domain} on ${server}: `;
  const message = problem.message.startsWith(prefix)
    ? `${server}: ${problem.message.slice(prefix.length)}`
    : problem.message;
  return { ...problem, message, severity: 'warning' };
}

export function gatherRefusals(refused: StageResult['refused']): readonly Refusal[] {
  const groups = Map.groupBy(refused, ({ problem, server }) => `${problem.code}\n${problem.server ?? server ?? ''}`);
  return [...groups.values()].flatMap(group => {
    const first = group[0];
    if (!first) return [];
    return {
      code: first.problem.code,
      server: first.problem.server ?? first.server ?? null,
      // The domains are listed below it, and the other domains of the selection are not stopped by it.
      problem: withoutDomain(first.problem, first.domain ?? '', first.server ?? ''),
      domains: group.flatMap(({ domain }) => domain ?? []),
    };
  });
}

// Mended by another choice in the dialog itself.
const inDialog: ReadonlySet<string> = new Set([
  'selector-in-use',
  'key-unsupported',
  'scheme-unsupported',
  'name-too-long',
]);

// The server has nothing that signs its mail: allowing it sets that up.
const allowable: ReadonlySet<string> = new Set(['no-signer', 'signer-not-in-path']);

/** What one click can do about it. Everything about a server can at least be looked at there. */
export type Remedy = 'scan' | 'allow-signing' | 'open-server' | 'none';

export function remedyOf(refusal: Refusal): Remedy {
  if (refusal.server === null || inDialog.has(refusal.code)) return 'none';
  if (allowable.has(refusal.code)) return 'allow-signing';
  return /scan|facts|stale/.test(refusal.code) ? 'scan' : 'open-server';
}
