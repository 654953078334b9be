import type { Settings } from '../../shared/settings.ts';
import { readRemembered, remember } from './storage.ts';

const key = 'signet.theme';
type Theme = Settings['theme'];

function isTheme(value: unknown): value is Theme {
  return value === 'system' || value === 'light' || value === 'dark';
}

/**
 * Sets the theme on the document. Without an argument, the one that was last in use here: the settings arrive after the
 * first paint, and a flash of the other theme is worse than a guess.
 */
export function applyTheme(theme: Theme = readRemembered(key, isTheme) ?? 'system'): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  remember(key, theme);
}
