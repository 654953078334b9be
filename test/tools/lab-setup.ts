/** Before the tests of the projects `lab` and `e2e`: what they start is built, and the lab is up. */
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { lab } from './lab.ts';
import { outputOf } from './program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function isBuilt(output: string, ...folders: readonly string[]): boolean {
  const built = statSync(join(root, output), { throwIfNoEntry: false });
  if (!built) return false;
  const patterns = [...folders.map(folder => `${folder}/**/*`), '.config/build.ts', 'package-lock.json'];
  const sources = globSync(patterns, { cwd: root });
  return sources.every(file => statSync(join(root, file)).mtimeMs <= built.mtimeMs);
}

/** A host that somebody resets is back within seconds. */
async function hostsDown(): Promise<readonly string[]> {
  const giveUp = Date.now() + 20_000;
  for (;;) {
    const down = (await lab.status()).filter(host => host.state === 'down').map(host => host.host);
    if (down.length === 0 || Date.now() > giveUp) return down;
    await setTimeout(1000);
  }
}

export async function setup({ name }: TestProject): Promise<void> {
  const down = await hostsDown();
  if (down.length > 0) {
    throw new Error(
      `the lab is not up (${down.join(', ')}). Start it as root: test/lab/lab build && test/lab/lab up; npm test does`,
    );
  }
  const targets = [
    ...(isBuilt('dist/cli/main.js', 'electron', 'shared') ? [] : ['cli']),
    ...(name !== 'e2e' || isBuilt('dist/renderer/index.html', 'renderer', 'shared') ? [] : ['renderer']),
  ];
  if (targets.length > 0) await outputOf([process.execPath, join(root, '.config/build.ts'), ...targets], { cwd: root });
}
