/** Every text of the window, in English. Accessible names among them are promises to tests and assistive software. */
import type { PendingRow } from '../shared/contract.ts';
import type { KeySpec, Phase, Published } from '../shared/model.ts';
import type { RunRecord } from '../shared/run.ts';
import type { DnsDialect } from '../shared/settings.ts';
import { count, plural } from './app/format.ts';
import { domainTexts } from './texts/domains.ts';
import { keyTexts } from './texts/keys.ts';
import { pendingTexts } from './texts/pending.ts';
import { runTexts } from './texts/runs.ts';
import { serverTexts } from './texts/servers.ts';

const isMac = typeof navigator !== 'undefined' && /mac/i.test(navigator.platform);

const keyNames: Readonly<Record<KeySpec, string>> = {
  rsa2048: 'RSA 2048',
  rsa4096: 'RSA 4096',
  rsa1024: 'RSA 1024 (weak)',
  ed25519: 'Ed25519',
  'rsa2048+ed25519': 'RSA 2048 and Ed25519',
};

const dialectNames: Readonly<Record<DnsDialect, string>> = {
  bind: 'BIND',
  cloudflare: 'Cloudflare',
  route53: 'Route 53',
  powerdns: 'PowerDNS',
  tinydns: 'tinydns',
};

function options<T extends string>(names: Readonly<Record<T, string>>): readonly { value: T; label: string }[] {
  return (Object.entries(names) as [T, string][]).map(([value, label]) => ({ value, label }));
}

export const keyOptions = options(keyNames);
export const schemeOptions = options(serverTexts.signature.schemes);
export const dialectOptions = options(dialectNames);

const intents: Readonly<Record<PendingRow['intent'], string>> = {
  'signing-on': 'Switch on',
  'signing-off': 'Switch off',
  rotate: 'Rotate keys',
  retire: 'Retire key',
  undo: 'Undo',
  policy: 'Policy',
  'mail-settings': 'Mail settings',
};

const outcomes: Readonly<Record<RunRecord['outcome'], string>> = {
  running: 'Running',
  applied: 'Applied',
  incomplete: 'Incomplete',
  failed: 'Failed',
  refused: 'Refused',
  interrupted: 'Interrupted',
};

const ran: Readonly<Record<RunRecord['outcome'], string>> = {
  running: 'The run goes on.',
  interrupted: 'The run was interrupted. It can be resumed.',
  applied: 'Everything was applied.',
  incomplete: 'The run ended incomplete: some changes still wait or were taken back.',
  failed: 'The run failed. Servers that were touched are as they were before.',
  refused: 'The run was refused. Nothing was changed.',
};

const phaseTexts: Readonly<Record<Phase, { readonly title: string; readonly means: string }>> = {
  withdraw: { title: 'Withdraw the policy', means: 'before signing ends' },
  prepare: { title: 'Set up mail settings', means: 'before any domain is switched' },
  install: { title: 'Install the key', means: 'nothing uses it yet' },
  publish: { title: 'Publish the key record', means: 'receivers can find the key' },
  switch: { title: 'Switch signing', means: 'once every authoritative server serves the key; proven by a probe' },
  policy: { title: 'Publish the policy', means: 'after the proof' },
  unpublish: { title: 'Remove the key record', means: 'after the grace time' },
  remove: { title: 'Remove the key', means: 'nothing refers to it any more' },
  dismantle: { title: 'Take mail settings back', means: 'after the last domain is switched' },
};

const published: Readonly<Record<Published, string>> = {
  match: 'Published',
  mismatch: 'Another key published',
  missing: 'Not published',
  unknown: 'Not looked up',
};

