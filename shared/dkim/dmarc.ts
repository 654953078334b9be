/** DMARC policy records (RFC 9989, 4.7 and 4.8; it obsoletes RFC 7489). Works in a browser. */
import type { DmarcWish } from '../model.ts';
import type { PolicyComparison } from './policies.ts';
import type { Tag } from './tag-list.ts';
import { parseLooseTagList, setTag, valueOf, withoutSpace } from './tag-list.ts';

const dmarcPolicies = ['none', 'quarantine', 'reject'] as const;
export type DmarcPolicy = (typeof dmarcPolicies)[number];

export interface DmarcRecord {
  /** `p=`; "none" where it is absent or unknown. */
  readonly policy: DmarcPolicy;
  /** `sp=`; null: as `policy`. */
  readonly subdomains: DmarcPolicy | null;
  /** `np=`, for subdomains that do not exist; null: as `subdomains`. */
  readonly nonexistent: DmarcPolicy | null;
  /** `t=y`: receivers are asked to apply one level less. */
  readonly testing: boolean;
  readonly tags: readonly Tag[];
}

function policyOf(value: string | undefined): DmarcPolicy | null {
  const lower = value?.toLowerCase();
  return dmarcPolicies.find(policy => policy === lower) ?? null;
}

/** null: not a DMARC record; a record must begin with exactly `v=DMARC1`. Errors further on are passed over, as receivers do. */
export function parseDmarc(text: string): DmarcRecord | null {
  const tags = parseLooseTagList(text);
  const [version] = tags;
  if (!/^\s*v\s*=/.test(text) || version?.name !== 'v' || version.value !== 'DMARC1') return null;
  return {
    policy: policyOf(valueOf(tags, 'p')) ?? 'none',
    subdomains: policyOf(valueOf(tags, 'sp')),
    nonexistent: policyOf(valueOf(tags, 'np')),
    testing: valueOf(tags, 't')?.toLowerCase() === 'y',
    tags,
  };
}

/** The values among the TXT records at `_dmarc.D` that are DMARC records. More than one: receivers apply none of them. */
export function dmarcRecords(values: readonly string[]): readonly string[] {
  return values.filter(value => parseDmarc(value) !== null);
}

/**
 * The record with the policy wished for. Only `p=` changes; order, spelling and every other tag (rua, sp, np, pct, unknown
 * ones) stay byte for byte, and a record that fulfils the wish is returned as it is. What is no DMARC record is replaced.
 * `p=` comes second, where older receivers (RFC 7489) want it.
 */
export function mergeDmarc(existing: string | null, wish: Exclude<DmarcWish, 'keep'>): string {
  const record = existing === null ? null : parseDmarc(existing);
  if (existing === null || record === null) return `v=DMARC1; p=${wish}`;
  return policyOf(valueOf(record.tags, 'p')) === wish ? existing : setTag(existing, 'p', wish, 'v');
}

const defaults: Readonly<Record<string, string>> = { adkim: 'r', aspf: 'r', fo: '0', t: 'n', psd: 'u' };
/** Gone with RFC 9989: receivers ignore them. */
const obsolete: ReadonlySet<string> = new Set(['pct', 'rf', 'ri']);
const addresses: ReadonlySet<string> = new Set(['rua', 'ruf']);

/** What receivers act on, in a canonical form; null: no DMARC record. */
function meaning(text: string): string | null {
  const record = parseDmarc(text);
  if (record === null) return null;
  const policies = [record.policy, record.subdomains ?? record.policy];
  policies.push(record.nonexistent ?? record.subdomains ?? record.policy);
  const others = record.tags
    .filter(tag => !['v', 'p', 'sp', 'np'].includes(tag.name) && !obsolete.has(tag.name))
    .map(tag => ({ name: tag.name, value: withoutSpace(tag.value) }))
    .map(tag => (addresses.has(tag.name) ? tag : { ...tag, value: tag.value.toLowerCase() }))
    .filter(tag => defaults[tag.name] !== tag.value)
    .map(tag => `${tag.name}=${tag.value}`);
  return [...policies, ...others.sort()].join(' ');
}

/** Compares the TXT records at `_dmarc.D` with the record wanted there, tag by tag. Records that are not DMARC are passed over. */
export function compareDmarc(expected: string, served: readonly string[] | null): PolicyComparison {
  const [only, ...others] = (served ?? []).map(meaning).filter(found => found !== null);
  if (only === undefined) return 'missing';
  if (others.length > 0) return 'several';
  return only === meaning(expected) ? 'match' : 'mismatch';
}
