/** What goes wrong on real networks and servers, and what the window makes of it. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { addAndScan } from '../tools/fleet.ts';
import { useHosts } from '../tools/hosts.ts';
import { check, fault, lab, labServer } from '../tools/lab.ts';
import { useApp } from './app.ts';
import { startRelay, type Relay } from './relay.ts';
import {
  applyAll,
  button,
  dialog,
  endOfRun,
  expectShown,
  expectText,
  filterDomains,
  go,
  message,
  rowOf,
  runDetail,
  serverLine,
  startApply,
  switchSigning,
  textOf,
} from './steps.ts';

const servers = ['s2', 's3', 's4'] as const;

let relay: Relay;
useHosts(...servers);

const app = useApp({
  relay: async () => {
    relay = await startRelay();
    return relay;
  },
  prepare: async home => {
    await addAndScan(home, ...servers);
  },
});
afterEach(() => fault.heal('s4'));

async function stageOn(filter: string): Promise<void> {
  const { page } = app;
  await go.domains(page);
  await filterDomains(page, filter);
  await page.getByRole('checkbox', { name: 'Select all domains' }).check();
  await switchSigning(page, 'Switch on');
  await page.getByRole('checkbox', { name: 'Select all domains' }).uncheck();
}

describe('a server that is cut off in the middle of a run', () => {
  const domains = servers.map(server => [server, `firma0001-${server}.example`] as const);

  test('the others finish, and when the laptop dies, too, the run is there to be resumed', async () => {
    const { page } = app;
    await stageOn('firma000');
    await fault.cutOn('s4', '/var/lib/signet');
    await go.pending(page);
    await startApply(page);
    for (const server of ['s2', 's3']) await expectText(serverLine(page, server), 'Done', 60_000);
    await expectText(serverLine(page, 's4'), 'Working');
    app.complaints.expect(/WebSocket|ERR_CONNECTION/);
    await app.engine.kill();
    await app.restart();
    await go.runs(app.page);
    await expectText(runDetail(app.page).locator('h2'), 'Interrupted');
    for (const server of ['s2', 's3']) await expectText(serverLine(app.page, server), 'Done');
    expect(await textOf(serverLine(app.page, 's4'))).not.toContain('Done');
    const signed = await Promise.all(domains.slice(0, 2).map(([server, domain]) => check.signed(server, domain)));
    expect(signed.map(one => one.ok)).toEqual([true, true]);
  });

  test('once it is back, Resume brings the run to its end', async () => {
    const { page } = app;
    await fault.heal('s4');
    await button(runDetail(page), 'Resume').click();
    expect(await endOfRun(page)).toBe('Applied');
    await expectText(serverLine(page, 's4'), 'Done');
    const signed = await check.signed('s4', 'firma0001-s4.example', { allServers: true });
    expect(signed.ok).toBe(true);
  });
});

describe('a page that is loaded again in the middle of a run', () => {
  test('shows the run, and stops it', async () => {
    await fault.slow('s4', 300);
    await stageOn('firma0015-s4');
    await go.pending(app.page);
    await startApply(app.page);
    await expectText(serverLine(app.page, 's4'), 'Working');
    await app.page.reload();
    await go.runs(app.page);
    await expectText(runDetail(app.page).locator('h2'), 'Running');
    await button(runDetail(app.page), 'Stop').click();
    expect(await endOfRun(app.page)).toBe('Incomplete');
    await fault.heal('s4');
    await button(runDetail(app.page), 'Resume').click();
    expect(await endOfRun(app.page)).toBe('Applied');
  });
});

describe('a file that somebody edits by hand meanwhile', () => {
  const domain = 'firma0010-s3.example';
  const note = '# by hand';

  test('is refused as stale, untouched', async () => {
    const { page } = app;
    await stageOn(domain);
    await lab.sh('s3', `echo '${note}' >> /etc/opendkim/signing.table`);
    await go.pending(page);
    expect(await applyAll(page)).not.toBe('Applied');
    await expectText(runDetail(page), /signing\.table/);
    const table = await lab.sh('s3', 'cat /etc/opendkim/signing.table');
    expect(table.endsWith(`${note}\n`)).toBe(true);
    expect(table).not.toContain(domain);
  });

  test('is planned anew from what is there now, and applied', async () => {
    const { page } = app;
    await go.pending(page);
    await rowOf(page, domain).click();
    const change = page.getByRole('region', { name: `Change of ${domain} on s3` });
    await expectText(change.getByRole('group', { name: /signing\.table$/ }), note);
    expect(await applyAll(page)).toBe('Applied');
    expect(await lab.sh('s3', 'cat /etc/opendkim/signing.table')).toContain(note);
    expect(await check.signed('s3', domain)).toMatchObject({ ok: true });
  });
});

describe('a changed host key', () => {
  const keyFile = '/etc/ssh/ssh_host_ed25519_key';
  const atTheConsole = async (): Promise<string> =>
    (await lab.sh('s4', `ssh-keygen -lf ${keyFile}.pub`)).split(' ')[1] ?? '';

  test('is a red stop with both fingerprints, and no button leads past it', async () => {
    const { page } = app;
    const { fingerprint } = await labServer('s4');
    await lab.sh(
      's4',
      `rm ${keyFile} ${keyFile}.pub; ssh-keygen -q -t ed25519 -N '' -f ${keyFile}; systemctl restart ssh`,
    );
    // a connection that is open already goes on with the key that it was made with
    await fault.killSsh('s4');
    const changed = await atTheConsole();
    await go.servers(page);
    await rowOf(page, 's4').click();
    const panel = page.getByRole('complementary', { name: 'Server s4' });
    await button(panel, 'Scan').click();
    const stop = panel.getByRole('alert', { name: 'The host key has changed' });
    await expectShown(stop, 60_000);
    await expectText(stop.locator('dd').nth(0), fingerprint);
    await expectText(stop.locator('dd').nth(1), changed);
    expect(await stop.evaluate(one => getComputedStyle(one).borderColor)).toMatch(/^rgb/);
    const buttons = await stop.getByRole('button').all();
    expect(await Promise.all(buttons.map(textOf))).toEqual(['Trust this key']);
    expect(await button(stop, 'Trust this key').isEnabled()).toBe(false);
    // what one has at hand is not what one has been told
    await stop.getByRole('textbox', { name: 'New fingerprint' }).fill(fingerprint);
    await expectShown(stop.getByText('This is not the fingerprint that the server shows.'));
    expect(await button(stop, 'Trust this key').isEnabled()).toBe(false);
    await stop.getByRole('textbox', { name: 'New fingerprint' }).press('Enter');
    await expectShown(stop);
  });

  test('also when changes are applied: nothing is sent to it', async () => {
    const { page } = app;
    const before = await check.fleetState('s4');
    await stageOn('firma0010-s4.example');
    await go.pending(page);
    expect(await applyAll(page)).not.toBe('Applied');
    await expectText(runDetail(page), /host key/);
    expect(await check.fleetDiff(before)).toMatchObject({ ok: true });
  });

  test('is trusted once its fingerprint is entered from another source', async () => {
    const { page } = app;
    await go.servers(page);
    await rowOf(page, 's4').click();
    const panel = page.getByRole('complementary', { name: 'Server s4' });
    await panel.getByRole('textbox', { name: 'New fingerprint' }).fill(await atTheConsole());
    await button(panel, 'Trust this key').click();
    await expectShown(message(page, 's4 is trusted with its new host key.'));
    await button(panel, 'Scan').click();
    await expectShown(message(page, '1 server scanned.'), 60_000);
    await panel.getByRole('alert').waitFor({ state: 'hidden' });
  });
});

describe('the connection to the engine', () => {
  test('is lost: said so, and nothing is done; it comes back by itself', async () => {
    const { page } = app;
    app.complaints.expect(/WebSocket|ERR_CONNECTION/);
    await go.domains(page);
    relay.cut();
    const alert = page.getByRole('alert').filter({ hasText: 'The connection to Signet is lost' });
    await expectShown(alert);
    await expectText(page.getByRole('status', { name: 'Fleet status' }), 'Connection to Signet lost');
    await button(page, 'Scan').click();
    await expectShown(message(page, 'Signet cannot be reached; nothing was sent.'));
    relay.mend();
    await alert.waitFor({ state: 'hidden', timeout: 30_000 });
    await expectText(page.getByRole('status', { name: 'Fleet status' }), /^3 servers/);
  });

  test('the engine has died: the page says how to go on', async () => {
    const { page } = app;
    app.complaints.expect(/WebSocket|ERR_CONNECTION/);
    const { port } = new URL(app.engine.url);
    await app.engine.kill();
    await expectShown(page.getByRole('alert').filter({ hasText: 'The connection to Signet is lost' }));
    const old = page;
    await app.restart({ port: Number(port), keepPage: true });
    await expectShown(old.getByRole('heading', { name: 'This address does not open Signet' }), 30_000);
    await expectText(app.page.getByRole('status', { name: 'Fleet status' }), /^3 servers/);
  });
});

describe('the vault', () => {
  test('is locked: what needs it says so, and a wrong passphrase does not open it', async () => {
    await app.engine.stop();
    await app.restart({ env: { SIGNET_PASSPHRASE: 'not the passphrase' } });
    const { page } = app;
    await go.domains(page);
    await filterDomains(page, 'firma0015-s2.example');
    await page.getByRole('checkbox', { name: 'Select all domains' }).check();
    await button(page, 'Group Operations').click();
    const operations = dialog(page, 'Group Operations');
    await operations
      .getByRole('radiogroup', { name: /DomainKeys/ })
      .getByText('Switch on')
      .click();
    await button(operations, 'OK').click();
    await expectShown(message(page, /passphrase/));
    await button(operations, 'Cancel').click();
    await go.settings(page);
    const vault = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Vault' }) });
    await expectText(vault.locator('.badge'), 'Wrong passphrase');
    await vault.getByRole('textbox', { name: 'Vault passphrase' }).fill('nor this');
    await button(vault, 'Unlock').click();
    await expectText(vault.locator('.problem-message').last(), /passphrase/);
    await expectText(vault.locator('.badge'), 'Wrong passphrase');
  });

  test('opens with the right one', async () => {
    const { page } = app;
    const vault = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Vault' }) });
    await vault.getByRole('textbox', { name: 'Vault passphrase' }).fill(app.home.passphrase);
    await button(vault, 'Unlock').click();
    await expectText(vault.locator('.badge'), 'Open');
    await stageOn('firma0015-s2.example');
    await expectShown(message(page, '1 change staged. Nothing was sent to a server.'));
  });

  test('a damaged one is named as such', async () => {
    await app.engine.stop();
    await appendFile(join(app.home.path, 'signet/vault.json'), 'x');
    await app.restart();
    const { page } = app;
    await go.settings(page);
    const vault = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Vault' }) });
    await expectText(vault.locator('.badge'), 'Damaged');
    await expectShown(vault.locator('.problem-hint'));
  });
});
