/** A server that has no signer, from the refusal to signed mail, in the window. Each test builds on the one before. */
import { expect, test } from 'vitest';
import { addAndScan } from '../tools/fleet.ts';
import { useHosts } from '../tools/hosts.ts';
import { check } from '../tools/lab.ts';
import { useApp } from './app.ts';
import {
  applyAll,
  button,
  choose,
  dialog,
  expectShown,
  expectText,
  go,
  mailSettingsRow,
  rowOf,
  switchSigning,
} from './steps.ts';

const server = 'bare';
const domain = 'sklarna.example';

useHosts(server);

const app = useApp({ prepare: home => addAndScan(home, server) });

test('its domains cannot be switched on, and one click stages what would allow it', async () => {
  const { page } = app;
  await expectShown(rowOf(page, domain, 'Not allowed'));
  await page.getByRole('checkbox', { name: `Select ${domain} on ${server}` }).check();
  await button(page, 'Group Operations').click();
  await choose(page, /DomainKeys/, 'Switch on');
  const operations = dialog(page, 'Group Operations');
  await expectShown(operations.getByRole('heading', { name: '1 domain cannot be switched' }));
  expect(await button(operations, 'OK').isEnabled()).toBe(false);
  await button(operations, `${server} does not allow signing: allow it`).click();
  await expectShown(operations.getByText(`Allowing it on ${server} is staged: apply it, then switch the domains on.`));
  await button(operations, 'Cancel').click();
});

test('the package is named before it is installed, and no domain is signed by that alone', async () => {
  const { page } = app;
  await go.pending(page);
  await mailSettingsRow(page).click();
  const change = page.getByRole('region', { name: `Change of Mail settings on ${server}` });
  await expectShown(change.getByText('Installs package opendkim'));
  await expectText(change.getByRole('group', { name: /main\.cf$/ }), /smtpd_milters/);
  expect(await applyAll(page)).toBe('Applied');
  await go.domains(page);
  await expectShown(rowOf(page, domain, 'Off'));
  expect(await check.signed(server, domain)).toMatchObject({ reason: 'no DKIM-Signature header' });
});

test('then the domain is switched on, and its mail verifies', async () => {
  const { page } = app;
  const box = page.getByRole('checkbox', { name: `Select ${domain} on ${server}` });
  await box.setChecked(true);
  await switchSigning(page, 'Switch on');
  await go.pending(page);
  expect(await applyAll(page)).toBe('Applied');
  expect(await check.signed(server, domain)).toMatchObject({ ok: true });
});
