/** Does the signer really do what the change says? Reloads are lazy: a probe that fails is tried again for some seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbePort } from './api.ts';
import type { Probe } from '../../shared/model.ts';
import { SignetError, type Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

function notProved(server: string, domain: string, why: string): Problem {
  return {
    code: 'probe-failed',
    message: `${server}: a test message of ${domain} did not come back as planned: ${why}`,
    hint: 'The change was taken back. See the signer’s log on the server.',
    severity: 'stop',
    server,
    domain,
  };
}

/** The domains that could not be proved, and why. Empty: all are. */
export async function prove(
  port: ProbePort,
  server: string,
  probes: readonly Probe[],
  patienceMs: number,
): Promise<ReadonlyMap<string, Problem>> {
  const until = performance.now() + patienceMs;
  const never = new AbortController().signal;
  let open = probes;
  for (let pause = Math.min(500, patienceMs / 4); ; pause *= 2) {
    const failing = new Map<string, Problem>();
    try {
      const results = new Map((await port.probe(server, open, never)).map(result => [result.domain, result]));
      for (const { domain } of open) {
        const result = results.get(domain);
        if (result?.ok !== true)
          failing.set(domain, result?.problem ?? notProved(server, domain, 'there was no answer'));
      }
    } catch (error) {
      const why = printable(error instanceof Error ? error.message : 'the signer could not be asked');
      const problem = error instanceof SignetError ? error.problem : null;
      for (const { domain } of open) failing.set(domain, problem ?? notProved(server, domain, why));
    }
    if (failing.size === 0 || performance.now() + pause > until) return failing;
    open = open.filter(({ domain }) => failing.has(domain));
    await sleep(pause);
  }
}
