/**
 * `npm start`: builds, then opens the desktop window. Where Electron's runtime is not there or cannot run, it says so in one
 * line and opens the window in the browser instead. Arguments go on to `signet serve`.
 */
import { whyNoDesktop } from './electron-runtime.ts';
import { run } from './run.ts';

// Ctrl-C reaches the running program too, which ends in order
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

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
const argv =
  'path' in runtime ? [runtime.path, '.'] : ['node', 'dist/cli/signet.js', 'serve', ...process.argv.slice(2)];
process.exitCode = (await run(argv, { show: true })).code;
