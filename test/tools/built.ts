/** Programs built for one test file, into a folder of their own: what is in dist/ may be older than the source. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './program.ts';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface Built {
  readonly folder: string;
  remove(): void;
}

/** The folder is inside node_modules, so that the addons are found from it and git and the linters do not see it. */
export async function build(...targets: readonly string[]): Promise<Built> {
  const cache = join(projectRoot, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'signet-test-'));
  const argv = [process.execPath, join(projectRoot, '.config/build.ts'), '--into', folder, ...targets];
  const { code, stdout, stderr } = await start(argv, { cwd: projectRoot }).ended;
  if (code !== 0) throw new Error(`the build of ${targets.join(', ')} failed: ${stdout}${stderr}`);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
