/**
 * A laptop on a train: no server can be reached, and two days have passed since the last scan. Each test builds on the one
 * before.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome, type Home } from '../tools/cli.ts';
import { addAndScan, ask } from '../tools/fleet.ts';
import { useHosts } from '../tools/hosts.ts';
import { fault } from '../tools/lab.ts';
import { useApp } from './app.ts';
import { openPage, startEngine, type Engine } from './browser.ts';
import {
  applyAll,
  button,
  dialog,
  expectShown,
  expectText,
  filterDomains,
  go,
  message,
  rowOf,
  selectionStatus,
  switchSigning,
  textOf,
} from './steps.ts';

const server = 's4';
const domain = 'firma0001-s4.example';
const passphrase = `sealed ${crypto.randomUUID()}`;

/** Another admin with another laptop, who knows the same server. */
let colleague: Home;
let colleagueEngine: Engine | undefined;

useHosts(server);

const app = useApp({
  prepare: async home => {
    colleague = await makeHome();
    await addAndScan(home, server);
    await addAndScan(colleague, server);
    await fault.stop(server, 'ssh');
  },
});
beforeAll(async () => {
  await app.page.clock.setFixedTime(Date.now() + 2 * 86_400_000);
  await app.page.reload();
});
afterAll(async () => {
  await fault.heal(server);
  await colleagueEngine?.stop();
  await colleague.remove();
});

/** What "Save file" saves. */
async function savedBy(page: Page, save: () => Promise<void>): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), save()]);
  return readFile(await download.path(), 'utf8');
}

async function exportPending(seal: string | null): Promise<string> {
  const { page } = app;
  await button(page, 'Export').click();
  const form = dialog(page, 'Export');
  if (seal !== null) {
    await form.getByText('Include the private keys, sealed with a passphrase').click();
    await form.getByRole('textbox', { name: 'Passphrase', exact: true }).fill(seal);
    expect(await button(form, 'Save file').isEnabled()).toBe(false);
    await form.getByRole('textbox', { name: 'Passphrase again' }).fill(seal);
  }
  return savedBy(page, () => button(form, 'Save file').click());
}