export const texts = {
  appName: 'Signet',
  ok: 'OK',
  cancel: 'Cancel',
  close: 'Close',
  closePanel: 'Close panel',
  dismiss: 'Dismiss',
  loading: 'Loading…',
  toasts: 'Messages',
  copied: 'Copied.',
  notCopied: 'The clipboard cannot be reached: select the text and copy it by hand.',
  more: (rest: number) => `Show ${count(rest)} more`,
  progress: (value: number, max: number) => `${count(value)} of ${count(max)}`,
  pendingCount: (changes: number) => `${count(changes)} pending`,
  staged: (staged: number, cancelled: number) =>
    cancelled > 0
      ? `${plural(staged, 'change')} staged, ${count(cancelled)} taken back. Nothing was sent to a server.`
      : `${plural(staged, 'change')} staged. Nothing was sent to a server.`,
  screens: {
    domains: 'Domains',
    servers: 'Servers',
    pending: 'Pending changes',
    runs: 'Runs',
    keys: 'Keys',
    settings: 'Settings',
  },
  keys: { command: isMac ? '⌘K' : 'Ctrl K', selectAll: isMac ? '⌘A' : 'Ctrl A' },
  frame: {
    navigation: 'Main',
    fleetStatus: 'Fleet status',
    commands: 'Commands',
    shortcuts: 'Keyboard shortcuts',
    running: 'running',
    skip: 'Skip to the content',
  },
  fleet: {
    none: 'No servers yet',
    unreachable: (servers: number) => `${count(servers)} unreachable`,
    neverScanned: (servers: number) => `${count(servers)} not scanned`,
    scanned: (when: string) => `scanned ${when}`,
  },
  connection: {
    short: 'Connection to Signet lost',
    reconnecting: 'The connection to Signet is lost; trying again. What is shown may be out of date.',
    lost: {
      message: 'Signet cannot be reached; nothing was sent.',
      hint: 'It is tried again by itself. When it does not come back, start Signet again.',
    },
    cut: {
      message: 'The connection to Signet was lost before the answer came.',
      hint: 'What was under way may have been done: look at the lists once the connection is back.',
    },
    refused: {
      title: 'This address does not open Signet',
      text: 'Its token is missing or was used already. Start `signet serve` again, and open the address that it prints.',
    },
  },
  problem: {
    defect: {
      message: 'Signet’s window made a mistake of its own; the engine and the servers are not concerned.',
      hint: 'Reload the window. When it comes back, report what you did.',
    },
  },
  work: {
    under: { scan: 'Scanning', verify: 'Verifying', run: 'Applying' },
    stopThis: { scan: 'Stop scanning', verify: 'Stop verifying', run: 'Stop the run' },
    stop: 'Stop',
    stopping: 'Stopping…',
    stopped: 'Stopped.',
    watch: 'Watch',
    review: 'Review',
    showServers: 'Show servers',
    showRun: 'Show run',
    scanned: (done: number, failed: number) =>
      failed > 0
        ? `${plural(done, 'server')} scanned, ${count(failed)} could not be.`
        : `${plural(done, 'server')} scanned.`,
    verified: (good: number, all: number) => `${count(good)} of ${plural(all, 'row')} are signed and proven.`,
    ran,
    undone: (staged: number, refused: number) =>
      refused > 0
        ? `${plural(staged, 'inverse change')} staged, ${count(refused)} cannot be taken back.`
        : `${plural(staged, 'inverse change')} staged. Review and apply them.`,
  },
  shortcuts: {
    everywhere: 'Everywhere',
    lists: 'Lists',
    move: 'Move',
    pages: 'By pages, to the ends',
    open: 'Open',
    select: 'Select',
    extend: 'Extend the selection',
    selectAll: 'Select all',
    filter: 'Filter domains',
  },
  palette: {
    search: 'Search commands',
    placeholder: 'Go to a screen, open a server, scan…',
    results: 'Results',
    nothing: 'Nothing has this name.',
    goTo: (screen: string) => `Go to ${screen}`,
    openServer: (server: string) => `Open ${server}`,
    scanAll: 'Scan all servers',
    light: 'Light theme',
    dark: 'Dark theme',
    system: 'Theme of the system',
  },
  intents,
  outcomes,
  phases: phaseTexts,
  published,
  keyUnknown: 'Unknown',
  ...domainTexts,
  ...serverTexts,
  ...pendingTexts,
  ...runTexts,
  ...keyTexts,
  vault: {
    title: 'Vault',
    kinds: {
      keychain: 'Private keys and passwords are sealed; the master key is in the keychain of this computer.',
      passphrase: 'Private keys and passwords are sealed; the master key comes from your passphrase.',
    },
    states: {
      ready: 'Open',
      locked: 'Locked',
      missing: 'Master key missing',
      unavailable: 'Unavailable',
      'no-passphrase': 'Locked',
      'wrong-passphrase': 'Wrong passphrase',
      foreign: 'Another vault’s key',
      damaged: 'Damaged',
    },
    passphrase: 'Vault passphrase',
    lockedMeans: 'Needed to make keys, to apply, and to log in with stored passwords.',
    unlock: 'Unlock',
    unlocked: 'The vault is open.',
  },
  settings: {
    saved: 'Saved.',
    save: 'Save',
    saveThis: (name: string) => `Save ${name}`,
    between: (least: number, most: number) => `A whole number from ${count(least)} to ${count(most)}`,
    appearance: 'Appearance',
    theme: 'Theme',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    keys: 'Keys',
    keySpec: 'New keys',
    running: 'Runs',
    dns: 'DNS',
    dialect: 'DNS dialect',
    dialectMeans: 'How records are written that you paste at a provider.',
    numbers: {
      parallelism: { label: 'Servers at a time', means: 'How many servers are worked on at once.' },
      gateTimeoutSeconds: {
        label: 'Wait for own zones (seconds)',
        means: 'How long a run waits for the authoritative servers of zones that Signet edits.',
      },
      externalGateTimeoutSeconds: {
        label: 'Wait for other zones (seconds)',
        means: 'The same for zones that only you can edit. 0 looks once; the run can be resumed.',
      },
      graceHours: {
        label: 'Grace time (hours)',
        means: 'How long a key that is no longer used stays served, for mail under way. 168 is a week.',
      },
      undoGraceHours: {
        label: 'Grace time after an undo (hours)',
        means: 'The same for keys that an undo takes back.',
      },
    },
    doctor: {
      title: 'This computer',
      means: 'Checks what Signet needs here: the agent, the keychain, the folders.',
      run: 'Check',
      good: 'good',
      bad: 'needs attention',
    },
  },
} as const;
