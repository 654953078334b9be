/**
 * BIND 9 (named): static zones are edited in their files, inline-signed ones in the unsigned file, dynamic ones by nsupdate.
 * electron/drivers/api.ts says what a driver promises.
 */
import type { DnsDriver } from '../api.ts';
import type { BindFacts } from './bind/facts.ts';
import { planBind } from './bind/plan.ts';
import { restoreBind } from './bind/restore.ts';
import { scanBind } from './bind/scan.ts';
import { bindView } from './bind/view.ts';

export const driver: DnsDriver<BindFacts> = {
  id: 'bind',
  async detect(host) {
    const found = await host.exec(['sh', '-c', 'command -v named && command -v rndc && command -v named-checkconf']);
    return found.code === 0;
  },
  scan: scanBind,
  view: bindView,
  plan: planBind,
  restore: restoreBind,
};
