/** Reading servers: the host's own facts, and what DNS serves for its domains. */
import type { ScanResult } from '../../shared/contract.ts';
import { adspName, dmarcName, keyName, policyName } from '../../shared/dkim/names.ts';
import type { ServerConfig } from '../../shared/model.ts';
import { failed, SignetError } from '../../shared/problem.ts';
import type { ServerFacts } from '../drivers/api.ts';
import { createHostReader } from '../drivers/kit/host-reader.ts';
import type { HostScan } from '../drivers/scan-host.ts';
import { scanHost } from '../drivers/scan-host.ts';
import { domainsOf } from '../planning/fleet.ts';
import type { Session } from '../transport/api.ts';
import type { Served } from '../verify/api.ts';
import { askServed } from '../verify/authoritative.ts';
import { createDnsClient } from '../verify/dns.ts';
import type { Engine, Handlers } from './engine.ts';
import { serverConfig } from './views.ts';

/** Names of key records that are waited for, whether or not a signer knows the key: those of compromised keys. */
function awaitedNames(engine: Engine, server: string): readonly string[] {
  return engine.store.pending
    .list()
    .flatMap(({ domain, server: of, intent }) =>
      of === server && intent.kind === 'rotate' && domain !== null
        ? intent.compromised.map(key => keyName(key.selector, domain))
        : [],
    );
}

/** Every name whose TXT says something about the signing of the server's domains. */
function namesOf(scan: HostScan, domains: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const domain of domains) {
    names.add(policyName(domain));
    names.add(adspName(domain));
    names.add(dmarcName(domain));
  }
  for (const signer of scan.signers) {
    for (const key of signer.view.keys) names.add(keyName(key.selector, key.domain));
  }
  return [...names];
}

const unknown: Served = { state: 'unknown', reason: '', perServer: [] };

function valuesOf(served: Served): readonly string[] | null {
  return served.state === 'agreed' ? (served.values ?? []) : null;
}

/** Facts of one server, fresh. Round trips are constant in the number of its domains; DNS is asked in a constant number of waves. */
async function readServer(engine: Engine, server: ServerConfig, session: Session): Promise<ServerFacts> {
  const scan = await scanHost(await createHostReader(session), engine.drivers);
  const domains = domainsOf({ ...scan, served: {}, delegations: {}, scannedAt: '' }, server);
  const client = createDnsClient((target, signal) => session.connect(target, signal));
  try {
    const names =
      scan.mta === null ? [] : [...new Set([...namesOf(scan, domains), ...awaitedNames(engine, server.name)])];
    const { served, delegations } = await askServed(client, scan.resolvers, [...names, ...domains]);
    const ofDomain = (domain: string) => {
      const delegation = delegations.get(domain) ?? null;
      return delegation === null
        ? null
        : { zone: delegation.zone, servers: delegation.servers.map(({ address }) => address) };
    };
    return {
      ...scan,
      scannedAt: engine.now().toISOString(),
      served: {
        ...Object.fromEntries(names.map(name => [name, valuesOf(served.get(name) ?? unknown)])),
        ...Object.fromEntries(
          domains.flatMap(domain => {
            const values = valuesOf(served.get(domain) ?? unknown);
            // of all that a domain says of itself, only who may send for it
            return values === null ? [] : [[domain, values.filter(value => /^v=spf1(?: |$)/i.test(value))]];
          }),
        ),
      },
      delegations: Object.fromEntries(domains.map(domain => [domain, ofDomain(domain)])),
    };
  } finally {
    client.close();
  }
}

/** Scans one server and stores its facts. Never rejects but for a cancelled call: what went wrong is in the result. */
export async function scanServer(engine: Engine, server: ServerConfig, signal: AbortSignal): Promise<ScanResult> {
  const started = performance.now();
  engine.emit({ type: 'scan', server: server.name, state: 'started', message: `Reading ${server.name}` });
  let roundTrips = 0;
  let counts = { domains: 0, zones: 0 };
  let problem: ScanResult['problem'] = null;
  let failure: ScanResult['failure'] = null;
  let warnings: ScanResult['warnings'] = [];
  try {
    const session = await engine.transport.open(server, signal);
    try {
      const facts = await readServer(engine, server, session);
      // it may have been removed meanwhile
      if (engine.store.servers.get(server.name) !== null) engine.facts.put(facts);
      counts = {
        domains: domainsOf(facts, server).length,
        zones: facts.dns.reduce((sum, dns) => sum + dns.view.zones.length, 0),
      };
      warnings = facts.problems.filter(found => found.severity !== 'info');
      engine.attempts.set(server.name, null);
    } finally {
      roundTrips = session.roundTrips;
      session.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SignetError)) throw error;
    problem = error.problem;
    failure = error.failure;
    engine.attempts.set(server.name, problem);
  }
  engine.emit({
    type: 'scan',
    server: server.name,
    state: problem === null ? 'done' : 'failed',
    message: problem === null ? `${server.name}: ${counts.domains} domains, ${counts.zones} zones` : problem.message,
  });
  return {
    server: server.name,
    ok: problem === null,
    ...counts,
    roundTrips,
    milliseconds: Math.round(performance.now() - started),
    problem,
    warnings,
    failure,
  };
}

export const scanHandlers: Handlers = {
  'scan.run': async (engine, { servers }, { signal }) => {
    const chosen =
      servers === undefined ? engine.store.servers.list() : servers.map(name => serverConfig(engine, name));
    if (chosen.length === 0) {
      throw failed(
        'no-servers',
        'There is no server to scan yet.',
        'Add one first: signet server add, or import your SSH config.',
      );
    }
    // the transport keeps to the limit of hosts at a time
    const results = await Promise.all(chosen.map(server => scanServer(engine, server, signal)));
    engine.emit({ type: 'changed', what: 'domains' });
    engine.emit({ type: 'changed', what: 'servers' });
    return results;
  },
};
