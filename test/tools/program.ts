/** Runs a program without a shell. For tests and their helpers. */
import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** Exit status; a death by signal is 128. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  /** The whole environment. Default: that of the tests. */
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  /** Milliseconds after which it is killed. Default two minutes. */
  readonly timeoutMs?: number;
}

export interface Program {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** What it wrote so far. */
  stdout(): string;
  readonly ended: Promise<ProgramResult>;
}

export function start(argv: readonly string[], options: ProgramOptions = {}): Program {
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: 'pipe',
    timeout: options.timeoutMs ?? 120_000,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // a program that does not read its input is no error of the test
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString('utf8');
  const ended = new Promise<ProgramResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? 128, signal, stdout: text(out), stderr: text(err) }));
  });
  return { pid: child.pid ?? -1, kill: signal => child.kill(signal), stdout: () => text(out), ended };
}

export function runProgram(argv: readonly string[], options?: ProgramOptions): Promise<ProgramResult> {
  return start(argv, options).ended;
}

/** Its standard output; rejects, with what it wrote to standard error, on any status but 0. */
export async function outputOf(argv: readonly string[], options?: ProgramOptions): Promise<string> {
  const { code, stdout, stderr } = await runProgram(argv, options);
  if (code !== 0) throw new Error(`${argv.join(' ')}: status ${code}: ${stderr.trim()}`);
  return stdout;
}
