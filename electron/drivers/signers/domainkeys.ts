/** Signet's own milter for DomainKeys (domainkeys/milter.pl): signs with them, and verifies incoming mail by every rule of the sender. */
import type { SignerDriver } from '../api.ts';
import type { DomainKeysFacts } from './domainkeys/facts.ts';
import { paths } from './domainkeys/places.ts';
import { planDomainKeys } from './domainkeys/plan.ts';
import { restoreDomainKeys } from './domainkeys/restore.ts';
import { scanDomainKeys } from './domainkeys/scan.ts';
import { settingsDomainKeys } from './domainkeys/settings.ts';
import { viewDomainKeys } from './domainkeys/view.ts';

export const driver: SignerDriver<DomainKeysFacts> = {
  id: 'domainkeys',
  detect: async host => (await host.stat(paths.config)) !== null,
  scan: scanDomainKeys,
  view: viewDomainKeys,
  office: { signs: 'domainkeys', judges: 'policies' },
  settings: settingsDomainKeys,
  plan: planDomainKeys,
  restore: restoreDomainKeys,
};