async function importPending(page: Page, text: string, seal: string): Promise<void> {
  await button(page, 'Import').click();
  const form = dialog(page, 'Import');
  const chooser = page.waitForEvent('filechooser');
  await button(form, 'Choose file').click();
  await (await chooser).setFiles({ name: 'pending.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await expectShown(form.getByText('pending.json'));
  await form.getByRole('textbox', { name: 'Passphrase' }).fill(seal);
  await button(form, 'Import').click();
}

describe('what is known', () => {
  test('is shown, with its age', async () => {
    const { page } = app;
    await expectText(selectionStatus(page), '20 domains');
    await expectText(page.getByRole('status', { name: 'Fleet status' }), '1 server, scanned 2 days ago');
    await rowOf(page, domain).click();
    await expectShown(page.getByRole('complementary').getByText(`on ${server}, scanned 2 days ago`));
    await button(page, 'Close panel').click();
    // rows whose facts are old look so
    expect(await rowOf(page, domain).getAttribute('class')).toContain('stale');
  });

  test('a scan says what cannot be reached and what to do, and keeps what was known', async () => {
    const { page } = app;
    await button(page, 'Scan').click();
    await expectShown(message(page, '0 servers scanned, 1 could not be.'), 60_000);
    await expectText(page.getByRole('status', { name: 'Fleet status' }), '1 server, 1 unreachable, scanned 2 days ago');
    await expectText(selectionStatus(page), '20 domains');
    await go.servers(page);
    await rowOf(page, server).click();
    const panel = page.getByRole('complementary', { name: `Server ${server}` });
    await expectText(panel.locator('.problem.stop .problem-message'), /10\.99\.1\.5/);
    expect(await textOf(panel.locator('.problem.stop .problem-hint').first())).not.toBe('');
    await button(panel, 'Close panel').click();
  });
});

describe('pending changes', () => {
  test('are staged and reviewed', async () => {
    const { page } = app;
    await go.domains(page);
    await filterDomains(page, 'firma000');
    await page.getByRole('checkbox', { name: 'Select all domains' }).check();
    await switchSigning(page, 'Switch on');
    await go.pending(page);
    await rowOf(page, domain).click();
    const change = page.getByRole('region', { name: `Change of ${domain}` });
    await expectText(change.getByRole('group', { name: /signing\.table$/ }), domain);
    await expectText(change, 'planned from the scan of 2 days ago');
  });

  let sealed = '';
  test('are exported: without private keys, or with sealed ones', async () => {
    const open = await exportPending(null);
    await expectShown(message(app.page, '9 pending changes exported, without private keys.'));
    sealed = await exportPending(passphrase);
    await expectShown(message(app.page, '9 pending changes exported, with sealed keys.'));
    for (const text of [open, sealed]) {
      expect(text).toContain(domain);
      expect(text).not.toMatch(/PRIVATE KEY/);
      expect(text).not.toContain(passphrase);
    }
  });

  test('are imported by a colleague, who is asked for the passphrase and sees the very same change', async () => {
    colleagueEngine = await startEngine(colleague);
    const { page, complaints } = await openPage(app.browser, colleagueEngine.url);
    await go.pending(page);
    await importPending(page, sealed, 'not this one');
    await expectShown(dialog(page, 'Import').locator('.problem-message'), 60_000);
    await dialog(page, 'Import').getByRole('textbox', { name: 'Passphrase' }).fill(passphrase);
    await button(dialog(page, 'Import'), 'Import').click();
    await expectText(dialog(page, 'Import').getByRole('status'), '9 changes imported, 0 there already.', 60_000);
    await button(dialog(page, 'Import'), 'Close').last().click();
    await rowOf(page, domain).click();
    const theirs = page.getByRole('region', { name: `Change of ${domain}` }).locator('.fingerprint-line');
    const ours = app.page.getByRole('region', { name: `Change of ${domain}` }).locator('.fingerprint-line');
    await expectShown(theirs);
    expect(await theirs.allTextContents()).toEqual(await ours.allTextContents());
    // what is there already is not staged twice
    await importPending(page, sealed, passphrase);
    await expectText(dialog(page, 'Import').getByRole('status'), '0 changes imported, 9 there already.', 60_000);
    expect(complaints.take()).toEqual([]);
    await page.context().close();
  });

  test('can be dropped, all but the one that is left out', async () => {
    const { page } = app;
    await go.pending(page);
    await page.getByRole('checkbox', { name: `Include ${domain} on ${server} (Switch on)` }).uncheck();
    await button(page, 'Drop').click();
    await button(page.getByRole('alertdialog', { name: 'Drop 8 pending changes?' }), 'Drop').click();
    await expectShown(message(page, '8 pending changes dropped.'));
    await expectShown(page.getByText('1 change, 1 left out this time'));
    await page.getByRole('checkbox', { name: `Include ${domain} on ${server} (Switch on)` }).check();
  });
});

describe('what needs a connection says so', () => {
  test('Apply: nothing was done, and the change is still there', async () => {
    const { page } = app;
    expect(await applyAll(page)).not.toBe('Applied');
    await expectText(
      page.getByRole('region', { name: /^Run of/ }),
      /cannot be reached|could not be reached|did not answer/,
    );
    await go.pending(page);
    await expectShown(rowOf(page, domain));
  });

  test('Verify', async () => {
    const { page } = app;
    await go.domains(page);
    await button(page, 'Verify').click();
    await expectShown(message(page, '0 of 9 rows are signed and proven.'), 60_000);
    await expectShown(message(page, /10\.99\.1\.5/));
  });

  test('and works again when it is back', async () => {
    const { page } = app;
    await fault.heal(server);
    await button(page, 'Scan').click();
    await expectShown(message(page, '1 server scanned.'), 60_000);
    await go.pending(page);
    expect(await applyAll(page)).toBe('Applied');
    await app.engine.stop();
    expect((await ask.domains(app.home)).filter(row => row.signing === 'on').map(row => row.domain)).toEqual([domain]);
    app.complaints.expect(/WebSocket/);
  });
});
