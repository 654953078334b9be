import { globSync } from 'node:fs';
import type { KnipConfig } from 'knip';

/** Packages that count as unused only once the part that is to use them is in the tree. */
const waiting: Readonly<Record<string, readonly string[]>> = {
  'renderer/index.html': ['@tanstack/.*', '@types/react', '@types/react-dom', 'react.*', 'zustand'],
  'electron/hosts/browser': ['ws', '@types/ws'],
  'electron/hosts/desktop': ['electron', 'electron-builder', '@electron/fuses'],
  'test/e2e': ['playwright-core', '@axe-core/playwright'],
};
/** What there is of them so far; git keeps no empty folder. */
const isThere = (path: string): boolean => globSync([path, `${path}/**/*.ts`]).some(found => found.includes('.'));

export default {
  entry: [
    'electron/hosts/*/main.ts',
    'electron/hosts/desktop/preload.ts',
    // drivers are found by folder
    'electron/drivers/{signers,dns,mta}/*.ts',
    'renderer/{,app/}main.tsx',
    'test/bench/table/floor/main.tsx',
    'test/**/*.{test,bench}.{ts,tsx}',
    '.config/*.ts',
    // loaded by Node itself, past the test runner
    'test/tools/native-import.ts',
  ],
  project: [
    '{electron,shared,test}/**/*.{ts,tsx}',
    '.config/*.ts',
    ...(isThere('renderer/index.html') ? ['renderer/**/*.{ts,tsx}'] : []),
  ],
  ignoreDependencies: Object.entries(waiting).flatMap(([path, packages]) => (isThere(path) ? [] : packages)),
  // programs are Debian's: .config/debian-packages
  exclude: ['binaries'],
  // the launcher's program lies beside it only once it is built
  ignoreUnresolved: ['./main.js'],
  ignoreExportsUsedInFile: { interface: true, type: true },
  vitest: { config: ['.config/vitest.config.ts'] },
  oxlint: { config: ['oxlint.config.ts'] },
} satisfies KnipConfig;
