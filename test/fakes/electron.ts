/**
 * The `electron` module for tests without its runtime: it keeps what the app told it, and behaves as Electron does where the
 * app relies on it (what must come before ready, the order of quitting). Loaded by Node itself in place of the real one.
 */
import { EventEmitter } from 'node:events';

type Handler = (...args: readonly never[]) => unknown;

class CancellableEvent {
  defaultPrevented = false;
  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

/** Emits an event that a listener can prevent; `details` are on the event, as Electron has them. */
function cancellable<T extends object>(emitter: EventEmitter, name: string, details: T, ...args: readonly unknown[]) {
  const event = Object.assign(new CancellableEvent(), details);
  emitter.emit(name, event, ...args);
  return event;
}

interface Frame {
  url: string;
  readonly parent: Frame | null;
}

class WebContents extends EventEmitter {
  mainFrame: Frame = { url: '', parent: null };
  readonly sent: { readonly channel: string; readonly args: readonly unknown[] }[] = [];
  openHandler: ((details: { readonly url: string }) => { readonly action: string }) | null = null;
  setWindowOpenHandler(handler: (details: { readonly url: string }) => { readonly action: string }): void {
    this.openHandler = handler;
  }
  send(channel: string, ...args: readonly unknown[]): void {
    this.sent.push({ channel, args: structuredClone(args) });
  }
}

type Options = { readonly webPreferences: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>>;

export class BrowserWindow extends EventEmitter {
  static all: BrowserWindow[] = [];
  readonly options: Options;
  readonly webContents = new WebContents();
  readonly done: string[] = [];
  bounds = { x: 10, y: 20, width: 1000, height: 700 };
  maximized = false;
  minimized = false;
  destroyed = false;

  constructor(options: Options) {
    super();
    if (!state.ready) throw new Error('Cannot create BrowserWindow before app is ready');
    this.options = options;
    BrowserWindow.all.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }
  loadURL(url: string): Promise<void> {
    this.done.push(`load ${url}`);
    const abort = state.loadsAbort;
    this.webContents.mainFrame.url = url;
    return abort ? Promise.reject(new Error('ERR_ABORTED (-3)')) : Promise.resolve();
  }
  show(): void {
    this.done.push('show');
  }
  focus(): void {
    this.done.push('focus');
  }
  maximize(): void {
    this.maximized = true;
  }
  restore(): void {
    this.minimized = false;
    this.done.push('restore');
  }
  reload(): void {
    this.done.push('reload');
  }
  isMaximized(): boolean {
    return this.maximized;
  }
  isMinimized(): boolean {
    return this.minimized;
  }
  isDestroyed(): boolean {
    return this.destroyed;
  }
  getNormalBounds(): object {
    return this.bounds;
  }
  /** As the user or the app closes it. */
  close(): void {
    this.emit('close', new CancellableEvent());
    this.destroyed = true;
    BrowserWindow.all = BrowserWindow.all.filter(one => one !== this);
    this.emit('closed');
    if (BrowserWindow.all.length === 0 && !state.quitting) app.emit('window-all-closed');
  }
}

class Session {
  permissionRequest: Handler | null = null;
  permissionCheck: Handler | null = null;
  devicePermission: Handler | null = null;
  displayMedia: Handler | null = null;
  beforeRequest: Handler | null = null;
  spellChecker = true;
  readonly downloads = new EventEmitter();
  readonly webRequest = {
    onBeforeRequest: (handler: Handler): void => {
      this.beforeRequest = handler;
    },
  };
  setPermissionRequestHandler(handler: Handler): void {
    this.permissionRequest = handler;
  }
  setPermissionCheckHandler(handler: Handler): void {
    this.permissionCheck = handler;
  }
  setDevicePermissionHandler(handler: Handler): void {
    this.devicePermission = handler;
  }
  setDisplayMediaRequestHandler(handler: Handler): void {
    this.displayMedia = handler;
  }
  setSpellCheckerEnabled(on: boolean): void {
    this.spellChecker = on;
  }
  on(name: string, listener: (...args: unknown[]) => void): void {
    this.downloads.on(name, listener);
  }
}

/** What the tests look at and decide. */
const fresh = () => ({
  ready: false,
  quitting: false,
  /** How the process ended: null while it runs. */
  ended: null as 'quit' | number | null,
  sandboxed: false,
  name: 'Electron',
  paths: { userData: '' } as Record<string, string>,
  /** Whether another instance holds the lock. */
  second: false,
  displays: [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }],
  schemes: [] as { readonly scheme: string; readonly privileges: object }[],
  handlers: new Map<string, (request: Request) => Response | Promise<Response>>(),
  invokable: new Map<string, (event: object, ...args: readonly unknown[]) => Promise<unknown>>(),
  errorBoxes: [] as { readonly title: string; readonly content: string }[],
  messageBoxes: [] as Readonly<Record<string, unknown>>[],
  answer: 0,
  external: [] as string[],
  externalFails: false,
  loadsAbort: false,
  menu: null as { readonly template: readonly Readonly<Record<string, unknown>>[] } | null,
});

export let state = fresh();
let whenReady = Promise.withResolvers<void>();

class App extends EventEmitter {
  isPackaged = false;
  whenReady(): Promise<void> {
    return whenReady.promise;
  }
  setName(name: string): void {
    state.name = name;
  }
  enableSandbox(): void {
    if (state.ready) throw new Error('app.enableSandbox() can only be called before app is ready');
    state.sandboxed = true;
  }
  requestSingleInstanceLock(): boolean {
    return !state.second;
  }
  setPath(name: string, path: string): void {
    state.paths[name] = path;
  }
  getPath(name: string): string {
    return state.paths[name] ?? '';
  }
  /** before-quit, then the windows, then will-quit, then the end: each of them can be prevented. */
  quit(): void {
    if (cancellable(this, 'before-quit', {}).defaultPrevented) return;
    state.quitting = true;
    for (const window of BrowserWindow.all) window.close();
    if (cancellable(this, 'will-quit', {}).defaultPrevented) return;
    state.ended = 'quit';
  }
  exit(code: number): void {
    state.ended ??= code;
  }
}

export const app = new App();
const sessions = { defaultSession: new Session() };
export const session = sessions;
export const ipcMain = Object.assign(new EventEmitter(), {
  handle: (channel: string, handler: (event: object, ...args: readonly unknown[]) => Promise<unknown>): void => {
    state.invokable.set(channel, handler);
  },
});
export const protocol = {
  registerSchemesAsPrivileged: (schemes: (typeof state)['schemes']): void => {
    if (state.ready) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    state.schemes.push(...schemes);
  },
  handle: (scheme: string, handler: (request: Request) => Response | Promise<Response>): void => {
    state.handlers.set(scheme, handler);
  },
};
export const dialog = {
  showErrorBox: (title: string, content: string): void => {
    state.errorBoxes.push({ title, content });
  },
  showMessageBox: (_window: BrowserWindow, options: Readonly<Record<string, unknown>>) => {
    state.messageBoxes.push(options);
    return Promise.resolve({ response: state.answer });
  },
};
export const shell = {
  openExternal: (url: string): Promise<void> => {
    state.external.push(url);
    return state.externalFails ? Promise.reject(new Error('no browser')) : Promise.resolve();
  },
};
export const nativeTheme = { themeSource: 'system', shouldUseDarkColors: false };
export const screen = { getAllDisplays: () => state.displays };
export const Menu = {
  buildFromTemplate: (template: readonly Readonly<Record<string, unknown>>[]) => ({ template }),
  setApplicationMenu: (menu: { readonly template: readonly Readonly<Record<string, unknown>>[] }): void => {
    state.menu = menu;
  },
};

/** For the tests only, beside what Electron has. */
export const control = {
  cancellable,
  frame: (url: string, parent: Frame | null = null): Frame => ({ url, parent }),
  becomeReady: (): void => {
    state.ready = true;
    whenReady.resolve();
  },
  /** A new process, as it were. */
  reset: (): void => {
    state = fresh();
    whenReady = Promise.withResolvers<void>();
    app.removeAllListeners();
    app.isPackaged = false;
    ipcMain.removeAllListeners();
    BrowserWindow.all = [];
    sessions.defaultSession = new Session();
    nativeTheme.themeSource = 'system';
    nativeTheme.shouldUseDarkColors = false;
  },
};
