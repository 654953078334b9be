import type { MenuItemConstructorOptions } from 'electron';
import { describe, expect, it } from 'vitest';
import { menuTemplate } from '../../../../electron/hosts/desktop/menu.ts';

type Items = readonly MenuItemConstructorOptions[];

const menu = (platform: NodeJS.Platform): Items => menuTemplate({ platform, packaged: true, showSettings: () => {} });
const labels = (items: Items) => items.map(item => item.label);
const under = (items: Items, label: string): Items => {
  const submenu = items.find(item => item.label === label)?.submenu;
  return Array.isArray(submenu) ? submenu : [];
};
const roles = (items: Items, label: string) => under(items, label).flatMap(item => item.role ?? []);

describe('the menu', () => {
  it.each(['linux', 'win32'] as const)('has each thing where %s has it', platform => {
    const items = menu(platform);
    expect(labels(items)).toEqual(['&File', '&Edit', '&View', '&Window', '&Help']);
    expect(labels(under(items, '&File'))).toContain('Settings');
    expect(roles(items, '&File')).toEqual(['quit']);
    expect(roles(items, '&Edit')).toEqual(['undo', 'redo', 'cut', 'copy', 'paste', 'selectAll']);
    expect(roles(items, '&Window')).toEqual(['minimize', 'zoom']);
    expect(roles(items, '&Help')).toEqual(['about']);
  });

  it('has each thing where a Mac has it', () => {
    const items = menu('darwin');
    expect(labels(items)).toEqual(['Signet', '&File', '&Edit', '&View', '&Window']);
    expect(roles(items, 'Signet')).toEqual(['about', 'services', 'hide', 'hideOthers', 'unhide', 'quit']);
    expect(under(items, 'Signet').find(item => item.label === 'Settings…')?.accelerator).toBe('CmdOrCtrl+,');
    expect(roles(items, '&File')).toEqual(['close']);
    expect(roles(items, '&Window')).toEqual(['minimize', 'zoom', 'front']);
  });
});
