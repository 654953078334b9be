/** The one window. */
import { app, BrowserWindow, dialog, nativeTheme, screen } from 'electron';
import { pageAddress } from './channels.ts';
import { readWindowState, smallest, writeWindowState } from './window-state.ts';

/** The page's --bg (renderer/app/tokens.css), so that nothing flashes before the page paints. */
const backgrounds = { light: '#ffffff', dark: '#14161a' } as const;

export interface WindowFiles {
  readonly preload: string;
  readonly state: string;
}

export function openWindow(files: WindowFiles): BrowserWindow {
  const state = readWindowState(
    files.state,
    screen.getAllDisplays().map(display => display.workArea),
  );
  const window = new BrowserWindow({
    ...state.bounds,
    minWidth: smallest.width,
    minHeight: smallest.height,
    show: false,
    title: 'Signet',
    backgroundColor: backgrounds[nativeTheme.shouldUseDarkColors ? 'dark' : 'light'],
    webPreferences: {
      preload: files.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  });
  window.once('ready-to-show', () => {
    if (state.maximized) window.maximize();
    window.show();
  });
  window.on('close', () => writeWindowState(files.state, window.getNormalBounds(), window.isMaximized()));
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit') void offerReload(window, reason);
  });
  // given up for another one (a reload, the settings): not a failure
  window.loadURL(pageAddress).catch(() => {});
  return window;
}

/** Work under way goes on in the main process: only the page is gone. */
async function offerReload(window: BrowserWindow, reason: string): Promise<void> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    message: `The window has stopped working (${reason}).`,
    detail: 'What was under way on servers goes on. Open the page again to see it.',
    buttons: ['Open again', 'Quit'],
    defaultId: 0,
    cancelId: 1,
  });
  if (response === 0) window.reload();
  else app.quit();
}
