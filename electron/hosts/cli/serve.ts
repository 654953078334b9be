import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { CommandContext } from './context.ts';

interface ServeOptions {
  readonly port: number;
  readonly open: boolean;
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a number from 0 (any that is free) to 65535.');
  return port;
}

export function serveCommand(program: Command, context: CommandContext): void {
  program
    .command('serve')
    .description('open the window in a browser of this machine, until Ctrl-C')
    .option('--port <number>', 'default: any that is free', portNumber, 0)
    .option('--no-open', 'print the address, and open no browser')
    .action(async ({ port, open }: ServeOptions) => {
      const engine = await context.engine();
      // only this command needs them: the others start without
      const [{ startBrowserHost }, { openBrowser }, { readPage }] = await Promise.all([
        import('../browser/browser-host.ts'),
        import('../browser/open-browser.ts'),
        import('../window/page-files.ts'),
      ]);
      const page = readPage(fileURLToPath(new URL('../renderer/', import.meta.url)));
      const host = await startBrowserHost({ client: engine, page, port, report: line => context.output.note(line) });
      const cleanUps: (() => void)[] = [];
      try {
        const { stdin } = context.streams;
        const address = () => {
          const url = host.newAddress();
          context.output.result({ url }, () => [url]);
          if (open) cleanUps.push(openBrowser(url, engine.home));
        };
        address();
        if (stdin.isTTY === true) {
          context.output.note('The address opens one page. Enter gives a new one, Ctrl-C ends Signet.');
          const lines = createInterface({ input: stdin });
          lines.on('line', address);
          cleanUps.push(() => lines.close());
        }
        if (!context.signal.aborted) await once(context.signal, 'abort');
        if (host.running() > 0)
          context.output.note('signet: stopping at the next safe point; Ctrl-C again to leave now');
      } finally {
        for (const cleanUp of cleanUps) cleanUp();
        await host.close();
      }
    });
}
