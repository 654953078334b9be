/** Keys rotated, a compromised one replaced, and what a server does with incoming mail, in the window. Each test builds on the one before. */
import { describe, expect, test } from 'vitest';
import { signetOk } from '../tools/cli.ts';
import { addAndScan } from '../tools/fleet.ts';
import { useHosts } from '../tools/hosts.ts';
import { check } from '../tools/lab.ts';
import { useApp } from './app.ts';
import {
  applyAll,
  button,
  dialog,
  expectShown,
  expectText,
  filterDomains,
  go,
  mailSettingsRow,
  message,
  rowOf,
  textOf,
} from './steps.ts';

const server = 's4';
const domains = ['firma0001-s4.example', 'firma0002-s4.example'] as const;
const [first, second] = domains;

useHosts(server);

const app = useApp({
  prepare: async home => {
    await addAndScan(home, server);
    await signetOk(['signing', 'on', ...domains, '--key', 'rsa1024'], { home });
    await signetOk(['apply', '--yes'], { home });
  },
});

/** As the table shows it. */
async function selectorOf(domain: string): Promise<string> {
  const { page } = app;
  await go.domains(page);
  await filterDomains(page, domain);
  return textOf(rowOf(page, domain).locator('.selector'));
}

describe('a rotation', () => {
  test('is chosen alone, and says in numbers what OK will do', async () => {
    const { page } = app;
    await go.domains(page);
    await filterDomains(page, 'signing:on');
    await page.getByRole('checkbox', { name: 'Select all domains' }).check();
    await button(page, 'Group Operations').click();
    const operations = dialog(page, 'Group Operations');
    const rotate = operations.getByRole('checkbox', { name: 'Rotate keys' });
    await operations
      .getByRole('radiogroup', { name: /DomainKeys/ })
      .getByText('Switch off')
      .click();
    expect(await rotate.isDisabled()).toBe(true);
    await operations
      .getByRole('radiogroup', { name: /DomainKeys/ })
      .getByText('Do not change')
      .click();
    await operations.getByText('Rotate keys', { exact: true }).click();
    for (const radio of await operations.getByRole('radio').all()) expect(await radio.isDisabled()).toBe(true);
    await expectText(
      operations.getByRole('status'),
      'Generates 2 keys, stages 2 pending changes. Nothing is sent to a server yet.',
    );
    await button(operations, 'OK').click();
    await expectShown(message(page, '2 changes staged. Nothing was sent to a server.'));
  });

  test('is applied: mail is signed with the new keys, and the old ones are due later', async () => {
    const { page } = app;
    const before = await selectorOf(first);
    await go.pending(page);
    await rowOf(page, first, 'Rotate keys').click();
    await expectText(page.getByRole('region', { name: `Change of ${first} on ${server}` }), /instead of/);
    expect(await applyAll(page)).toBe('Applied');
    await expect.poll(() => selectorOf(first)).not.toBe(before);
    const now = await selectorOf(first);
    expect(await check.signed(server, first, { selector: now })).toMatchObject({ ok: true });
    await go.keys(page);
    const due = page.getByRole('region', { name: 'Due' });
    await expectText(due.getByRole('listitem').filter({ hasText: first }), new RegExp(`retire ${before}.*in`));
  });
});

