/**
 * Reads one server with every driver that recognises something on it. All drivers work side by side on one HostReader, so
 * that their questions travel together: the number of round trips is that of the deepest driver.
 */
import type { Problem } from '../../shared/problem.ts';
import { SignetError } from '../../shared/problem.ts';
import type { DnsView, DriverFacts, Drivers, HostFacts, HostReader, MtaView, ServerFacts, SignerView } from './api.ts';

/** The server's own part of its facts: what DNS serves is asked afterwards. */
export type HostScan = Omit<ServerFacts, 'served' | 'delegations' | 'scannedAt'>;

interface AnyDriver<V> {
  readonly id: string;
  detect(host: HostReader): Promise<boolean>;
  scan(host: HostReader): Promise<unknown>;
  view(facts: unknown): V;
}

export async function scanHost(host: HostReader, drivers: Drivers): Promise<HostScan> {
  const problems: Problem[] = [];
  const [mta, signers, dns, resolvers] = await Promise.all([
    scanKind<MtaView>(host, drivers.mta, problems),
    scanKind<SignerView>(host, drivers.signers, problems),
    scanKind<DnsView>(host, drivers.dns, problems),
    resolversOf(host),
  ]);
  if (mta.length > 1) {
    problems.push({
      code: 'several-mtas',
      message: `${host.server} has several mail servers: ${mta.map(facts => facts.view.name).join(', ')}.`,
      hint: `Signet works with ${mta[0]?.view.name ?? 'the first'}; remove what is not used.`,
      severity: 'warning',
      server: host.server,
    });
  }
  if (mta.length === 0 && dns.length === 0) {
    problems.push({
      code: 'nothing-to-manage',
      message: `${host.server} has no mail server and no name server that Signet knows.`,
      hint: 'Signet works with Postfix and BIND. Remove the server if it is not to have one.',
      severity: 'warning',
      server: host.server,
    });
  }
  problems.push(...clockProblems(host.server, host.host), ...pathProblems(host.server, mta[0]?.view, signers));
  return { server: host.server, host: host.host, mta: mta[0] ?? null, signers, dns, problems, resolvers };
}

/** A driver that fails is a problem of its server; the others go on. */
async function scanKind<V>(
  host: HostReader,
  drivers: readonly AnyDriver<V>[],
  problems: Problem[],
): Promise<readonly DriverFacts<unknown, V>[]> {
  const found = await Promise.all(
    drivers.map(async (driver): Promise<DriverFacts<unknown, V> | null> => {
      try {
        if (!(await driver.detect(host))) return null;
        const facts = await driver.scan(host);
        return { driver: driver.id, facts, view: driver.view(facts) };
      } catch (error) {
        // what the connection itself says ends the scan; what one program of the server says does not
        if (!(error instanceof SignetError) || error.failure === 'refused' || isConnection(error)) throw error;
        problems.push({ ...error.problem, severity: 'warning', server: host.server });
        return null;
      }
    }),
  );
  return found.filter(facts => facts !== null);
}

const connectionCodes = new Set(['connection-lost', 'cancelled', 'timeout', 'output-too-long', 'host-unreachable']);

function isConnection(error: SignetError): boolean {
  return connectionCodes.has(error.problem.code);
}

/** resolv.conf(5) */
async function resolversOf(host: HostReader): Promise<readonly string[]> {
  const file = await host.file('/etc/resolv.conf').catch(() => null);
  const addresses = (file?.content ?? '').matchAll(/^[ \t]*nameserver[ \t]+([0-9A-Fa-f.:]+)/gm);
  return [...addresses].map(match => match[1] ?? '').slice(0, 3);
}

function clockProblems(server: string, { clock }: HostFacts): readonly Problem[] {
  const off = Math.round(clock.server - clock.laptop);
  if (Math.abs(off) < 300) return [];
  return [
    {
      code: 'clock-differs',
      message: `The clock of ${server} is ${Math.abs(off)} seconds ${off > 0 ? 'ahead of' : 'behind'} the laptop's.`,
      hint: 'Signatures carry times: set one of the clocks right (NTP).',
      severity: 'warning',
      server,
    },
  ];
}

/** Two signers in the path sign twice; a signer that nobody asks signs nothing. */
function pathProblems(
  server: string,
  mta: MtaView | undefined,
  signers: readonly DriverFacts<unknown, SignerView>[],
): readonly Problem[] {
  const active = signers.filter(signer => Object.keys(signer.view.signs).length > 0);
  if (mta === undefined || active.length < 2) return [];
  return [
    {
      code: 'two-signers',
      message: `${server}: ${active.map(signer => signer.view.name).join(' and ')} both sign mail.`,
      hint: 'Let one of them sign: two signatures of one domain confuse receivers and administrators alike.',
      severity: 'warning',
      server,
    },
  ];
}
