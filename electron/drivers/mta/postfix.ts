/** Postfix 2.10 and later (`postconf -x`). Only the lists of filters in main.cf are ever changed. */
import type { MtaDriver } from '../api.ts';
import type { PostfixFacts } from './postfix/facts.ts';
import { planPostfix, restorePostfix } from './postfix/plan.ts';
import { scanPostfix } from './postfix/scan.ts';
import { viewPostfix } from './postfix/view.ts';

export const driver: MtaDriver<PostfixFacts> = {
  id: 'postfix',
  detect: async host => (await host.exec(['postconf', '-h', 'mail_version'])).code === 0,
  scan: scanPostfix,
  view: viewPostfix,
  plan: planPostfix,
  restore: restorePostfix,
};
