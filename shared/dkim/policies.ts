/** Policy records of a domain: DomainKeys (RFC 4870, 3.6) and ADSP (RFC 5617). DMARC is in dmarc.ts. Works in a browser. */
import type { Tag } from './tag-list.ts';
import { formatTagList, listOf, parseTagList, setTag, valueOf } from './tag-list.ts';

/** `several`: more than one policy record, so that receivers use either or none. */
export type PolicyComparison = 'match' | 'mismatch' | 'missing' | 'several';

export interface DomainKeysPolicy {
  /** `o=-`: all mail is signed, discard what is not. `o=~`, the default: some is. */
  readonly signsAll: boolean;
  readonly testing: boolean;
  /** `r=` */
  readonly reportTo: string | null;
  /** `n=` */
  readonly notes: string | null;
  readonly tags: readonly Tag[];
}

/** null: not a DomainKeys policy. */
export function parseDomainKeysPolicy(text: string): DomainKeysPolicy | null {
  const tags = parseTagList(text);
  if (tags === null || tags.some(tag => tag.name === 'v' || tag.name === 'p' || tag.name === 'dkim')) return null;
  const practice = valueOf(tags, 'o') ?? '~';
  if (practice !== '-' && practice !== '~') return null;
  return {
    signsAll: practice === '-',
    testing: (listOf(tags, 't') ?? []).includes('y'),
    reportTo: valueOf(tags, 'r') ?? null,
    notes: valueOf(tags, 'n') ?? null,
    tags,
  };
}

function domainKeysPolicy(existing: string | null, practice: '-' | '~'): string {
  const policy = existing === null ? null : parseDomainKeysPolicy(existing);
  if (existing === null || policy === null) return `o=${practice}`;
  return policy.signsAll === (practice === '-') ? existing : setTag(existing, 'o', practice, null);
}

/**
 * "All mail of the domain is signed, discard what is not": `o=-` in the existing policy, every other tag as it stands (also
 * `t=y`, which asks receivers not to act on it: see `testing`). What is no policy is replaced.
 */
export function signAllPolicy(existing: string | null): string {
  return domainKeysPolicy(existing, '-');
}

/** "Some mail is signed": `o=~` in the existing policy, every other tag as it stands. */
export function signSomePolicy(existing: string | null): string {
  return domainKeysPolicy(existing, '~');
}

const adspPractices = ['unknown', 'all', 'discardable'] as const;
export type AdspPractice = (typeof adspPractices)[number];

/** RFC 5617, 4.2.1: `dkim=` must come first; a practice nobody knows counts as "unknown". null: not an ADSP record. */
export function parseAdsp(text: string): AdspPractice | null {
  const [first] = parseTagList(text) ?? [];
  if (first?.name !== 'dkim') return null;
  return adspPractices.find(practice => practice === first.value) ?? 'unknown';
}

export function adspRecord(practice: AdspPractice): string {
  return formatTagList([{ name: 'dkim', value: practice }]);
}

/** What receivers act on, in a canonical form; null: they take the text for no policy at all. */
function meaning(text: string): string | null {
  const practice = parseAdsp(text);
  if (practice !== null) return `adsp ${practice}`;
  const policy = parseDomainKeysPolicy(text);
  if (policy === null) return null;
  const others = policy.tags.filter(tag => !['o', 't', 'n'].includes(tag.name)).map(tag => `${tag.name}=${tag.value}`);
  return ['domainkeys', policy.signsAll ? 'all' : 'some', policy.testing ? 'testing' : 'live', ...others.sort()].join(
    ' ',
  );
}

/**
 * Compares the TXT records at a policy name (`_domainkey.D` or `_adsp._domainkey.D`) with the policy wanted there, by what they
 * mean. Other texts at the name (a wildcard's SPF) are passed over, as receivers do.
 */
export function comparePolicy(expected: string, served: readonly string[] | null): PolicyComparison {
  const [only, ...others] = (served ?? []).map(meaning).filter(found => found !== null);
  if (only === undefined) return 'missing';
  if (others.length > 0) return 'several';
  return only === meaning(expected) ? 'match' : 'mismatch';
}
