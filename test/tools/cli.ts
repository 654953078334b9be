/** The built command line, as a user runs it, each test under a home of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, type Program, type ProgramResult } from './program.ts';

const program = fileURLToPath(new URL('../../dist/cli/signet.js', import.meta.url));
/** Compiled code of the many runs: a third of the time that each takes to start. */
const compiled = fileURLToPath(new URL('../../node_modules/.cache/node', import.meta.url));

/** A user's home on a laptop that has no keychain: the vault is the passphrase file. */
export interface Home {
  readonly path: string;
  readonly passphrase: string;
  remove(): Promise<void>;
}

export async function makeHome(): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), 'signet-home-'));
  const passphrase = `test ${crypto.randomUUID()}`;
  return { path, passphrase, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface CliOptions {
  readonly home: Home;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface CliResult extends ProgramResult {
  /** The one document of `--json`; null where standard output is not one. */
  readonly json: unknown;
  /** The lines of an NDJSON output (`apply --json`); empty where it is not one. */
  readonly events: readonly unknown[];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function withJson(result: ProgramResult): CliResult {
  const lines = result.stdout.split('\n').filter(line => line !== '');
  const events = lines.map(parse);
  return { ...result, json: parse(result.stdout), events: events.includes(null) ? [] : events };
}

export interface RunningCli extends Omit<Program, 'ended'> {
  readonly ended: Promise<CliResult>;
}

/** What a program of Signet's finds around it: the home, and nothing of the real user's. */
export function environmentOf(home: Home): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
    NODE_COMPILE_CACHE: compiled,
    HOME: home.path,
    SIGNET_HOME: join(home.path, 'signet'),
    SIGNET_VAULT: 'passphrase',
    SIGNET_PASSPHRASE: home.passphrase,
  };
}

/** For tests that break off: kill it with SIGKILL, look at it while it runs. */
export function startSignet(args: readonly string[], options: CliOptions): RunningCli {
  const { home } = options;
  const running = start([process.execPath, program, ...args], {
    cwd: home.path,
    env: { ...environmentOf(home), ...options.env },
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  return { ...running, ended: running.ended.then(withJson) };
}

/** `signet(['domains', '--json'], { home })`. A status other than 0 is a result, not a rejection. */
export function signet(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startSignet(args, options).ended;
}

/** The same, for steps that must succeed: rejects with what it wrote on any status but 0. */
export async function signetOk(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const result = await signet(args, options);
  if (result.code !== 0) {
    throw new Error(`signet ${args.join(' ')}: status ${result.code}\n${result.stderr}${result.stdout}`);
  }
  return result;
}
