import type { Published } from '../../shared/model.ts';
import { count, hours, plural } from '../app/format.ts';

const marks = { yes: 'yes', no: 'no', unknown: 'not known' } as const;
type Mark = keyof typeof marks;

const inDns: Readonly<Record<Published, (name: string) => string>> = {
  match: name => `Every authoritative server serves the matching key at ${name}.`,
  mismatch: name => `${name} serves another key than the one that signs.`,
  missing: name => `No authoritative server serves ${name}.`,
  unknown: name => `${name} was not looked up yet. Verify asks the authoritative servers.`,
};

/** Codes as words for narrow cells: "dns-key-missing" is "DNS key missing". The message stands in the panel. */
function problemWords(code: string): string {
  const words = code
    .replaceAll('-', ' ')
    .replaceAll(/\b(dns|mta|ssh|dkim|adsp|dmarc|rsa|soa|ttl)\b/g, word => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const domainTexts = {
  problemWords,
  domains: {
    columns: {
      domain: 'Domain',
      server: 'Server',
      signing: 'Signing',
      proof: 'Proof',
      key: 'Key',
      age: 'Age',
      selector: 'Selector',
      policy: 'Policy',
      zone: 'Zone',
      pending: 'Pending',
      problems: 'Problems',
    },
    filter: 'Filter domains',
    filterPlaceholder: 'Filter, or server:mx1 signing:off',
    clearFilter: 'Clear filter',
    addFilter: 'Add filter',
    filterUnknown: (terms: string) => `Not understood, and not filtered by: ${terms}`,
    filterGroups: [
      {
        title: 'Signing',
        terms: [
          ['On', 'signing:on'],
          ['Off', 'signing:off'],
          ['Not allowed', 'signing:not-allowed'],
        ],
      },
      {
        title: 'Proof',
        terms: [
          ['Proven', 'proof:proven'],
          ['Signed, not proven', 'proof:unproven'],
        ],
      },
      {
        title: 'Keys',
        terms: [
          ['Weak', 'key:<2048'],
          ['Older than a year', 'age:>365'],
          ['Not published', 'published:missing,mismatch'],
        ],
      },
      {
        title: 'More',
        terms: [
          ['With problems', 'problem:any'],
          ['DNS problems', 'problem:dns'],
          ['With pending changes', 'pending:yes'],
          ['External zone', 'zone:external'],
        ],
      },
    ],
    view: 'View',
    grouping: 'Grouping',
    groupByServer: 'Group by server',
    columnsTitle: 'Columns',
    scan: 'Scan',
    scanNow: 'Scan now',
    verify: 'Verify',
    selectAll: 'Select all domains',
    selectRow: (domain: string, server: string) => `Select ${domain} on ${server}`,
    selectionStatus: 'Selection',
    selected: (selected: number, total: number, hidden: number) =>
      hidden > 0
        ? `${count(selected)} of ${count(total)} selected, ${count(hidden)} hidden by the filter`
        : `${count(selected)} of ${count(total)} selected`,
    shown: (shown: number, total: number) =>
      shown === total ? plural(total, 'domain') : `${count(shown)} of ${plural(total, 'domain')}`,
    group: (rows: number, selected: number) =>
      selected > 0 ? `${plural(rows, 'domain')}, ${count(selected)} selected` : plural(rows, 'domain'),
    noMatch: { title: 'No domain matches', text: 'The filter leaves nothing to show.' },
    notScanned: {
      title: 'No domains known yet',
      text: 'A scan reads which domains the servers host, and whether they are signed. It changes nothing.',
    },
    firstStart: {
      title: 'Add your first server',
      text: 'Signet reads over SSH which domains it hosts. Then select domains, choose Group Operations, review what would change, and apply. Nothing on a server changes before you have seen it.',
    },
  },
  signing: { on: 'On', off: 'Off', 'not-allowed': 'Not allowed' },
  policy: { all: 'All signed', some: 'Some signed', none: 'None published' },
  zone: {
    external: 'external',
    externalLong: 'external: no server here serves it, you publish its records',
    on: (server: string) => `on ${server}`,
  },
  proof: {
    title: 'Proof',
    none: 'not signed',
    summary: (file: Mark, daemon: Mark, dns: Mark) =>
      `File: ${marks[file]}. Daemon: ${marks[daemon]}. DNS: ${marks[dns]}.`,
    file: 'File',
    fileYes: (paths: readonly string[]) =>
      paths.length > 0 ? `The configuration signs with ${paths.join(', ')}.` : 'The configuration signs this domain.',
    fileNo: 'The configuration does not sign this domain.',
    daemon: 'Daemon',
    daemonKnown: (signed: boolean, when: string) =>
      signed
        ? `A probe came back signed and verified, ${when}.`
        : `A probe came back without a valid signature, ${when}.`,
    daemonUnknown: 'No probe was sent yet. Verify sends one; it needs a connection.',
    dns: 'DNS',
    dnsNoKey: 'No key is in use.',
    published: inDns,
  },
  panel: {
    label: (domain: string, server: string) => `${domain} on ${server}`,
    subtitle: (server: string, when: string) => `on ${server}, scanned ${when}`,
    server: 'Where',
    keys: 'Keys',
    noKeys: 'No key is known for this domain.',
    inUse: 'In use',
    weak: 'Weak',
    managed: 'made or adopted by Signet',
    foreign: 'found on the server; Signet does not touch it',
    ageUnknown: 'not known',
    verified: 'verified',
    notVerified: 'not verified',
    history: 'History',
    noHistory: 'No run has changed this domain.',
    runOf: (domains: number) => `of ${plural(domains, 'domain')}`,
    facts: {
      server: 'Server',
      mta: 'Mail server',
      signer: 'Signer',
      zone: 'Zone',
      policy: 'Policy',
      incoming: 'Incoming mail',
      age: 'Age',
      file: 'File',
      origin: 'Origin',
      signature: 'Signature',
    },
    compromised: 'Somebody else has this key…',
  },
  records: {
    title: 'Records',
    dialect: 'DNS dialect',
    none: 'No record is published or staged.',
    copy: (name: string) => `Copy ${name}`,
  },
  preferences: {
    title: 'Mail → Preferences',
    domainKeys: 'Use DomainKeys spam protection system to sign outgoing e-mail messages',
    notAllowed: (server: string) => `${server} does not allow signing.`,
    staged: (summary: string) => `Staged: ${summary}.`,
  },
  groupOperations: {
    title: 'Group Operations',
    subtitle: (rows: number, servers: number) => `for ${plural(rows, 'domain')} on ${plural(servers, 'server')}`,
    preferences: 'Preferences',
    choices: { keep: 'Do not change', on: 'Switch on', off: 'Switch off' },
    policy: 'Publish the sender’s policy',
    policyMeans: 'All mail is signed, discard what is not.',
    dmarc: 'DMARC policy',
    dmarcMeans: 'What receivers do with mail that fails.',
    dmarcChoices: { keep: 'Do not change', none: 'None', quarantine: 'Quarantine', reject: 'Reject' },
    keys: 'Keys',
    key: 'Key',
    sameKey: 'As it is now',
    rotate: 'Rotate keys',
    rotateMeans:
      'A new key for each that signs. It is published first and signs once every authoritative server serves it.',
    rotateAlone: 'Not together with a switch: a domain has one pending change.',
    oldKeys: (value: number) => `Old keys stay served for ${hours(value)} for mail under way, then they are retired.`,
    selector: 'Selector',
    selectorAutomatic: 'automatic',
    selectorMeans: 'Empty: server and month, one per server.',
    selectorWrong: 'Letters, digits and dashes, at most 63',
    grace: (value: number) => `Keys stay served for ${hours(value)} for mail under way, then they are retired.`,
    nothing: 'Nothing is changed yet: choose what to switch.',
    computing: 'Computing…',
    staging: (done: number, total: number) => `Staging ${count(done)} of ${count(total)}…`,
    effect: (keys: number, staged: number, cancelled: number, unchanged: number) => {
      const parts: string[] = [];
      if (keys > 0) parts.push(`generates ${plural(keys, 'key')}`);
      if (staged > 0) parts.push(`stages ${plural(staged, 'pending change')}`);
      if (cancelled > 0) parts.push(`takes back ${plural(cancelled, 'pending change')}`);
      const same = unchanged > 0 ? ` ${plural(unchanged, 'domain is', 'domains are')} so already.` : '';
      const first = parts.join(', ');
      if (first === '') return `There is nothing to do.${same}`;
      return `${first.charAt(0).toUpperCase()}${first.slice(1)}.${same} Nothing is sent to a server yet.`;
    },
    refused: (rows: number) => `${plural(rows, 'domain')} cannot be switched`,
    andMore: (rest: number) => `, and ${count(rest)} more`,
    scanServer: (server: string) => `Scan ${server}`,
    openServer: (server: string) => `Open ${server}`,
  },
} as const;
