/** Debian's Chromium, without a display and without a word to anybody on the network. */
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';

const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(...more: readonly string[]): Promise<Browser> {
  const args = [...browserArguments, ...more];
  return chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args });
}
