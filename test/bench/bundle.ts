/**
 * Programs and pages of a benchmark, built like Signet's own: Vite resolves what Node alone does not (the drivers are found
 * by a glob), and what is measured is what a bundle of it does.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build, type InlineConfig } from 'vite';
import { projectRoot } from '../tools/built.ts';

const common: InlineConfig = { root: projectRoot, configFile: false, publicDir: false, logLevel: 'warn' };

/** A folder that is gone at the end of the process; inside node_modules, where addons are found from. */
export function ownFolder(): string {
  const cache = join(projectRoot, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'signet-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Path of the program, in `folder`. */
export async function bundleProgram(entry: URL, folder: string): Promise<string> {
  await build({
    ...common,
    ssr: { noExternal: true },
    build: {
      ssr: fileURLToPath(entry),
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      target: 'node22.13',
      rolldownOptions: {
        external: [...builtinModules, /^node:/, /^(ssh2|keytar|cpu-features)(\/|$)/],
        output: { entryFileNames: '[name].mjs' },
      },
    },
  });
  return join(folder, `${fileURLToPath(entry).replace(/^.*\/|\.ts$/g, '')}.mjs`);
}

/** `folder` becomes the page's: index.html and its assets. `source` holds an index.html. */
export async function bundlePage(source: URL, folder: string): Promise<void> {
  await build({
    ...common,
    root: fileURLToPath(source),
    base: './',
    plugins: [react()],
    build: { outDir: folder, emptyOutDir: true, target: 'es2024', assetsInlineLimit: 0, modulePreload: false },
  });
}
