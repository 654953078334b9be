/** Postfix 2.10 and later (`postconf -x`). Read only: nothing of it is ever changed. */
import type { MtaDriver } from '../api.ts';
import type { PostfixFacts } from './postfix/facts.ts';
import { scanPostfix } from './postfix/scan.ts';
import { viewPostfix } from './postfix/view.ts';

export const driver: MtaDriver<PostfixFacts> = {
  id: 'postfix',
  detect: async host => (await host.exec(['postconf', '-h', 'mail_version'])).code === 0,
  scan: scanPostfix,
  view: viewPostfix,
};
