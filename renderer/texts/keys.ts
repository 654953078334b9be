import { count, plural } from '../app/format.ts';

const kinds = {
  proven: 'Signed and proven',
  unproven: 'Signed, not proven',
  off: 'Not signed',
  'not-allowed': 'Not allowed',
} as const;

const strengths = { weak: 'below 2048', rsa2048: 'RSA 2048', strong: 'RSA above', ed25519: 'Ed25519' } as const;

const ages = {
  new: '< 3 mo',
  year: '< 1 y',
  old: '1–2 y',
  oldest: '> 2 y',
  unknown: 'unknown',
} as const;

export const keyTexts = {
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
    nothingDue: 'Nothing waits to be retired.',
    retire: (selectors: string) => `retire ${selectors}`,
    now: 'now',
    empty: {
      title: 'No keys to show yet',
      text: 'Once servers are scanned, this shows how much of the fleet is signed and proven, and which keys are weak or due.',
    },
  },
} as const;
