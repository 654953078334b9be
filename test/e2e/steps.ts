/** What a person does in the window, by the names that UI.md promises. */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { labServer } from '../tools/lab.ts';

export const go = {
  domains: (page: Page) => follow(page, 'Domains'),
  servers: (page: Page) => follow(page, 'Servers'),
  pending: (page: Page) => follow(page, 'Pending changes'),
  runs: (page: Page) => follow(page, 'Runs'),
  keys: (page: Page) => follow(page, 'Keys'),
  settings: (page: Page) => follow(page, 'Settings'),
} as const;

async function follow(page: Page, screen: string): Promise<void> {
  // the count of the pending changes is a part of that link's name
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: screen }).click();
  await page.getByRole('heading', { level: 1, name: screen }).waitFor();
}

export const button = (scope: Page | Locator, name: string | RegExp): Locator =>
  scope.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });

export const dialog = (page: Page, name: string | RegExp): Locator => page.getByRole('dialog', { name });

export const domainsGrid = (page: Page): Locator => page.getByRole('grid', { name: 'Domains', exact: true });

/** The row of a domain, in any grid. */
export const rowOf = (page: Page, ...texts: readonly string[]): Locator =>
  texts.reduce<Locator>((rows, text) => rows.filter({ hasText: text }), page.getByRole('row'));

/** The pending change of a server's mail settings, which is of no domain. */
export const mailSettingsRow = (page: Page): Locator => page.getByRole('row', { name: /^Include Mail settings/ });

/** One of the short messages at the foot of the window. */
export const message = (page: Page, text: string | RegExp): Locator =>
  page.getByRole('log', { name: 'Messages' }).getByText(text);

export const selectionStatus = (page: Page): Locator => page.getByRole('status', { name: 'Selection' });

export async function textOf(locator: Locator): Promise<string> {
  return ((await locator.textContent()) ?? '').replaceAll(/\s+/g, ' ').trim();
}

const later = (text: string, milliseconds: number): Promise<string> =>
  new Promise(resolve => setTimeout(resolve, milliseconds, text));

/** Waits until the element expectText `text`: what is shown follows what the engine tells. */
export async function expectText(locator: Locator, text: string | RegExp, timeout = 15_000): Promise<void> {
  const now = () => textOf(locator.first()).catch(() => '');
  await expect.poll(() => Promise.race([now(), later('(not there)', 1000)]), { timeout, interval: 100 }).toMatch(text);
}

export async function expectShown(locator: Locator, timeout = 15_000): Promise<void> {
  await locator.first().waitFor({ timeout });
}

/** The dialog, filled in for a host of the lab; its host key is not asked for yet. */
export async function fillServer(page: Page, name: string): Promise<Locator> {
  const { config, identity } = await labServer(name);
  const form = dialog(page, 'Add server');
  await form.getByRole('textbox', { name: 'Address' }).fill(config.host);
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await form.getByRole('textbox', { name: 'User' }).fill(config.user);
  // the radio itself is not to be seen: its label is what one clicks on
  await form.getByText('Key file', { exact: true }).first().click();
  await form.getByRole('textbox', { name: 'Key file' }).fill(identity);
  return form;
}

/** Adds a host of the lab, comparing its host key as a careful person does, and waits for its scan. */
export async function addServer(page: Page, name: string): Promise<void> {
  const { fingerprint } = await labServer(name);
  await button(page, 'Add server').first().click();
  const form = await fillServer(page, name);
  await button(form, 'Get host key').click();
  const hostKey = form.getByRole('region', { name: 'Host key' });
  await hostKey.waitFor();
  expect(await textOf(hostKey.locator('.fingerprint code'))).toBe(fingerprint);
  expect(await button(form, 'Add server').isEnabled()).toBe(false);
  await form.getByText('The fingerprint is the same').click();
  await button(form, 'Add server').click();
  await form.waitFor({ state: 'hidden' });
  await message(page, '1 server scanned.').waitFor({ timeout: 60_000 });
  await button(page.getByRole('log', { name: 'Messages' }), 'Dismiss')
    .first()
    .click();
}

export async function filterDomains(page: Page, text: string): Promise<void> {
  await page.getByRole('searchbox', { name: 'Filter domains' }).fill(text);
}

/** Chooses in one of the rows of Group Operations. */
export async function choose(page: Page, group: RegExp, choice: string): Promise<void> {
  await dialog(page, 'Group Operations').getByRole('radiogroup', { name: group }).getByText(choice).click();
}

/** Group Operations for what is selected: switches signing and stages it. */
export async function switchSigning(page: Page, choice: 'Switch on' | 'Switch off'): Promise<void> {
  await button(page, 'Group Operations').click();
  await choose(page, /DomainKeys/, choice);
  const ok = button(dialog(page, 'Group Operations'), 'OK');
  await ok.click();
  await dialog(page, 'Group Operations').waitFor({ state: 'hidden', timeout: 60_000 });
}

/** Confirms Apply and waits for the end of the run: its outcome. */
export async function applyAll(page: Page): Promise<string> {
  await startApply(page);
  return endOfRun(page);
}

/** Apply, and the one question that it asks. */
export async function startApply(page: Page): Promise<void> {
  await button(page, 'Apply').click();
  const question = page.getByRole('alertdialog', { name: /^Apply to/ });
  await button(question, 'Apply').click();
}

/** The outcome of the run that is shown, once it has one. */
export async function endOfRun(page: Page, timeout = 120_000): Promise<string> {
  await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
  // the run before is shown until this one is there; the status bar knows at once
  await page.getByRole('contentinfo').getByText('Applying').waitFor({ state: 'hidden', timeout });
  const outcome = runDetail(page).locator('h2 .badge');
  await expect
    .poll(() => textOf(outcome.first()).catch(() => 'Running'), { timeout, interval: 200 })
    .not.toBe('Running');
  return textOf(outcome.first());
}

export const runDetail = (page: Page): Locator => page.getByRole('region', { name: /^Run of/ });

/** The line of a server in the run that is shown. */
export const serverLine = (page: Page, server: string): Locator =>
  page.getByRole('list', { name: 'Servers of this run' }).getByRole('listitem').filter({ hasText: server });
