/** OpenDKIM (2.9 to 2.11). Its tables are edited as text, its configuration only where tables are missing or two keys must sign. */
import type { SignerDriver } from '../api.ts';
import type { OpenDkimFacts } from './opendkim/facts.ts';
import { planOpenDkim } from './opendkim/plan.ts';
import { restoreOpenDkim } from './opendkim/restore.ts';
import { scanOpenDkim } from './opendkim/scan.ts';
import { settingsOpenDkim } from './opendkim/settings.ts';
import { viewOpenDkim } from './opendkim/view.ts';

export const driver: SignerDriver<OpenDkimFacts> = {
  id: 'opendkim',
  detect: async host => (await host.exec(['opendkim', '-V'])).code === 0,
  scan: scanOpenDkim,
  view: viewOpenDkim,
  office: { signs: 'dkim', judges: 'signatures' },
  settings: settingsOpenDkim,
  plan: planOpenDkim,
  restore: restoreOpenDkim,
};
