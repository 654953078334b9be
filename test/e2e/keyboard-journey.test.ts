/** The main journey without a mouse. Each test builds on the one before. */
import { describe, expect, test } from 'vitest';
import { useHosts } from '../tools/hosts.ts';
import { check, labServer } from '../tools/lab.ts';
import { useApp } from './app.ts';
import { Keyboard } from './keyboard.ts';
import {
  button,
  dialog,
  endOfRun,
  expectShown,
  expectText,
  message,
  rowOf,
  runDetail,
  selectionStatus,
} from './steps.ts';

useHosts('s2', 's3');

const app = useApp();
const keys = (): Keyboard => new Keyboard(app.page);
const signed = ['s2', 'firma0001-s2.example'] as const;
const leftOut = ['s3', 'firma0001-s3.example'] as const;

async function addServer(name: string): Promise<void> {
  const { page } = app;
  const keyboard = keys();
  const { config, identity, fingerprint } = await labServer(name);
  const form = dialog(page, 'Add server');
  await expect.poll(() => keyboard.isOn(form.getByRole('textbox', { name: 'Address' }))).toBe(true);
  await keyboard.type(config.host);
  await keyboard.tabTo(form.getByRole('textbox', { name: 'Name', exact: true }));
  await keyboard.type(name);
  await keyboard.tabTo(form.getByRole('textbox', { name: 'User' }));
  await keyboard.type(config.user);
  await keyboard.tabTo(form.getByRole('radio', { name: 'SSH agent' }));
  await keyboard.press('ArrowRight');
  expect(await form.getByRole('radio', { name: 'Key file' }).isChecked()).toBe(true);
  await keyboard.tabTo(form.getByRole('textbox', { name: 'Key file' }));
  await keyboard.type(identity);
  await keyboard.press('Enter');
  await expectShown(form.getByText(fingerprint));
  await keyboard.tabTo(form.getByRole('checkbox', { name: 'The fingerprint is the same' }));
  await keyboard.press('Space');
  await keyboard.tabTo(button(form, 'Add server'));
  await keyboard.press('Enter');
  await form.waitFor({ state: 'hidden' });
  await rowOf(page, name, 'opendkim').waitFor({ timeout: 60_000 });
}

async function apply(): Promise<string> {
  const { page } = app;
  const keyboard = keys();
  // until the plan is there, there is nothing to apply
  await expect.poll(() => button(page, 'Apply').isEnabled(), { timeout: 30_000 }).toBe(true);
  await keyboard.press('a');
  const question = page.getByRole('alertdialog', { name: /^Apply to/ });
  await expectShown(question);
  await keyboard.tabTo(button(question, 'Apply'));
  await keyboard.press('Enter');
  return endOfRun(page);
}

test('two servers are added', async () => {
  const keyboard = keys();
  await keyboard.tabTo(button(app.page, 'Add server'));
  await keyboard.press('Enter');
  await addServer('s2');
  await keyboard.press('n');
  await addServer('s3');
  await expectText(app.page.getByRole('status', { name: 'Fleet status' }), /^2 servers, scanned/);
});

test('the filter and all that it shows', async () => {
  const { page } = app;
  const keyboard = keys();
  await keyboard.press('g', 'd', '/');
  expect(await keyboard.isOn(page.getByRole('searchbox', { name: 'Filter domains' }))).toBe(true);
  await keyboard.type('signing:off firma0001');
  await expectText(selectionStatus(page), '2 of 40 domains');
  await keyboard.tabTo(page.getByRole('checkbox', { name: 'Select all domains' }));
  await keyboard.press('Space');
  await expectText(selectionStatus(page), '2 of 40 selected');
});

test('in the grid: arrows move, Space and Shift select, Ctrl+A selects all', async () => {
  const { page } = app;
  const keyboard = keys();
  await keyboard.press('/');
  await keyboard.type('signing:off');
  await keyboard.tabTo(page.getByRole('grid', { name: 'Domains' }).getByRole('row').nth(1));
  await keyboard.press('ArrowDown', 'ArrowDown', 'Space');
  await expectText(selectionStatus(page), '3 of 40 selected');
  await keyboard.press('Shift+ArrowDown', 'Shift+ArrowDown');
  await expectText(selectionStatus(page), '5 of 40 selected');
  await keyboard.press('End', 'ControlOrMeta+a');
  await expectText(selectionStatus(page), '40 of 40 selected');
  // one press takes all back, another pair is chosen again
  await keyboard.tabTo(page.getByRole('checkbox', { name: 'Select all domains' }), 'Shift+Tab');
  await keyboard.press('Space');
  await expectText(selectionStatus(page), '40 domains');
  await keyboard.press('/');
  await keyboard.type('signing:off firma0001');
  await keyboard.tabTo(page.getByRole('checkbox', { name: 'Select all domains' }));
  await keyboard.press('Space');
  await expectText(selectionStatus(page), '2 of 40 selected');
});