describe('a compromised key', () => {
  test('is named by the panel of its domain, and every place of it is shown before OK', async () => {
    const { page } = app;
    const selector = await selectorOf(second);
    await rowOf(page, second).click();
    const card = page.getByRole('complementary').getByRole('listitem').filter({ hasText: 'In use' });
    await card.getByRole('link', { name: /^Somebody else has this key/ }).click();
    const compromised = dialog(page, 'Compromised key');
    expect(await compromised.getByRole('textbox', { name: 'Key' }).inputValue()).toBe(
      `${selector}._domainkey.${second}`,
    );
    await expectText(compromised.getByRole('list', { name: 'Where it is' }), new RegExp(`${second}.*${server}`));
    await expectText(compromised.getByRole('status'), /^Generates 1 key, stages 1 pending change\./);
  });

  test('that nobody has is said to be unknown', async () => {
    const { page } = app;
    const name = dialog(page, 'Compromised key').getByRole('textbox', { name: 'Key' });
    const known = await name.inputValue();
    await name.fill(`nobody._domainkey.${second}`);
    await expectShown(dialog(page, 'Compromised key').getByText('No server and no zone that Signet has scanned holds'));
    expect(await button(dialog(page, 'Compromised key'), 'OK').isEnabled()).toBe(false);
    await name.fill(known);
  });

  test('is replaced and revoked at once', async () => {
    const { page } = app;
    const name = await dialog(page, 'Compromised key').getByRole('textbox', { name: 'Key' }).inputValue();
    const [leaked = ''] = name.split('.');
    await button(dialog(page, 'Compromised key'), 'OK').click();
    await expectText(rowOf(page, second, 'Rotate keys'), second);
    expect(await applyAll(page)).toBe('Applied');
    await expect.poll(() => selectorOf(second)).not.toBe(leaked);
    const now = await selectorOf(second);
    expect(await check.signed(server, second, { selector: now })).toMatchObject({ ok: true });
    expect(await check.txt(`${leaked}._domainkey.${second}`, { equals: 'v=DKIM1; k=rsa; p=' })).toMatchObject({
      ok: true,
    });
  });
});

describe('Mail settings', () => {
  const panel = () => app.page.getByRole('complementary', { name: `Server ${server}` });

  test('show what is, and OK stages what differs', async () => {
    const { page } = app;
    await go.servers(page);
    await rowOf(page, server).first().click();
    expect(await panel().getByRole('checkbox', { name: 'Allow signing outgoing mail' }).isChecked()).toBe(true);
    expect(await panel().getByRole('checkbox', { name: 'Verify incoming mail' }).isChecked()).toBe(true);
    expect(await button(panel(), 'OK').isEnabled()).toBe(false);
    const failing = panel().getByRole('radiogroup', { name: 'Failing mail' });
    expect(await failing.getByRole('radio', { name: 'Tag' }).isChecked()).toBe(true);
    expect(await failing.getByRole('radio').count()).toBe(3);
    await failing.getByText('Discard', { exact: true }).click();
    await expectText(panel().getByRole('status'), 'Stages 1 pending change.');
    await button(panel(), 'OK').click();
    await expectShown(panel().getByText('Staged: Verify incoming mail, discard what fails, signatures only.'));
  });

  test('are one pending change of the server, with its exact lines', async () => {
    const { page } = app;
    await go.pending(page);
    await mailSettingsRow(page).click();
    const change = page.getByRole('region', { name: `Change of Mail settings on ${server}` });
    await expectText(change.getByRole('group', { name: /opendkim\.conf$/ }), /On-BadSignature/);
    expect(await applyAll(page)).toBe('Applied');
    const failing = { signature: 'bad' } as const;
    expect(await check.inbound(server, first, failing)).toMatchObject({ outcome: 'discarded' });
    expect(await check.inbound(server, first, { signature: 'none' })).toMatchObject({ outcome: 'delivered' });
  });

  test('Allow signing off says how many domains it ends, and ticked again takes all of it back', async () => {
    const { page } = app;
    await go.servers(page);
    await rowOf(page, server).first().click();
    await panel().getByText('Allow signing outgoing mail', { exact: true }).click();
    await expectText(panel().getByRole('status'), 'Stages 3 pending changes. Signing of 2 domains ends with it.');
    await button(panel(), 'OK').click();
    await expectShown(panel().getByText(/^Staged: Allow no signing of outgoing mail/));
    expect(await panel().getByRole('checkbox', { name: 'Allow signing outgoing mail' }).isChecked()).toBe(false);
    await panel().getByText('Allow signing outgoing mail', { exact: true }).click();
    await expectText(panel().getByRole('status'), 'Takes back 3 pending changes.');
    await button(panel(), 'OK').click();
    await expectShown(message(page, /taken back/));
    await expectText(panel().getByRole('status'), /^$/);
    // the keys of the rotation still wait to be retired
    await go.pending(page);
    await expectShown(rowOf(page, 'Retire key'));
    expect(await rowOf(page, 'Switch off').count()).toBe(0);
  });
});
