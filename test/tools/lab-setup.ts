/** Before the tests of the projects `lab` and `e2e`: the command line is built, and the lab is up. */
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lab } from './lab.ts';
import { outputOf } from './program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function isBuilt(): boolean {
  const built = statSync(join(root, 'dist/cli/main.js'), { throwIfNoEntry: false });
  if (!built) return false;
  const sources = globSync(['{electron,shared}/**/*', '.config/build.ts', 'package-lock.json'], { cwd: root });
  return sources.every(file => statSync(join(root, file)).mtimeMs <= built.mtimeMs);
}

export async function setup(): Promise<void> {
  const down = (await lab.status()).filter(host => host.state === 'down').map(host => host.host);
  if (down.length > 0) {
    throw new Error(
      `the lab is not up (${down.join(', ')}). Start it as root: test/lab/lab build && test/lab/lab up; npm test does`,
    );
  }
  if (!isBuilt()) await outputOf([process.execPath, join(root, '.config/build.ts'), 'cli'], { cwd: root });
}
