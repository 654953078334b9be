/** Every screen, panel, dialog and menu of the window, one after the other, on the fleet of fleet-home.ts. */
import type { Page } from 'playwright-core';
import { labServer } from '../tools/lab.ts';
import { button, dialog, fillServer, mailSettingsRow, message, rowOf, runDetail } from './steps.ts';

export interface Stop {
  readonly name: string;
  readonly open: (page: Page) => Promise<unknown>;
}

async function at(page: Page, screen: string, heading: string): Promise<void> {
  await page.evaluate(hash => {
    window.location.hash = hash;
  }, `#/${screen}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

const domains = async (page: Page, filter: string): Promise<void> => {
  await at(page, 'domains', 'Domains');
  await page.getByRole('searchbox', { name: 'Filter domains' }).fill(filter);
};
const selected = async (page: Page, filter: string): Promise<void> => {
  await domains(page, filter);
  await page.getByRole('checkbox', { name: 'Select all domains' }).check();
};
const servers = (page: Page): Promise<void> => at(page, 'servers', 'Servers');
const serverPanel = async (page: Page, name: string): Promise<void> => {
  await at(page, `servers/${name}`, 'Servers');
  await page.getByRole('complementary', { name: `Server ${name}` }).waitFor();
};
const pending = async (page: Page): Promise<void> => {
  await at(page, 'pending', 'Pending changes');
  await page.getByRole('heading', { name: 'What Apply will do' }).waitFor();
};
const change = async (page: Page, domain: string): Promise<void> => {
  await pending(page);
  await rowOf(page, domain).click();
  await page.getByRole('region', { name: `Change of ${domain}` }).waitFor();
};
const groupOperations = async (page: Page, choice: string): Promise<void> => {
  await selected(page, 'signing:off server:s2');
  await button(page, 'Group Operations').click();
  const operations = dialog(page, 'Group Operations');
  await operations.getByRole('radiogroup').first().getByText(choice).click();
  await operations.getByText(/Nothing is sent to a server yet|There is nothing to do/).waitFor();
};

export const stops: readonly Stop[] = [
  { name: 'domains', open: page => domains(page, '') },
  {
    name: 'domains-selected',
    open: async page => {
      await selected(page, 'server:s2');
      await page.getByRole('searchbox', { name: 'Filter domains' }).fill('');
      await page.getByRole('heading', { level: 1 }).hover();
    },
  },
  { name: 'domains-no-match', open: page => domains(page, 'nothing-like-this') },
  {
    name: 'domains-filter-menu',
    open: async page => {
      await domains(page, '');
      await button(page, 'Add filter').click();
      await page.getByRole('menu', { name: 'Add filter' }).waitFor();
    },
  },
  {
    name: 'domains-view-menu',
    open: async page => {
      await domains(page, '');
      await button(page, 'View').click();
      await page.getByRole('menu', { name: 'View' }).waitFor();
    },
  },
  {
    name: 'domain-panel',
    open: async page => {
      await domains(page, 'signing:on');
      await rowOf(page, 'firma0001-s2.example').click();
      await page.getByRole('complementary').locator('.record-text').first().waitFor();
    },
  },
  { name: 'group-operations-on', open: page => groupOperations(page, 'Switch on') },
  {
    name: 'group-operations-key',
    open: async page => {
      await groupOperations(page, 'Switch on');
      await button(dialog(page, 'Group Operations'), /Key/).first().click();
      await page.getByRole('listbox').waitFor();
    },
  },
  {
    name: 'group-operations-rotate',
    open: async page => {
      await selected(page, 'signing:on server:s3');
      await button(page, 'Group Operations').click();
      const operations = dialog(page, 'Group Operations');
      await operations.getByText('Rotate keys', { exact: true }).click();
      await operations.getByText('Nothing is sent to a server yet').waitFor();
    },
  },
  { name: 'servers', open: servers },
  { name: 'server-panel', open: page => serverPanel(page, 's2') },
  {
    name: 'mail-settings',
    open: async page => {
      await serverPanel(page, 's2');
      await page.getByText('Allow signing outgoing mail', { exact: true }).click();
      await page.getByRole('radiogroup', { name: 'Failing mail' }).getByText('Discard', { exact: true }).click();
      await page.getByText(/^Stages .* ends with it\.$/).waitFor();
      await button(page, 'OK').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'server-panel-away',
    open: async page => {
      await serverPanel(page, 's4');
      const panel = page.getByRole('complementary', { name: 'Server s4' });
      await button(panel, 'Scan').click();
      await panel.locator('.problem.stop').waitFor();
      await button(page.getByRole('log', { name: 'Messages' }), 'Dismiss')
        .first()
        .click();
    },
  },
  {
    name: 'add-server',
    open: async page => {
      await at(page, 'servers/+add', 'Servers');
      await button(dialog(page, 'Add server'), 'Get host key').click();
      await dialog(page, 'Add server').getByText('A log-in name').waitFor();
    },
  },
  {
    name: 'add-server-host-key',
    open: async page => {
      await at(page, 'servers/+add', 'Servers');
      const form = await fillServer(page, 's2');
      await form.getByRole('textbox', { name: 'Name', exact: true }).fill('mx7');
      await button(form, 'Get host key').click();
      await form.getByText((await labServer('s2')).fingerprint).waitFor();
    },
  },
  {
    name: 'import-servers',
    open: async page => {
      await at(page, 'servers/+import', 'Servers');
      await dialog(page, 'Import from SSH config').getByRole('checkbox').first().waitFor({ state: 'attached' });
    },
  },
  ...(
    [
      ['server-passwords', 'Change passwords', /^Passwords of/],
      ['server-domains', 'Give domains', /^Domains of/],
    ] as const
  ).map(([name, press, title]) => ({
    name,
    open: async (page: Page) => {
      await serverPanel(page, 's2');
      await button(page, press).click();
      await dialog(page, title).waitFor();
    },
  })),
  {
    name: 'server-remove',
    open: async page => {
      await serverPanel(page, 's2');
      await button(page, 'Remove server').click();
      await page.getByRole('alertdialog').waitFor();
    },
  },
  { name: 'pending', open: pending },
  {
    name: 'pending-diff',
    open: async page => {
      await change(page, 'firma0010-s2.example');
      await page
        .getByRole('group', { name: /^Difference of/ })
        .first()
        .waitFor();
    },
  },
  {
    name: 'pending-mail-settings',
    open: async page => {
      await pending(page);
      await mailSettingsRow(page).click();
      await page
        .getByRole('group', { name: /^Difference of/ })
        .first()
        .waitFor();
    },
  },
  { name: 'pending-later', open: page => change(page, 'firma0005-s3.example') },
  {
    name: 'pending-apply',
    open: async page => {
      await pending(page);
      await button(page, 'Apply').click();
      await page.getByRole('alertdialog').waitFor();
    },
  },
  {
    name: 'pending-drop',
    open: async page => {
      await pending(page);
      await button(page, 'Drop').click();
      await page.getByRole('alertdialog').waitFor();
    },
  },
  {
    name: 'pending-export',
    open: async page => {
      await pending(page);
      await button(page, 'Export').click();
      await dialog(page, 'Export').getByText('Include the private keys').click();
      await dialog(page, 'Export').getByRole('textbox', { name: 'Passphrase again' }).waitFor();
    },
  },
  {
    name: 'pending-import',
    open: async page => {
      await pending(page);
      await button(page, 'Import').click();
      await dialog(page, 'Import').waitFor();
    },
  },
  {
    name: 'runs',
    open: async page => {
      await at(page, 'runs', 'Runs');
      await runDetail(page).getByRole('progressbar').first().waitFor();
    },
  },
  {
    name: 'runs-log',
    open: async page => {
      await at(page, 'runs', 'Runs');
      await page.getByRole('grid', { name: 'Runs' }).getByRole('row').last().click();
      await button(page, /^Show log/).click();
      await page.getByRole('log', { name: 'Log' }).waitFor();
    },
  },
  { name: 'keys', open: page => at(page, 'keys', 'Keys') },
  {
    name: 'keys-filtered',
    open: async page => {
      await at(page, 'keys', 'Keys');
      await page.getByRole('group', { name: 'Coverage' }).getByRole('button').first().click();
      await button(page, 'Clear filter').waitFor();
    },
  },
  {
    name: 'compromised-key',
    open: async page => {
      await at(page, 'domains', 'Domains');
      await page.getByRole('searchbox', { name: 'Filter domains' }).fill('firma0002-s2');
      await rowOf(page, 'firma0002-s2.example').click();
      await page.getByRole('link', { name: /^Somebody else has this key/ }).click();
      await dialog(page, 'Compromised key').getByRole('list', { name: 'Where it is' }).waitFor();
    },
  },
  {
    name: 'settings',
    open: async page => {
      await at(page, 'settings', 'Settings');
      await page.getByText('Open', { exact: true }).waitFor();
    },
  },
  {
    name: 'settings-this-computer',
    open: async page => {
      await at(page, 'settings', 'Settings');
      await button(page, 'Check').click();
      await page.getByRole('list', { name: 'This computer' }).scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'commands',
    open: async page => {
      await at(page, 'domains', 'Domains');
      await page.keyboard.press('ControlOrMeta+k');
      await dialog(page, 'Commands').waitFor();
    },
  },
  {
    name: 'shortcuts',
    open: async page => {
      await at(page, 'domains', 'Domains');
      await button(page, /^Keyboard shortcuts/).click();
      await dialog(page, 'Keyboard shortcuts').waitFor();
    },
  },
  {
    name: 'messages',
    open: async page => {
      await serverPanel(page, 's2');
      await button(page.getByRole('complementary'), 'Scan').click();
      await message(page, '1 server scanned.').waitFor();
    },
  },
];

/** What there is to see at a first start. */
export const firstStops: readonly Stop[] = [
  { name: 'first-domains', open: page => at(page, 'domains', 'Domains') },
  { name: 'first-servers', open: page => at(page, 'servers', 'Servers') },
  { name: 'first-pending', open: page => at(page, 'pending', 'Pending changes') },
  { name: 'first-runs', open: page => at(page, 'runs', 'Runs') },
  { name: 'first-keys', open: page => at(page, 'keys', 'Keys') },
];

/** Closes what the stop before has opened, and begins afresh: no selection, no filter, nothing left out. */
export async function leave(page: Page): Promise<void> {
  await page.reload();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}
