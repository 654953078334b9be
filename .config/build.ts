/**
 * Builds what runs: `node .config/build.ts [--into FOLDER] [TARGET...]`, without a name all of them. The folder, where the
 * tests put theirs, must be in the project: addons are found in its node_modules.
 *
 * cli       dist/cli/signet.js         what `npx signet` starts: asks for the right Node, then loads main.js
 * main      dist/main/main.js          the window's main process
 * preload   dist/preload/preload.cjs   the window's preload: one CommonJS file, as its sandbox demands
 * renderer  dist/renderer/             the page: no inline script, so that its CSP can forbid them
 */
import { chmodSync, copyFileSync, rmSync, symlinkSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import react from '@vitejs/plugin-react';
import { build, mergeConfig, normalizePath, type InlineConfig } from 'vite';
import { root } from './run.ts';

const names = ['cli', 'main', 'preload', 'renderer'] as const;
type Name = (typeof names)[number];

const { values, positionals: asked } = parseArgs({ allowPositionals: true, options: { into: { type: 'string' } } });
const into = values.into ?? 'dist';

/** Addons and what the Electron runtime brings: found in node_modules at run time. */
const external = [
  ...builtinModules.flatMap(name => [name, `node:${name}`]),
  /^node:/,
  /^(electron|ssh2|keytar|cpu-features)(\/|$)/,
];

const common: InlineConfig = { root, configFile: false, publicDir: false, logLevel: 'warn' };

/** A program for Node: its own modules and its pure JavaScript dependencies in one file. */
function forNode(entry: string, outDir: string, format: 'es' | 'cjs'): InlineConfig {
  const extension = format === 'cjs' ? 'cjs' : 'js';
  return {
    ...common,
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: true,
      target: 'node22.13',
      minify: false,
      rolldownOptions: {
        external,
        output: { format, entryFileNames: `[name].${extension}`, chunkFileNames: `[name]-[hash].${extension}` },
      },
    },
  };
}

const steps: Record<Name, () => Promise<void>> = {
  cli: async () => {
    await build(forNode('electron/hosts/cli/main.ts', join(into, 'cli'), 'es'));
    const launcher = resolve(root, into, 'cli/signet.js');
    copyFileSync(join(root, '.config/launcher.js'), launcher);
    chmodSync(launcher, 0o755);
    // what npm does for an installed package, so that `npx signet` finds this one
    if (values.into === undefined && process.platform !== 'win32') {
      const link = join(root, 'node_modules/.bin/signet');
      rmSync(link, { force: true });
      symlinkSync('../../dist/cli/signet.js', link);
    }
  },
  main: async () => {
    const program = forNode('electron/hosts/desktop/main.ts', join(into, 'main'), 'es');
    const hosts = normalizePath(join(root, 'electron/hosts/'));
    // the window's own modules in main.js, the engine and the libraries beside it
    const codeSplitting = { groups: [{ name: 'engine', test: (id: string) => !normalizePath(id).startsWith(hosts) }] };
    await build(mergeConfig(program, { build: { rolldownOptions: { output: { codeSplitting } } } }));
  },
  preload: async () => {
    await build(forNode('electron/hosts/desktop/preload.ts', join(into, 'preload'), 'cjs'));
  },
  renderer: async () => {
    await build({
      ...common,
      root: join(root, 'renderer'),
      base: './',
      plugins: [react()],
      build: {
        outDir: resolve(root, into, 'renderer'),
        emptyOutDir: true,
        target: 'es2024',
        // an inlined asset is a data: URL, and the module preload is an inline script: the CSP allows neither
        assetsInlineLimit: 0,
        modulePreload: false,
        // it comes from this machine, and all of it is shown at once
        chunkSizeWarningLimit: 1500,
      },
    });
  },
};

const unknown = asked.filter(name => !names.some(one => one === name));
if (unknown.length > 0) {
  console.error(`build: no target ${unknown.join(', ')}; there are ${names.join(', ')}`);
  process.exit(2);
}
try {
  for (const name of names) {
    if (asked.length === 0 || asked.includes(name)) await steps[name]();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
