/** From the first start to signed mail and back, with the mouse, on real servers. Each test builds on the one before. */
import { describe, expect, test } from 'vitest';
import { useHosts } from '../tools/hosts.ts';
import { check } from '../tools/lab.ts';
import { useApp } from './app.ts';
import {
  addServer,
  applyAll,
  button,
  choose,
  dialog,
  domainsGrid,
  filterDomains,
  go,
  message,
  rowOf,
  runDetail,
  expectShown,
  expectText,
  selectionStatus,
  serverLine,
  switchSigning,
  textOf,
} from './steps.ts';

const servers = ['s2', 's3'] as const;
/** What the filter leaves of each server: firma0001 to firma0009, none of them signed. */
const perServer = 9;
const switchedOn = ['firma0001-s2.example', 'firma0004-s3.example'] as const;
const leftOut = 'firma0002-s2.example';
const hostOf = (domain: string): string => /-(s\d+)\./.exec(domain)?.[1] ?? '';

useHosts(...servers);

const app = useApp();
describe('the first start', () => {
  test('says what to do first', async () => {
    const { page } = app;
    await expectText(page.getByRole('status', { name: 'Fleet status' }), 'No servers yet');
    await expectShown(page.getByRole('heading', { name: 'Add your first server' }));
    await go.pending(page);
    await expectShown(page.getByRole('heading', { name: 'Nothing is pending' }));
    await go.runs(page);
    await expectShown(page.getByRole('heading', { name: 'No runs yet' }));
    await go.keys(page);
    await expectShown(page.getByRole('heading', { name: 'No keys to show yet' }));
    await go.domains(page);
  });

  test('leads to a server, whose host key is compared before it is added', async () => {
    await addServer(app.page, 's2');
    await expectShown(rowOf(app.page, 's2', '10.99.1.3', 'opendkim'));
  });

  test('a second server', async () => {
    await addServer(app.page, 's3');
    await expectText(app.page.getByRole('status', { name: 'Fleet status' }), /^2 servers, scanned (just now|.* ago)$/);
  });
});

