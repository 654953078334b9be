/** The desktop app in Electron itself, where its runtime is: visibly skipped elsewhere. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { _electron } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { whyNoDesktop } from '../../../../.config/electron-runtime.ts';
import { build } from '../../../tools/built.ts';
import { temporaryHome } from '../../../tools/homes.ts';

const runtime = whyNoDesktop(process.env);

it('opens its window and answers the page', async ({ skip }) => {
  if ('reason' in runtime) return skip(runtime.reason);
  const built = await build('main', 'preload', 'renderer');
  onTestFinished(() => built.remove());
  const home = temporaryHome();
  writeFileSync(join(built.folder, 'package.json'), '{"name":"signet","type":"module","main":"main/main.js"}');
  const app = await _electron.launch({
    executablePath: runtime.path,
    args: [built.folder],
    env: { ...process.env, SIGNET_HOME: home, SIGNET_VAULT: 'passphrase' },
  });
  onTestFinished(() => app.close());
  const page = await app.firstWindow();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  expect(page.url()).toMatch(/^signet:\/\/app\//);
  expect(await page.evaluate("signet.call('servers.list', {}, 'test')")).toEqual({ result: [] });
  expect(await page.evaluate('typeof require')).toBe('undefined');
}, 60_000);
