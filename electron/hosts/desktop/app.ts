/** The app's life: engine, window, events, end. */
import { app, Menu, nativeTheme, session } from 'electron';
import type { BrowserWindow } from 'electron';
import type { EngineEvent } from '../../../shared/contract.ts';
import type { RunningEngine } from '../../compose.ts';
import { startEngine } from '../../compose.ts';
import { readPage } from '../window/page-files.ts';
import { WindowCalls } from '../window/window-calls.ts';
import { pageAddress } from './channels.ts';
import { answerWindow, sendEvent } from './ipc-bridge.ts';
import { askBeforeLeaving } from './leaving.ts';
import { menuTemplate } from './menu.ts';
import { servePage } from './protocol.ts';
import { guardSession } from './security.ts';
import { report, showTrouble } from './trouble.ts';
import type { WindowFiles } from './window.ts';
import { openWindow } from './window.ts';

export interface AppFiles extends WindowFiles {
  readonly renderer: string;
}

/** Runs until the user quits. What stands in the way of a start (home in use, store of a newer version) is told. */
export async function runApp(files: AppFiles): Promise<void> {
  await app.whenReady();
  try {
    const page = readPage(files.renderer);
    const engine = await startEngine({ command: 'signet (window)' });
    await followTheme(engine);
    guardSession(session.defaultSession);
    servePage(page);
    live(engine, files);
  } catch (error) {
    showTrouble(error);
    app.exit(1);
  }
}

function live(engine: RunningEngine, files: AppFiles): void {
  const calls = new WindowCalls(engine, report);
  let window: BrowserWindow | null = null;
  const show = (): BrowserWindow => {
    if (window === null) {
      window = openWindow(files);
      window.on('closed', () => {
        window = null;
      });
    } else {
      if (window.isMinimized()) window.restore();
      window.focus();
    }
    return window;
  };
  answerWindow(calls, () => window);
  engine.subscribe(event => sendEvent(window, event));
  const showSettings = () => {
    show();
    // only the fragment changes: the page stays
    window?.loadURL(`${pageAddress}#/settings`).catch(() => {});
  };
  const options = { platform: process.platform, packaged: app.isPackaged, showSettings };
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options)));
  app.on('second-instance', show);
  app.on('activate', show);
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  askBeforeLeaving(engine, show);
  endInOrder(calls, engine);
  show();
}

/** Work under way is stopped at its safe points before the process ends. */
function endInOrder(calls: WindowCalls, engine: RunningEngine): void {
  let ended = false;
  let ending = false;
  app.on('will-quit', event => {
    if (ended) return;
    event.preventDefault();
    if (ending) return;
    ending = true;
    void (async () => {
      await calls.end();
      await engine.close();
      ended = true;
      app.quit();
    })();
  });
}

/** The window's own parts (title bar, menus, the background before the first paint) follow the setting, too. */
async function followTheme(engine: RunningEngine): Promise<void> {
  const follow = async () => {
    nativeTheme.themeSource = (await engine.call('settings.get', {})).theme;
  };
  engine.subscribe((event: EngineEvent) => {
    if (event.type === 'changed' && event.what === 'settings') void follow();
  });
  await follow();
}
