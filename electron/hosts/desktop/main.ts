/** The desktop app's main process. What must be said before Electron is ready is said here. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app } from 'electron';
import { runApp } from './app.ts';
import { registerPageScheme } from './protocol.ts';
import { guardContents } from './security.ts';
import { endOnDefects } from './trouble.ts';

endOnDefects();
app.setName('Signet');
app.enableSandbox();
registerPageScheme();
guardContents();

// one window for each home: the instance that is there already is known by this folder
const home = process.env['SIGNET_HOME'] ?? '';
if (home !== '') {
  const own = join(home, 'window');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  app.setPath('userData', own);
}

const besides = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
if (app.requestSingleInstanceLock()) {
  void runApp({
    preload: besides('../preload/preload.cjs'),
    renderer: besides('../renderer/'),
    state: join(app.getPath('userData'), 'window.json'),
  });
} else {
  app.quit();
}
