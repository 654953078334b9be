/** The lab of real hosts, typed: test/lab/lab, check and fault (see test/lab/README.md). Needs root. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PinnedHostKey, ServerConfig } from '../../shared/model.ts';
import { outputOf, runProgram, type ProgramResult } from './program.ts';

const folder = fileURLToPath(new URL('../lab', import.meta.url));
export const labDir = process.env['LAB_DIR'] ?? '/var/tmp/signet-lab';

const labTool = (...args: readonly string[]) => outputOf([`${folder}/lab`, ...args]);

export interface LabHost {
  readonly host: string;
  readonly state: 'up' | 'down';
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly auth: 'key' | 'password';
}

export const lab = {
  async status(): Promise<readonly LabHost[]> {
    return JSON.parse(await labTool('status', '--json')) as readonly LabHost[];
  },
  /** A command in a host, as root, beside SSH. Any status is a result. */
  exec(host: string, argv: readonly string[], stdin?: string): Promise<ProgramResult> {
    return runProgram([`${folder}/lab`, 'exec', host, ...argv], stdin === undefined ? {} : { stdin });
  },
  /** Standard output of a shell script in a host; rejects when it fails. */
  async sh(host: string, script: string): Promise<string> {
    return labTool('exec', host, 'sh', '-ec', script);
  },
  /** Fresh disks: for tests that change a host. One call for several hosts is quicker. */
  async reset(...hosts: readonly string[]): Promise<void> {
    await labTool('reset', ...hosts);
  },
  /** Takes the zones as they are now for the base line of `check.zoneIntact`. */
  async snapshot(...hosts: readonly string[]): Promise<void> {
    await labTool('snapshot', ...hosts);
  },
  /** The web form of the outside DNS provider; null removes the record. */
  async externalTxt(name: string, text: string | null): Promise<void> {
    await labTool('ext-txt', name, ...(text === null ? [] : [text]));
  },
};

/** What every check tells; `ok` null: it could not be made (the reason says why). */
export interface CheckResult {
  readonly ok: boolean | null;
  readonly reason?: string;
  readonly [field: string]: unknown;
}

async function checkTool<T extends CheckResult>(args: readonly string[]): Promise<T> {
  const { stdout, stderr } = await runProgram([`${folder}/check`, ...args]);
  if (stdout === '') throw new Error(`check ${args.join(' ')}: ${stderr.trim()}`);
  return JSON.parse(stdout) as T;
}

const option = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [name, value];
const flag = (name: string, on: boolean | undefined): readonly string[] => (on ? [name] : []);

export interface SignedOptions {
  readonly selector?: string;
  readonly sender?: string;
  readonly via?: 'sendmail' | 'smtp';
  /** The key must be the same on every server of the zone. */
  readonly allServers?: boolean;
}

export interface SignedResult extends CheckResult {
  readonly selector?: string;
  readonly key_on_every_server?: boolean;
}

const signedArguments = (options: SignedOptions): readonly string[] => [
  ...option('--selector', options.selector),
  ...option('--sender', options.sender),
  ...option('--via', options.via),
  ...flag('--all-servers', options.allServers),
];

export interface ZoneIntactResult extends CheckResult {
  readonly changed?: boolean;
  readonly serial?: number;
  readonly serial_before?: number;
  readonly our_records_added?: readonly string[];
  readonly our_records_removed?: readonly string[];
  readonly file_damage?: readonly string[];
}

export interface FleetDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export interface FleetDiffResult extends CheckResult {
  readonly differences?: Readonly<Record<string, FleetDifference>>;
}

