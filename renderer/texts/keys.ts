import { count, plural } from '../app/format.ts';

const kinds = {
  proven: 'Signed and proven',
  unproven: 'Signed, not proven',
  off: 'Not signed',
  'not-allowed': 'Not allowed',
} as const;

const strengths = { weak: 'below 2048', rsa2048: 'RSA 2048', strong: 'above 2048', ed25519: 'Ed25519' } as const;

const ages = {
  new: '< 3 mo',
  year: '< 1 y',
  old: '1–2 y',
  oldest: '> 2 y',
  unknown: 'unknown',
} as const;

export const keyTexts = {
  compromised: {
    title: 'Compromised key',
    text: 'A key that somebody else has is looked for on every server and in every zone. Wherever it signs, a new key takes its place; its records are revoked (p= empty) at once, without grace.',
    key: 'Key',
    example: 'mx1-202611._domainkey.example.com',
    keyMeans: 'The name of a record that holds it, or its SHA-256 fingerprint (64 hex digits).',
    places: 'Where it is',
    fate: (selectors: string) =>
      selectors === '' ? 'signs nothing; its record is revoked' : `replaced by ${selectors}, and revoked`,
    effect: (keys: number, staged: number, unchanged: number) => {
      if (staged === 0) return unchanged > 0 ? 'All of it is staged already.' : 'There is nothing to do.';
      const made = keys > 0 ? `Generates ${plural(keys, 'key')}, stages` : 'Stages';
      return `${made} ${plural(staged, 'pending change')}. Nothing is sent to a server yet.`;
    },
  },
  keysScreen: {
    charts: 'Charts',
    coverage: 'Coverage',
    ageChart: 'Age and strength',
    kinds,
    strengths,
    ages,
    quick: { weak: 'Weak', unpublished: 'Not published', old: 'Over 2 years' },
    bar: (server: string, kind: keyof typeof kinds, value: number) =>
      `${server}: ${plural(value, 'domain')}, ${kinds[kind].toLowerCase()}`,
    point: (strength: keyof typeof strengths, age: keyof typeof ages, value: number) =>
      `${strengths[strength]}, ${ages[age]}: ${plural(value, 'key')}`,
    percent: (part: number, whole: number) => (whole === 0 ? '' : `${Math.floor((part / whole) * 100)} %`),
    summary: (proven: number, total: number) => `${count(proven)} of ${plural(total, 'domain')} signed and proven`,
    exportCsv: 'Export CSV',
    table: 'Keys',
    tableFilter: 'Filter of the table',
    all: (rows: number) => plural(rows, 'domain'),
    filtered: (rows: number) => `${plural(rows, 'domain')} with`,
    none: 'No key is like that.',
    due: 'Due',
    nothingDue: 'No key is to be rotated or retired.',
    rotate: {
      weak: (domains: number) => `Rotate: ${plural(domains, 'domain')} signed with keys below 2048`,
      old: (domains: number) => `Rotate: ${plural(domains, 'domain')} signed with keys over 2 years old`,
    },
    rotateShown: 'Rotate keys',
    retire: (selectors: string) => `retire ${selectors}`,
    now: 'now',
    empty: {
      title: 'No keys to show yet',
      text: 'Once servers are scanned, this shows how much of the fleet is signed and proven, and which keys are weak or due.',
    },
  },
} as const;
