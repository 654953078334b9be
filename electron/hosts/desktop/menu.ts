/** The menu, where each platform has its things. The page sees a key first: what it uses never reaches the menu. */
import type { MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  readonly showSettings: () => void;
}

export interface MenuOptions extends MenuActions {
  readonly platform: NodeJS.Platform;
  /** The developer tools are for the source tree, not for an installed app. */
  readonly packaged: boolean;
}

const line: MenuItemConstructorOptions = { type: 'separator' };

export function menuTemplate({ platform, packaged, showSettings }: MenuOptions): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  const settings: MenuItemConstructorOptions = {
    label: mac ? 'Settings…' : 'Settings',
    accelerator: 'CmdOrCtrl+,',
    click: showSettings,
  };
  const about: MenuItemConstructorOptions = { role: 'about', label: 'About Signet' };
  return [
    ...(mac
      ? [
          {
            label: 'Signet',
            submenu: [
              about,
              line,
              settings,
              line,
              { role: 'services' },
              line,
              { role: 'hide' },
              { role: 'hideOthers' },
              { role: 'unhide' },
              line,
              { role: 'quit' },
            ],
          } satisfies MenuItemConstructorOptions,
        ]
      : []),
    { label: '&File', submenu: mac ? [{ role: 'close' }] : [settings, line, { role: 'quit' }] },
    {
      label: '&Edit',
      submenu: [
        { role: 'undo' },
        { role: 'redo' },
        line,
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
      ],
    },
    {
      label: '&View',
      submenu: [
        { role: 'reload' },
        line,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        line,
        { role: 'togglefullscreen' },
        ...(packaged ? [] : [line, { role: 'toggleDevTools' } satisfies MenuItemConstructorOptions]),
      ],
    },
    {
      label: '&Window',
      role: 'window',
      submenu: [{ role: 'minimize' }, { role: 'zoom' }, ...(mac ? [line, { role: 'front' } as const] : [])],
    },
    ...(mac ? [] : [{ label: '&Help', role: 'help', submenu: [about] } satisfies MenuItemConstructorOptions]),
  ];
}
