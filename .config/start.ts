/**
 * `npm start`: builds, then opens the desktop window. Where Electron's runtime is not there or cannot run, it says so in one
 * line and opens the window in the browser instead. Arguments go on to `signet serve`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { whyNoDesktop } from './electron-runtime.ts';
import { root, run } from './run.ts';

const runtime = whyNoDesktop(process.env);
const built = await run(
  ['node', '.config/build.ts', ...('path' in runtime ? ['main', 'preload'] : ['cli']), 'renderer'],
  {
    show: true,
  },
);
if (built.code !== 0) process.exit(built.code);

if ('reason' in runtime) {
  console.error(`signet: ${runtime.reason}: opening the window in the browser instead`);
}
const [program, ...args] =
  'path' in runtime
    ? [runtime.path, root]
    : [process.execPath, join(root, 'dist/cli/signet.js'), 'serve', ...process.argv.slice(2)];
const child = spawn(program, args, { stdio: 'inherit' });
// Ctrl-C reaches the program as well, which ends in order; a SIGTERM reaches this process only
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
const [code] = (await once(child, 'close')) as [number | null];
process.exitCode = code ?? 1;