test('Group Operations', async () => {
  const { page } = app;
  const keyboard = keys();
  await keyboard.press('o');
  const operations = dialog(page, 'Group Operations');
  await expectShown(operations);
  const signing = operations.getByRole('radiogroup', { name: /^Use DomainKeys/ });
  await keyboard.tabTo(signing.getByRole('radio', { name: 'Do not change' }));
  await keyboard.press('ArrowRight');
  await expectText(operations.getByRole('status'), 'Generates 2 keys, stages 2 pending changes.');
  await keyboard.tabTo(button(operations, 'OK'));
  await keyboard.press('Enter');
  await operations.waitFor({ state: 'hidden', timeout: 30_000 });
});

test('Pending changes: a diff is read, one is left out, and it is applied', async () => {
  const { page } = app;
  const keyboard = keys();
  await keyboard.press('g', 'p');
  const tree = page.getByRole('treegrid', { name: 'Pending changes' });
  await keyboard.tabTo(tree.getByRole('row').nth(1));
  await keyboard.press('ArrowDown');
  const change = page.getByRole('region', { name: `Change of ${signed[1]} on ${signed[0]}` });
  await expectShown(change.getByRole('group', { name: /signing\.table$/ }));
  await keyboard.press('End', 'Space');
  await expectShown(page.getByText('2 changes, 1 left out this time'));
  expect(await apply()).toBe('Applied');
  expect(await check.signed(...signed)).toMatchObject({ ok: true });
  expect(await check.signed(...leftOut)).toMatchObject({ reason: 'no DKIM-Signature header' });
});

test('a panel opens with Enter and closes with Escape, which gives the focus back', async () => {
  const { page } = app;
  const keyboard = keys();
  await keyboard.press('g', 'd', '/');
  await keyboard.type(signed[1]);
  const row = rowOf(page, signed[1]);
  await keyboard.tabTo(row);
  await keyboard.press('Enter');
  const panel = page.getByRole('complementary', { name: `${signed[1]} on ${signed[0]}` });
  await expectShown(panel);
  await keyboard.tabTo(panel.getByRole('checkbox'));
  await keyboard.press('Escape');
  await panel.waitFor({ state: 'hidden' });
  await expect.poll(() => keyboard.isOn(row)).toBe(true);
});

test('the run is undone', async () => {
  const { page } = app;
  const keyboard = keys();
  await keyboard.press('g', 'r');
  await keyboard.tabTo(button(runDetail(page), 'Undo'));
  await keyboard.press('Enter');
  await expectShown(message(page, '1 inverse change staged. Review and apply them.'));
  await keyboard.press('g', 'p');
  expect(await apply()).toBe('Applied');
  expect(await check.signed(...signed)).toMatchObject({ reason: 'no DKIM-Signature header' });
});

describe('besides', () => {
  test('the command palette finds a server, and the shortcuts are listed under ?', async () => {
    const { page } = app;
    const keyboard = keys();
    await keyboard.press('ControlOrMeta+k');
    await expectShown(dialog(page, 'Commands'));
    await keyboard.type('open s3');
    await keyboard.press('ArrowDown', 'Enter');
    await expectShown(page.getByRole('complementary', { name: 'Server s3' }));
    await keyboard.press('Escape', '?');
    await expectShown(dialog(page, 'Keyboard shortcuts'));
    await keyboard.press('Escape');
    await dialog(page, 'Keyboard shortcuts').waitFor({ state: 'hidden' });
  });

  test('the content can be gone to past the side bar', async () => {
    const { page } = app;
    await page.reload();
    await expectShown(page.getByRole('navigation', { name: 'Main' }));
    const keyboard = keys();
    await keyboard.press('Tab');
    expect(await keyboard.isOn(page.getByRole('link', { name: 'Skip to the content' }))).toBe(true);
    await keyboard.press('Enter');
    expect(await keyboard.isOn(page.getByRole('main'))).toBe(true);
  });
});