describe('on', () => {
  test('filter, and select all that it shows', async () => {
    const { page } = app;
    await go.domains(page);
    await expectText(selectionStatus(page), '40 domains');
    expect(await button(page, 'Group Operations').isEnabled()).toBe(false);
    await filterDomains(page, 'signing:off firma000');
    await expectText(selectionStatus(page), `${perServer * 2} of 40 domains`);
    await page.getByRole('checkbox', { name: 'Select all domains' }).check();
    await expectText(selectionStatus(page), `${perServer * 2} of 40 selected`);
    await filterDomains(page, 'signing:off firma000 server:s2');
    await expectText(selectionStatus(page), `${perServer * 2} of 40 selected, ${perServer} hidden by the filter`);
    await filterDomains(page, '');
    const all = page.getByRole('checkbox', { name: 'Select all domains' });
    expect(await all.evaluate(box => (box as HTMLInputElement).indeterminate)).toBe(true);
    expect(await page.getByRole('checkbox', { name: 'Select firma0001-s2.example on s2' }).isChecked()).toBe(true);
  });

  test('Group Operations tells in numbers what OK will do, and Cancel leaves no trace', async () => {
    const { page } = app;
    await button(page, 'Group Operations').click();
    const operations = dialog(page, 'Group Operations');
    await expectShown(operations.getByText(`for ${perServer * 2} domains on 2 servers`));
    const groups = await operations.getByRole('radiogroup').all();
    for (const group of groups) {
      expect(await group.getByRole('radio', { name: 'Do not change' }).isChecked()).toBe(true);
    }
    expect(await button(operations, 'OK').isEnabled()).toBe(false);
    await choose(page, /^Use DomainKeys spam protection system to sign outgoing e-mail messages/, 'Switch on');
    await expectText(
      operations.getByRole('status'),
      `Generates ${perServer * 2} keys, stages ${perServer * 2} pending changes. Nothing is sent to a server yet.`,
    );
    await button(operations, 'Cancel').click();
    await go.pending(page);
    await expectShown(page.getByRole('heading', { name: 'Nothing is pending' }));
    await go.domains(page);
  });

  test('OK stages', async () => {
    const { page } = app;
    await expectText(selectionStatus(page), `${perServer * 2} of 40 selected`);
    await switchSigning(page, 'Switch on');
    await expectShown(message(page, `${perServer * 2} changes staged. Nothing was sent to a server.`));
    await expectShown(
      page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: `Pending changes ${perServer * 2}` }),
    );
  });

  test('the exact diff of a change is read, its private key only as a fingerprint', async () => {
    const { page } = app;
    await go.pending(page);
    await expectShown(page.getByRole('heading', { name: 'What Apply will do' }));
    await rowOf(page, switchedOn[0]).click();
    const change = page.getByRole('region', { name: `Change of ${switchedOn[0]} on s2` });
    await expectText(change.getByRole('group', { name: /signing\.table$/ }), new RegExp(`\\+added.*${switchedOn[0]}`));
    await expectText(change.getByRole('group', { name: /key\.table$/ }), new RegExp(`\\+added.*${switchedOn[0]}`));
    await expectText(change.getByRole('group', { name: /^Difference of \/etc\/bind/ }), /v=DKIM1/);
    expect(await change.locator('.fingerprint-line').allTextContents()).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    expect(await change.innerText()).not.toMatch(/PRIVATE KEY/);
  });

  test('one is left out', async () => {
    const { page } = app;
    await page.getByRole('checkbox', { name: `Include ${leftOut} on s2 (Switch on)` }).uncheck();
    await expectShown(page.getByText(`${perServer * 2} changes, 1 left out this time`));
    await expectText(page.getByRole('row').filter({ hasText: /^s2/ }), `${perServer - 1} of ${perServer} changes`);
  });

  test('Apply asks once, with the numbers, and the run is watched to its end', async () => {
    const { page } = app;
    await button(page, 'Apply').click();
    const question = page.getByRole('alertdialog', { name: 'Apply to 2 servers?' });
    await expectShown(question.getByText(`${perServer * 2 - 1} domains on 2 servers`));
    await button(question, 'Apply').click();
    await expectShown(runDetail(page));
    const bars = page.getByRole('progressbar');
    const names = ['Whole run', 'Progress of s2', 'Progress of s3'];
    for (const name of names) await page.getByRole('progressbar', { name }).waitFor();
    const seen: number[] = [];
    const value = () => bars.first().getAttribute('aria-valuenow').then(Number);
    await expect
      .poll(
        async () => {
          seen.push(await value());
          return textOf(runDetail(page).locator('h2 .badge'));
        },
        { timeout: 120_000, interval: 50 },
      )
      .toBe('Applied');
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    // it moved while it ran: more than the beginning and the end were seen
    expect(new Set(seen).size).toBeGreaterThan(2);
    for (const server of servers) await expectText(serverLine(page, server), 'Done');
    await button(page, /^Show log/).click();
    await expectText(
      page.getByRole('log', { name: 'Log' }),
      /applied: \d+ applied, 0 rolled back, 0 waiting, 0 skipped/,
    );
  });

  test('mail of the switched-on domains really verifies, that of the one left out is unsigned', async () => {
    const signed = await Promise.all(switchedOn.map(one => check.signed(hostOf(one), one, { allServers: true })));
    expect(signed.map(one => one.ok)).toEqual([true, true]);
    const other = await check.signed(hostOf(leftOut), leftOut);
    expect(other).toMatchObject({ ok: false, reason: 'no DKIM-Signature header' });
  });

  test('the panel of a domain shows the three proofs, and its record in another dialect', async () => {
    const { page } = app;
    await go.domains(page);
    await filterDomains(page, 'signing:on');
    await expectText(selectionStatus(page), new RegExp(`^${perServer * 2} of 40 selected, 1 hidden`));
    await rowOf(page, switchedOn[1]).click();
    const panel = page.getByRole('complementary', { name: `${switchedOn[1]} on s3` });
    const proofs = panel.locator('.proof-item');
    await expectText(proofs.nth(0), /^File.*The configuration signs/);
    await expectText(proofs.nth(1), /^Daemon.*came back signed and verified/);
    await expectText(proofs.nth(2), /^DNS.*Every authoritative server serves the matching key/);
    await expectShown(rowOf(page, switchedOn[1]).getByRole('img', { name: 'File: yes. Daemon: yes. DNS: yes.' }));
    await panel.getByRole('button', { name: /DNS dialect/ }).click();
    await page.getByRole('option', { name: 'Route 53' }).click();
    await expectText(panel.locator('.record-text'), /"v=DKIM1;.*" "/);
    await button(panel, 'Close panel').click();
    await panel.waitFor({ state: 'hidden' });
  });
});

describe('undo', () => {
  test('stages the inverse, which is reviewed as anything else', async () => {
    const { page } = app;
    await go.runs(page);
    await button(runDetail(page), 'Undo').click();
    await expectShown(message(page, `${perServer * 2 - 1} inverse changes staged. Review and apply them.`));
    await go.pending(page);
    await expectShown(page.getByRole('row').filter({ hasText: 'Undo' }).first());
    await rowOf(page, switchedOn[0], 'Undo').click();
    const change = page.getByRole('region', { name: `Change of ${switchedOn[0]} on s2` });
    await expectText(change.getByRole('group', { name: /signing\.table$/ }), new RegExp(`−removed.*${switchedOn[0]}`));
  });

  test('is applied, and mail is unsigned again', async () => {
    const { page } = app;
    // the one left out before is still staged: it is left out again
    expect(await page.getByRole('checkbox', { name: `Include ${leftOut} on s2 (Switch on)` }).isChecked()).toBe(false);
    expect(await applyAll(page)).toBe('Applied');
    const after = await Promise.all(switchedOn.map(one => check.signed(hostOf(one), one)));
    expect(after.map(one => one.reason)).toEqual(switchedOn.map(() => 'no DKIM-Signature header'));
    await go.domains(page);
    await filterDomains(page, 'signing:on');
    await domainsGrid(page).getByRole('row').nth(1).waitFor({ state: 'detached' });
    await expectShown(page.getByRole('heading', { name: 'No domain matches' }));
  });
});
