/** The three proofs of each domain: the file, the daemon, DNS. */
import type { Parsed, VerifyRow } from '../../shared/contract.ts';
import { keyRecord } from '../../shared/dkim/key-record.ts';
import { parseDomain } from '../../shared/dkim/domain.ts';
import { keyName } from '../../shared/dkim/names.ts';
import type { DomainRow, Gate, Probe } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { refused, SignetError } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { GateResult, ProbeResult } from '../verify/api.ts';
import { rowsOf } from './rows.ts';
import type { CallContext, Engine, Handlers } from './engine.ts';
import { lookAtGates, problemOf, probeServer } from './proving.ts';
import { scanServer } from './scan.ts';
import { serverConfig } from './views.ts';

function keyGates(row: DomainRow): readonly Gate[] {
  return row.keys.flatMap(({ selector, algorithm, publicKey, inUse }): readonly Gate[] => {
    if (!inUse || publicKey === null || algorithm === 'unknown') return [];
    return [
      {
        domain: row.domain,
        zone: row.zone.name ?? row.domain,
        name: keyName(selector, row.domain),
        compare: 'key',
        expect: keyRecord({ algorithm, publicKey }),
        via: row.server,
        external: row.zone.server === null,
      },
    ];
  });
}

function probeOf(row: DomainRow): Probe {
  return { domain: row.domain, selectors: row.keys.filter(key => key.inUse).map(key => key.selector) };
}

/** Without domains: all that are signed. Servers are read anew first, so that "file" is what the file says now. */
async function verify(
  engine: Engine,
  input: Parsed<'verify.run'>,
  context: CallContext,
): Promise<readonly VerifyRow[]> {
  const wanted = new Set(
    input.domains.map(text => {
      const parsed = parseDomain(text);
      if (parsed.ok) return parsed.value.ascii;
      throw refused(
        parsed.fault.code,
        `"${printable(text, 80)}": ${parsed.fault.message}`,
        'A mail domain: example.com.',
      );
    }),
  );
  const choose = () =>
    rowsOf(engine).filter(row => (wanted.size === 0 ? row.signing === 'on' : wanted.has(row.domain)));
  const before = choose();
  const missing = [...wanted].find(domain => !before.some(row => row.domain === domain));
  if (missing !== undefined) {
    throw refused(
      'unknown-domain',
      `${missing} is hosted on no server that Signet has scanned.`,
      'Scan the server that hosts it; signet domains shows all.',
      { domain: missing },
    );
  }
  const servers = [...new Set(before.map(row => row.server))];
  const scans = await Promise.all(servers.map(name => scanServer(engine, serverConfig(engine, name), context.signal)));
  engine.emit({ type: 'changed', what: 'domains' });
  const unreachable = new Map(
    scans.flatMap(scan => (scan.problem === null ? [] : [[scan.server, scan.problem] as const])),
  );
  const rows = choose();
  const results = await Promise.all(
    [...Map.groupBy(rows, row => row.server)].map(([server, group]) =>
      verifyServer(engine, server, group, unreachable.get(server) ?? null, context),
    ),
  );
  return results.flat();
}

async function verifyServer(
  engine: Engine,
  server: string,
  rows: readonly DomainRow[],
  unreachable: Problem | null,
  { signal }: CallContext,
): Promise<readonly VerifyRow[]> {
  if (unreachable !== null) {
    return rows.map(({ domain }) => ({
      domain,
      server,
      file: false,
      probe: false,
      dns: false,
      ok: false,
      problems: [unreachable],
    }));
  }
  const signed = rows.filter(row => row.signing === 'on');
  const [gates, probes] = await Promise.all([
    lookAtGates(engine, signed.flatMap(keyGates), signal),
    probesOf(engine, server, signed.map(probeOf), signal),
  ]);
  return rows.map(row => verifiedRow(row, gates, probes));
}

async function probesOf(
  engine: Engine,
  server: string,
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ProbeResult> | Problem> {
  if (probes.length === 0) return new Map();
  try {
    const results = await probeServer(engine, server, probes, signal);
    return new Map(results.map(result => [result.domain, result]));
  } catch (error) {
    if (error instanceof SignetError) return error.problem;
    throw error;
  }
}

function verifiedRow(
  row: DomainRow,
  gates: readonly GateResult[],
  probes: ReadonlyMap<string, ProbeResult> | Problem,
): VerifyRow {
  const { domain, server } = row;
  const file = row.signing === 'on';
  const own = gates.filter(result => result.gate.domain === domain);
  const dns = file && own.length > 0 && own.every(result => result.passed);
  const problems: Problem[] = [];
  if (!file) {
    problems.push({
      code: 'not-signed',
      message: `${domain} on ${server}: the configuration does not sign it.`,
      hint: `Switch it on: signet signing on ${domain}`,
      severity: 'warning',
      domain,
      server,
    });
  }
  for (const result of own.filter(candidate => !candidate.passed)) {
    problems.push({
      code: 'key-not-served',
      message: result.message,
      hint: `Publish the record: signet records ${domain}`,
      severity: 'warning',
      domain,
      server,
    });
  }
  let probe = false;
  if (file) {
    const problem = 'code' in probes ? probes : problemOf(probes.get(domain), probeOf(row), server);
    if (problem !== null) problems.push({ ...problem, domain, server });
    probe = problem === null;
  }
  return { domain, server, file, probe, dns, ok: file && probe && dns, problems };
}

export const proofHandlers: Handlers = { 'verify.run': verify };
