import type { MailSettingsIntent } from '../../shared/mail-settings.ts';
import { count, plural, scope } from '../app/format.ts';

interface Numbers {
  readonly servers: number;
  readonly domains: number;
  readonly changes: number;
  readonly steps: number;
  readonly manual: number;
}

export const pendingTexts = {
  pending: {
    apply: 'Apply',
    applyTo: (servers: number) => (servers > 0 ? `Apply to ${plural(servers, 'server')}` : 'Apply'),
    drop: 'Drop',
    dropOne: 'Drop this',
    dropMany: (changes: string) => `Drop ${changes}`,
    dropping: {
      title: (changes: number) => `Drop ${plural(changes, 'pending change')}?`,
      text: 'Keys that were made for them are thrown away. Nothing on a server is changed; what is to be retired stays there.',
    },
    dropped: (changes: number) => `${plural(changes, 'pending change')} dropped.`,
    export: 'Export',
    import: 'Import',
    note: (changes: number) => `${plural(changes, 'change')}, nothing sent to a server yet`,
    noteOut: (changes: number, out: number) => `${plural(changes, 'change')}, ${count(out)} left out this time`,
    columns: { domain: 'Domain', change: 'Change' },
    includeAll: 'Include all pending changes',
    include: (domain: string, server: string, intent: string) => `Include ${domain} on ${server} (${intent})`,
    includeServer: (server: string) => `Include all of ${server}`,
    inRun: (included: number, all: number) =>
      included === all ? plural(all, 'change') : `${count(included)} of ${plural(all, 'change')}`,
    settingsBadge: ({ allowSigning, verifyIncoming }: MailSettingsIntent) => {
      if (allowSigning !== null && verifyIncoming !== null) return 'Change both';
      if (allowSigning !== null) return allowSigning === 'on' ? 'Allow signing' : 'End signing';
      return verifyIncoming === 'off' ? 'End verifying' : 'Verify incoming';
    },
    stale: 'Stale',
    chooseDomains: 'Choose domains',
    toDomains: 'Go to Domains',
    empty: {
      title: 'Nothing is pending',
      text: 'Select domains and choose Group Operations: what you switch is staged here, to be reviewed line by line before anything is sent to a server.',
    },
    detail: {
      label: (domain: string, server: string) => `Change of ${domain} on ${server}`,
      on: (server: string) => `on ${server}`,
      staged: (when: string) => `Staged ${when}`,
      basis: (when: string) => `planned from the scan of ${when}`,
      openDomain: 'Open the domain',
      openServer: 'Open the server',
      staleText: 'The server is not as it was when this was planned.',
      staleHint: 'Nothing of it was touched. Scan the server: the plan is then made anew from what is there now.',
      planAnew: 'Scan and plan anew',
      later: (when: string, date: string) => `This is due ${when} (${date}). Until then it is in no plan.`,
      planning: 'Planning…',
      nothing: 'The server is so already: there is nothing to do.',
      onServer: (server: string) => `on ${server}`,
      gate: (name: string) => `Waits until every authoritative server serves ${name}.`,
      gateExternal: (name: string) => `Waits until you have published ${name} at your provider.`,
      probe: (domain: string, selectors: string) =>
        `Then a probe from ${domain} must come back signed with ${selectors}.`,
      probeUnsigned: (domain: string) => `Then a probe from ${domain} must come back unsigned.`,
    },
    overview: {
      title: 'What Apply will do',
      text: 'Choose a change to see its exact lines. On each server a phase happens wholly or not at all.',
      order: 'Domains by server and phase, in this order',
      server: 'Server',
      whole: 'server',
    },
    applying: {
      title: (servers: number) => `Apply to ${plural(servers, 'server')}?`,
      numbers: (numbers: Numbers) => [
        scope(numbers.domains, numbers.servers),
        `${plural(numbers.changes, 'transaction')} with ${plural(numbers.steps, 'step')}, each taken back by itself when it fails`,
        ...(numbers.manual > 0
          ? [`${plural(numbers.manual, 'record')} to be published by you; signing of their domains waits for it`]
          : []),
      ],
      safe: 'It can be stopped at any time, and undone.',
      blocked: 'This must be mended first:',
      acknowledge: (problems: number) =>
        problems === 1 ? 'I have read this; go on:' : `I have read all ${count(problems)}; go on:`,
    },
    exporting: {
      text: 'Writes the pending changes to a file that another admin can review and apply.',
      withKeys: 'Include the private keys, sealed with a passphrase',
      withoutKeys: 'Without private keys: who imports it makes new ones, with other records.',
      passphrase: 'Passphrase',
      again: 'Passphrase again',
      differs: 'The passphrases differ',
      save: 'Save file',
      done: (changes: number, withKeys: boolean) =>
        `${plural(changes, 'pending change')} exported, ${withKeys ? 'with sealed keys' : 'without private keys'}.`,
    },
    importing: {
      text: 'Reads pending changes from a file of another admin. They are staged here for your review; nothing is sent.',
      choose: 'Choose file',
      none: 'No file chosen',
      passphrase: 'Passphrase',
      passphraseMeans: 'Only when the file holds sealed keys.',
      done: (imported: number, unchanged: number, newKeys: number) =>
        `${plural(imported, 'change')} imported, ${count(unchanged)} there already${newKeys > 0 ? `, ${plural(newKeys, 'key')} made anew` : ''}.`,
    },
  },
  steps: {
    create: 'Creates',
    edit: 'Edits',
    remove: 'Removes',
    makeDirectory: 'Makes directory',
    removeDirectory: 'Removes directory',
    records: 'Changes the records of',
    by: 'by',
    install: 'Installs package',
    command: { check: 'Checks with', activate: 'Activates with', verify: 'Verifies with' },
    privateKey: 'Private key, shown as its fingerprint only;',
    owner: (owner: string, mode: string) => `owner ${owner}, mode ${mode}.`,
    diffOf: (name: string) => `Difference of ${name}`,
  },
  diffSigns: {
    same: { sign: '', word: '' },
    added: { sign: '+', word: 'added' },
    removed: { sign: '−', word: 'removed' },
  },
  manual: {
    title: 'For you to publish',
    means: 'zones that no server here serves; the run waits for them',
    publish: 'Publish',
    remove: 'Remove',
    show: 'Show the record',
  },
} as const;
