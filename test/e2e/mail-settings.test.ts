/** What the Keys screen says is due, rotated from there; and mail settings that are staged, read and dropped. */
import { expect, test } from 'vitest';
import { signetOk } from '../tools/cli.ts';
import { addAndScan } from '../tools/fleet.ts';
import { useHosts } from '../tools/hosts.ts';
import { check } from '../tools/lab.ts';
import { useApp } from './app.ts';
import { applyAll, button, dialog, expectShown, expectText, go, message, rowOf, textOf } from './steps.ts';

const servers = ['s2', 's3'] as const;
const weak = servers.map(server => ({ server, domain: `firma0001-${server}.example` }));

useHosts(...servers);

const app = useApp({
  prepare: async home => {
    await addAndScan(home, ...servers);
    await signetOk(['signing', 'on', ...weak.map(({ domain }) => domain), '--key', 'rsa1024'], { home });
    await signetOk(['signing', 'on', 'firma0002-s2.example'], { home });
    await signetOk(['apply', '--yes'], { home });
  },
});

test('weak keys are due: what is shown is rotated to stronger ones, and mail verifies with them', async () => {
  const { page } = app;
  await go.keys(page);
  await page
    .getByRole('region', { name: 'Due' })
    .getByRole('button', { name: 'Rotate: 2 domains signed with keys below 2048' })
    .click();
  await expectText(page.getByRole('status', { name: 'Filter of the table' }), /^2 domains with/);
  await button(page, 'Rotate keys').click();
  const operations = dialog(page, 'Group Operations');
  await expectShown(operations.getByText('for 2 domains on 2 servers'));
  expect(await operations.getByRole('checkbox', { name: 'Rotate keys' }).isChecked()).toBe(true);
  await button(operations, /As it is now/).click();
  await page.getByRole('option', { name: 'RSA 2048', exact: true }).click();
  await expectText(operations.getByRole('status'), /^Generates 2 keys, stages 2 pending changes\./);
  await button(operations, 'OK').click();
  await expectShown(message(page, /^2 changes staged/));
  await go.pending(page);
  expect(await applyAll(page)).toBe('Applied');
  await go.keys(page);
  await expect.poll(() => page.getByRole('button', { name: /^Rotate: / }).count()).toBe(0);
  for (const { server, domain } of weak) {
    const selector = await textOf(rowOf(page, domain, 'On').locator('.selector'));
    expect(selector).not.toBe('');
    expect(await check.signed(server, domain, { selector })).toMatchObject({ ok: true });
  }
});

test('Verify incoming mail is staged, read line by line, and dropped', async () => {
  const { page } = app;
  const [server] = servers;
  await page.evaluate(name => {
    window.location.hash = `#/servers/${name}`;
  }, server);
  const panel = page.getByRole('complementary', { name: `Server ${server}` });
  const failing = panel.getByRole('radiogroup', { name: 'Failing mail' });
  await failing.getByText('Reject', { exact: true }).click();
  await expectText(panel.getByRole('status'), 'Stages 1 pending change.');
  await button(panel, 'OK').click();
  await panel.getByRole('link', { name: 'Review' }).click();
  const change = page.getByRole('region', { name: `Change of Mail settings on ${server}` });
  await expectText(change.getByRole('group', { name: /opendkim\.conf$/ }), /On-BadSignature\s+reject/);
  await expectShown(page.getByRole('row', { name: /^Include Mail settings/ }).getByText('Verify incoming'));
  await button(page, 'Drop').click();
  await expectShown(message(page, '1 pending change dropped.'));
  await page.evaluate(name => {
    window.location.hash = `#/servers/${name}`;
  }, server);
  expect(await failing.getByRole('radio', { name: 'Tag' }).isChecked()).toBe(true);
});
