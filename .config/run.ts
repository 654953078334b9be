import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export interface Ended {
  readonly code: number;
  /** Both streams, as they came; empty when they were shown. */
  readonly output: string;
  readonly seconds: number;
}

interface Options {
  /** Pass the output on as it comes instead of collecting it. */
  readonly show?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Standard input is the terminal's. */
  readonly interactive?: boolean;
}

/** The programs of node_modules come first, and with them the Node of package.json. */
const environment = {
  ...process.env,
  PATH: join(root, 'node_modules/.bin') + delimiter + (process.env['PATH'] ?? ''),
};

/** Runs a program in the project's folder. A signal counts as status 1; a program that is not there rejects. */
export function run(argv: readonly string[], options: Options = {}): Promise<Ended> {
  const [program = '', ...rest] = argv;
  const started = performance.now();
  const input = options.interactive ? 'inherit' : options.stdin === undefined ? 'ignore' : 'pipe';
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: root,
      env: { ...environment, ...options.env },
      stdio: [input, options.show ? 'inherit' : 'pipe', options.show ? 'inherit' : 'pipe'],
    });
    child.stdin?.end(options.stdin);
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('error', reject);
    child.on('close', code => resolve({ code: code ?? 1, output, seconds: (performance.now() - started) / 1000 }));
  });
}
