import { runCommandLine } from './program.ts';

const stop = new AbortController();
// the first Ctrl-C stops at the next safe point; the second one ends the process (servers finish or roll back by themselves)
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());
// whoever reads our output may leave early: `signet domains | head`
process.stdout.on('error', error => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
});

process.exitCode = await runCommandLine(process.argv.slice(2), process, stop.signal);
await new Promise(resolve => process.stdout.write('', resolve));
// an agent or a keychain may keep a handle open; everything is stored and closed by now
process.exit();
