/** Gates and probes on real servers: DNS is asked, and the signer driven, through the SSH connection of the server concerned. */
import { keyName } from '../../shared/dkim/names.ts';
import type { Gate, Probe } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { refused, SignetError } from '../../shared/problem.ts';
import { signersOf } from '../planning/fleet.ts';
import type { Session } from '../transport/api.ts';
import type { GateResult, LookupTxt, ProbeResult } from '../verify/api.ts';
import { askServed } from '../verify/authoritative.ts';
import type { DnsClient } from '../verify/dns.ts';
import { createDnsClient } from '../verify/dns.ts';
import { checkGates } from '../verify/gates.ts';
import { probeDomains } from '../verify/probe.ts';
import type { Engine } from './engine.ts';
import { serverConfig } from './views.ts';

/** A session and a DNS client over it, for as long as `work` takes. */
async function withServer<T>(
  engine: Engine,
  name: string,
  signal: AbortSignal,
  work: (session: Session, dns: DnsClient) => Promise<T>,
): Promise<T> {
  const session = await engine.transport.open(serverConfig(engine, name), signal);
  const dns = createDnsClient((target, inner) => session.connect(target, inner));
  try {
    return await work(session, dns);
  } finally {
    dns.close();
    session.close();
  }
}

/** One look at each gate, from the server that it is asked through. */
export async function lookAtGates(
  engine: Engine,
  gates: readonly Gate[],
  signal: AbortSignal,
): Promise<readonly GateResult[]> {
  const results = await Promise.all(
    [...Map.groupBy(gates, gate => gate.via)].map(async ([via, group]): Promise<readonly GateResult[]> => {
      try {
        return await withServer(engine, via, signal, (_session, dns) =>
          checkGates(dns, engine.facts.get(via)?.resolvers ?? [], group),
        );
      } catch (error) {
        if (!(error instanceof SignetError)) throw error;
        const message = `${via} could not be asked: ${error.problem.message}`;
        return group.map(gate => ({ gate, passed: false, message, perServer: [] }));
      }
    }),
  );
  return results.flat();
}

/** Key records as the authoritative servers serve them: those of all probes of a call are asked for together. */
function servedKeys(dns: DnsClient, resolvers: readonly string[], probes: readonly Probe[]): LookupTxt {
  const names = probes.flatMap(({ domain, selectors }) => selectors.map(selector => keyName(selector, domain)));
  const together = askServed(dns, resolvers, names);
  return async name => {
    const { served } = names.includes(name) ? await together : await askServed(dns, resolvers, [name]);
    const answer = served.get(name);
    return answer?.state === 'agreed' ? answer.values : null;
  };
}

/** Drives one message for each probe through the signer of `server`, remembers what came of it, and rejects where it has none. */
export async function probeServer(
  engine: Engine,
  server: string,
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<readonly ProbeResult[]> {
  const facts = engine.facts.get(server);
  const endpoints = (facts === null ? [] : signersOf(facts)).flatMap(({ view }) => view.endpoint ?? []);
  if (facts === null || endpoints.length === 0) {
    throw refused(
      'probe-unavailable',
      `${server}: its signer has no socket that a probe could use.`,
      'Scan the server again, and give the signer a socket that its mail server can reach.',
      { server },
    );
  }
  const results = await withServer(engine, server, signal, (session, dns) =>
    probeDomains(session, endpoints, probes, servedKeys(dns, facts.resolvers, probes)),
  );
  remember(engine, server, results);
  return results;
}

function remember(engine: Engine, server: string, results: readonly ProbeResult[]): void {
  const at = engine.now().toISOString();
  engine.store.probes.put(
    results.map(result => {
      const verified = result.signatures.filter(
        signature => signature.verified && signature.domain.toLowerCase() === result.domain,
      );
      return {
        domain: result.domain,
        server,
        at,
        signed: verified.length > 0,
        selectors: verified.map(signature => signature.selector),
        problem: result.problem,
      };
    }),
  );
}

/** What a probe proves, as the executor wants it. */
export function problemOf(result: ProbeResult | undefined, probe: Probe, server: string): Problem | null {
  if (result === undefined) {
    return {
      code: 'probe-lost',
      message: `${probe.domain} on ${server}: the probe brought no result.`,
      hint: 'Try again.',
      severity: 'stop',
      domain: probe.domain,
      server,
    };
  }
  if (result.ok) return null;
  return (
    result.problem ?? {
      code: 'probe-failed',
      message: `${probe.domain} on ${server}: the signer did not do what was wanted.`,
      hint: 'See the log of the signer.',
      severity: 'stop',
      domain: probe.domain,
      server,
    }
  );
}
