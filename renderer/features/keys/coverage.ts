/** The numbers behind the charts of the Keys screen. Pure; each number has the filter that shows what it counts. */
import type { DomainRow } from '../../../shared/model.ts';
import { keysThatCount, parseFilter } from '../domains/filter.ts';
import { keyAgeInDays } from '../domains/key-age.ts';
import { proofOf } from '../domains/proof.ts';

export const coverageKinds = ['proven', 'unproven', 'off', 'not-allowed'] as const;
export type CoverageKind = (typeof coverageKinds)[number];

export type Coverage = Readonly<Record<CoverageKind, number>>;

export interface ServerCoverage {
  readonly server: string;
  readonly total: number;
  readonly counts: Coverage;
}

export function coverageKind(row: DomainRow): CoverageKind {
  if (row.signing === 'on') return proofOf(row).proven ? 'proven' : 'unproven';
  return row.signing === 'unavailable' || !row.allowSigning ? 'not-allowed' : 'off';
}

function tally(rows: readonly DomainRow[]): Coverage {
  const counts = { proven: 0, unproven: 0, off: 0, 'not-allowed': 0 };
  for (const row of rows) counts[coverageKind(row)] += 1;
  return counts;
}

/** Per server, by name; and over all. */
export function coverageOf(rows: readonly DomainRow[]): {
  readonly servers: readonly ServerCoverage[];
  readonly all: ServerCoverage;
} {
  const servers = [...Map.groupBy(rows, row => row.server)]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([server, own]) => ({ server, total: own.length, counts: tally(own) }));
  return { servers, all: { server: '', total: rows.length, counts: tally(rows) } };
}

export const coverageFilters: Readonly<Record<CoverageKind, string>> = {
  proven: 'proof:proven',
  unproven: 'proof:unproven',
  off: 'signing:off',
  'not-allowed': 'signing:not-allowed',
};

export const strengths = [
  { id: 'weak', filter: 'key:<2048' },
  { id: 'rsa2048', filter: 'key:2048' },
  { id: 'strong', filter: 'key:>2048' },
  { id: 'ed25519', filter: 'key:ed25519' },
] as const;
export type Strength = (typeof strengths)[number]['id'];

export const ages = [
  { id: 'new', filter: 'age:<90', least: 0, below: 90 },
  { id: 'year', filter: 'age:>=90 age:<365', least: 90, below: 365 },
  { id: 'old', filter: 'age:>=365 age:<730', least: 365, below: 730 },
  { id: 'oldest', filter: 'age:>=730', least: 730, below: Number.POSITIVE_INFINITY },
  { id: 'unknown', filter: 'age:unknown', least: Number.NaN, below: Number.NaN },
] as const;
export type Age = (typeof ages)[number]['id'];

export interface Cell {
  readonly strength: Strength;
  readonly age: Age;
  readonly count: number;
  readonly filter: string;
}

function strengthOf(algorithm: string, bits: number | null): Strength | null {
  if (algorithm === 'ed25519') return 'ed25519';
  if (bits === null) return null;
  if (bits < 2048) return 'weak';
  return bits === 2048 ? 'rsa2048' : 'strong';
}

/** How many keys that mail is signed with have an age and a strength: one cell for each pair that there is. */
export function ageByStrength(rows: readonly DomainRow[], now: number): readonly Cell[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    for (const key of keysThatCount(row)) {
      const strength = strengthOf(key.algorithm, key.bits);
      if (!strength) continue;
      const days = keyAgeInDays(key, now);
      const age =
        days === null ? 'unknown' : (ages.find(({ least, below }) => days >= least && days < below)?.id ?? 'unknown');
      counts.set(`${strength} ${age}`, (counts.get(`${strength} ${age}`) ?? 0) + 1);
    }
  }
  return strengths.flatMap(strength =>
    ages.flatMap(age => {
      const count = counts.get(`${strength.id} ${age.id}`) ?? 0;
      return count > 0 ? { strength: strength.id, age: age.id, count, filter: `${strength.filter} ${age.filter}` } : [];
    }),
  );
}

/** What mail is signed with and should not be much longer. */
const rotations = [
  { id: 'weak', filter: 'signing:on key:<2048' },
  { id: 'old', filter: 'signing:on age:>=730' },
] as const;

export interface RotationDue {
  readonly id: (typeof rotations)[number]['id'];
  readonly filter: string;
  readonly count: number;
}

/** Signed domains whose keys are due to be rotated; kinds that no domain is of are left out. */
export function rotationsDue(rows: readonly DomainRow[], now: number): readonly RotationDue[] {
  return rotations.flatMap(({ id, filter }) => {
    const count = rows.filter(parseFilter(filter, now).test).length;
    return count > 0 ? [{ id, filter, count }] : [];
  });
}