/** A saved state of hosts, for `check.fleetDiff`. */
export type FleetState = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const check = {
  /** Really sends mail and verifies it in the sink, with dkimpy and Mail::DKIM. */
  signed(host: string, domain: string, options: SignedOptions = {}): Promise<SignedResult> {
    return checkTool(['signed', host, domain, ...signedArguments(options)]);
  },
  domainKeysSigned(host: string, domain: string, options: SignedOptions = {}): Promise<SignedResult> {
    return checkTool(['domainkeys-signed', host, domain, ...signedArguments(options)]);
  },
  /** Asks every authoritative server of the zone (or the one named). */
  txt(name: string, options: { readonly server?: string; readonly equals?: string } = {}): Promise<CheckResult> {
    return checkTool(['txt', name, ...option('--server', options.server), ...option('--equals', options.equals)]);
  },
  /** `host`: the zone's primary. Nothing but our records may differ from the snapshot. */
  zoneIntact(
    host: string,
    zone: string,
    options: { readonly expectChange?: boolean; readonly strict?: boolean } = {},
  ): Promise<ZoneIntactResult> {
    const flags = [...flag('--expect-change', options.expectChange), ...flag('--strict', options.strict)];
    return checkTool(['zone-intact', host, zone, ...flags]);
  },
  /** A message from an outside sender; `outcome` is what became of it. */
  inbound(
    host: string,
    domain: string,
    options: { readonly signature: 'good' | 'bad' | 'none'; readonly senderDomain?: string },
  ): Promise<CheckResult> {
    const { signature, senderDomain } = options;
    return checkTool(['inbound', host, domain, '--signature', signature, ...option('--sender-domain', senderDomain)]);
  },
  async fleetState(...hosts: readonly string[]): Promise<FleetState> {
    return JSON.parse(await outputOf([`${folder}/check`, 'fleet-state', ...hosts])) as FleetState;
  },
  /** What differs now from a state taken before, on the hosts of that state. */
  async fleetDiff(before: FleetState): Promise<FleetDiffResult> {
    const place = await mkdtemp(join(tmpdir(), 'signet-fleet-'));
    try {
      const file = join(place, 'state.json');
      await writeFile(file, JSON.stringify(before));
      return await checkTool<FleetDiffResult>(['fleet-state', ...Object.keys(before), '--diff', file]);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  },
};

const faultTool = async (host: string, ...args: readonly string[]): Promise<void> => {
  await outputOf([`${folder}/fault`, host, ...args]);
};

/** Break a host; `heal` mends all of it. Always heal in a `finally` or `afterEach`. */
export const fault = {
  cut: (host: string) => faultTool(host, 'cut'),
  /** Milliseconds added each way. */
  slow: (host: string, ms: number) => faultTool(host, 'slow', String(ms)),
  rate: (host: string, kbit: number) => faultTool(host, 'rate', String(kbit)),
  freeze: (host: string) => faultTool(host, 'freeze'),
  diskFull: (host: string, directory: string) => faultTool(host, 'diskfull', directory),
  readOnly: (host: string, directory: string) => faultTool(host, 'ro', directory),
  killSsh: (host: string) => faultTool(host, 'kill-ssh'),
  /** As soon as `path` on the host changes (a directory: its listing). */
  killSshOn: (host: string, path: string) => faultTool(host, 'kill-ssh-on', path),
  cutOn: (host: string, path: string) => faultTool(host, 'cut-on', path),
  stop: (host: string, ...services: readonly string[]) => faultTool(host, 'stop', ...services),
  aptLock: (host: string) => faultTool(host, 'apt-lock'),
  heal: (host: string) => faultTool(host, 'heal'),
};

export interface LabServer {
  /** As Signet keeps it, with the host's keys pinned. */
  readonly config: ServerConfig;
  readonly identity: string;
  readonly knownHosts: string;
  /** OpenSSH's fingerprint of the host's Ed25519 key. */
  readonly fingerprint: string;
  /** null where sudo asks for none. */
  readonly sudoPassword: string | null;
}

async function pinnedKeys(address: string, port: number): Promise<readonly PinnedHostKey[]> {
  const name = port === 22 ? address : `[${address}]:${port}`;
  const lines = (await readFile(join(labDir, 'known_hosts'), 'utf8')).split('\n').map(line => line.split(' '));
  return lines.flatMap(([host, type = '', blob = '']) => {
    if (host !== name) return [];
    const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
    return [{ type, fingerprint: `SHA256:${digest.replace(/=+$/, '')}` }];
  });
}

/** How to log in to a host of the lab. */
export async function labServer(name: string): Promise<LabServer> {
  const host = (await lab.status()).find(one => one.host === name);
  if (!host) throw new Error(`no host ${name} in the lab`);
  const hostKeys = await pinnedKeys(host.address, host.port);
  const ed25519 = hostKeys.find(one => one.type === 'ssh-ed25519');
  if (!ed25519) throw new Error(`no host key of ${name} in ${labDir}/known_hosts`);
  const identity = join(labDir, 'secrets/id_ed25519');
  const sudoPassword = await readFile(join(labDir, `secrets/${name}.sudo`), 'utf8').then(
    text => text.trim(),
    () => null,
  );
  return {
    config: {
      name,
      host: host.address,
      port: host.port,
      user: host.user,
      login: host.auth === 'key' ? { method: 'key', identity } : { method: 'password' },
      sudo: host.user === 'root' ? 'none' : sudoPassword === null ? 'nopasswd' : 'password',
      jump: null,
      hostKeys,
      givenDomains: [],
    },
    identity,
    knownHosts: join(labDir, 'known_hosts'),
    fingerprint: ed25519.fingerprint,
    sudoPassword,
  };
}
