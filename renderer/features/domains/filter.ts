/**
 * The little language of the search box: plain words, and `field:value`. All terms must hold; `-term` must not; a comma
 * means "one of" (`server:mx1,mx2`); numbers take `<`, `<=`, `>`, `>=` (`key:<2048`, `age:>365`). Quotes keep spaces.
 */
import type { DomainRow } from '../../../shared/model.ts';
import { proofOf } from './proof.ts';
import { keyAgeInDays } from './key-age.ts';

export type Test = (row: DomainRow) => boolean;

export interface Filter {
  readonly test: Test;
  /** Terms that are not understood, as typed. They filter nothing. */
  readonly unknown: readonly string[];
  readonly empty: boolean;
}

type FieldTest = (value: string, now: number) => Test | null;

// Most text is in lower case already; a second string per row and keystroke is what costs.
const has = (text: string | null, value: string) =>
  text !== null && (text.includes(value) || text.toLowerCase().includes(value));

function compare(value: string): ((number: number) => boolean) | null {
  const match = /^(<=|>=|<|>|=)?(\d+)$/.exec(value);
  if (!match) return null;
  const limit = Number(match[2]);
  switch (match[1]) {
    case '<':
      return number => number < limit;
    case '<=':
      return number => number <= limit;
    case '>':
      return number => number > limit;
    case '>=':
      return number => number >= limit;
    default:
      return number => number === limit;
  }
}

function oneOf(table: Readonly<Record<string, Test>>): FieldTest {
  return value => (Object.hasOwn(table, value) ? (table[value] ?? null) : null);
}

const always: Test = () => true;

const isOn: Test = row => row.signing === 'on';
const isNotAllowed: Test = row => row.signing === 'unavailable' || !row.allowSigning;

/** Keys that mail is signed with; where nothing is signed, all that are there. */
export function keysThatCount(row: DomainRow): DomainRow['keys'] {
  if (row.keys.length < 2) return row.keys;
  const used = row.keys.filter(key => key.inUse);
  return used.length > 0 ? used : row.keys;
}

const problemTest: FieldTest = value => {
  if (value === 'any' || value === 'yes') return row => row.problems.length > 0;
  if (value === 'none' || value === 'no') return row => row.problems.length === 0;
  return row => row.problems.some(problem => has(problem.code, value) || has(problem.message, value));
};

const keyTest: FieldTest = value => {
  if (value === 'none') return row => row.keys.length === 0;
  if (value === 'rsa' || value === 'ed25519') return row => keysThatCount(row).some(key => key.algorithm === value);
  const holds = compare(value);
  if (!holds) return null;
  return row => keysThatCount(row).some(key => key.algorithm !== 'ed25519' && key.bits !== null && holds(key.bits));
};

const ageTest: FieldTest = (value, now) => {
  if (value === 'unknown') return row => keysThatCount(row).some(key => keyAgeInDays(key, now) === null);
  const holds = compare(value.replace(/d$/, ''));
  if (!holds) return null;
  return row =>
    keysThatCount(row).some(key => {
      const age = keyAgeInDays(key, now);
      return age !== null && holds(age);
    });
};

const fields: Readonly<Record<string, FieldTest>> = {
  domain: value => row => has(row.domain, value),
  server: value => row =>
    row.server.toLowerCase() === value || (value.endsWith('*') && has(row.server, value.slice(0, -1))),
  signing: oneOf({
    on: isOn,
    off: row => row.signing === 'off',
    unavailable: isNotAllowed,
    'not-allowed': isNotAllowed,
  }),
  proof: oneOf({
    proven: row => proofOf(row).proven,
    unproven: row => row.signing === 'on' && !proofOf(row).proven,
    file: row => proofOf(row).file === 'yes',
    daemon: row => proofOf(row).daemon === 'yes',
    dns: row => proofOf(row).dns === 'yes',
  }),
  key: keyTest,
  age: ageTest,
  selector: value => row => row.keys.some(key => has(key.selector, value)),
  published: oneOf({
    match: row => keysThatCount(row).some(key => key.published === 'match'),
    mismatch: row => keysThatCount(row).some(key => key.published === 'mismatch'),
    missing: row => keysThatCount(row).some(key => key.published === 'missing'),
    unknown: row => keysThatCount(row).some(key => key.published === 'unknown'),
  }),
  policy: value => {
    if (value === 'none') return row => !row.policy.domainkeys && !row.policy.adsp && !row.policy.dmarc;
    if (value === 'any') return row => Boolean(row.policy.domainkeys ?? row.policy.adsp ?? row.policy.dmarc);
    return row => has(row.policy.domainkeys, value) || has(row.policy.adsp, value) || has(row.policy.dmarc, value);
  },
  zone: value => row => has(row.zone.kind, value) || has(row.zone.server, value) || has(row.zone.name, value),
  mta: value => row => has(row.mta, value),
  signer: value => row => has(row.signer, value),
  pending: oneOf({ yes: row => row.pending.length > 0, no: row => row.pending.length === 0 }),
  problem: problemTest,
};

function termsOf(text: string): readonly string[] {
  return text.match(/(?:[^\s"]+|"[^"]*"?)+/g) ?? [];
}

function fieldTest(name: string, values: string, now: number): Test | null {
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!field) return null;
  if (values === '') return always; // still being typed
  const tests = values.split(',').flatMap(value => (value === '' ? [] : [field(value, now)]));
  if (tests.some(test => test === null)) return null;
  return row => tests.some(test => test?.(row) ?? false);
}

function wordTest(word: string): Test {
  return row => row.domain.includes(word) || has(row.server, word) || row.keys.some(key => has(key.selector, word));
}

export function parseFilter(text: string, now: number): Filter {
  const tests: Test[] = [];
  const unknown: string[] = [];
  for (const term of termsOf(text)) {
    const negated = term.startsWith('-') && term.length > 1;
    const plain = (negated ? term.slice(1) : term).toLowerCase();
    const colon = plain.indexOf(':');
    const unquoted = (part: string) => part.replaceAll('"', '');
    let test: Test | null;
    if (colon > 0 && !plain.startsWith('"'))
      test = fieldTest(plain.slice(0, colon), unquoted(plain.slice(colon + 1)), now);
    else test = wordTest(unquoted(plain));
    if (!test) unknown.push(term);
    else if (negated) {
      const inner = test;
      tests.push(row => !inner(row));
    } else tests.push(test);
  }
  const [first, second] = tests;
  if (!first) return { test: always, unknown, empty: true };
  if (!second) return { test: first, unknown, empty: false };
  return { test: row => tests.every(test => test(row)), unknown, empty: false };
}

/** Adds `term` to the text, or takes it away when it is there; another value of the same field is replaced. */
export function toggleTerm(text: string, term: string): string {
  const terms = termsOf(text);
  if (terms.includes(term)) return terms.filter(present => present !== term).join(' ');
  const field = `${term.split(':')[0] ?? ''}:`;
  return [...terms.filter(present => !present.startsWith(field)), term].join(' ');
}
