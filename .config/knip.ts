import { existsSync } from 'node:fs';
import type { KnipConfig } from 'knip';

/** The window's packages count once the window is there. */
const window = existsSync('renderer/index.html')
  ? []
  : [
      '@axe-core/playwright',
      '@electron/fuses',
      '@tanstack/.*',
      '@types/react',
      '@types/react-dom',
      '@types/ws',
      '@vitejs/plugin-react',
      'electron',
      'electron-builder',
      'playwright-core',
      'react',
      'react-aria-components',
      'react-dom',
      'ws',
      'zustand',
    ];

export default {
  entry: [
    'electron/hosts/*/main.ts',
    'electron/hosts/desktop/preload.ts',
    'electron/**/*worker.ts',
    'renderer/app/main.tsx',
    'test/**/*.{test,bench}.{ts,tsx}',
    'test/bench/run.ts',
    '.config/*.ts',
  ],
  project: ['{electron,renderer,shared,test}/**/*.{ts,tsx}', '.config/*.ts', '*.config.ts'],
  // `node` is run, not imported: it puts Node 24 first on the PATH of every script
  ignoreDependencies: ['node', ...window],
  ignoreExportsUsedInFile: { interface: true, type: true },
  vitest: { config: ['.config/vitest.config.ts'] },
  oxlint: { config: ['oxlint.config.ts'] },
} satisfies KnipConfig;
