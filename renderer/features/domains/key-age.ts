import type { DomainKey } from '../../../shared/model.ts';

const day = 86_400_000;

/**
 * Signet's selectors end in the month in which the key was made (mx1-202611). Admins name theirs like that too, so the
 * name serves where nothing better is known.
 */
function monthInName(selector: string): number | null {
  const match = /(?:^|\D)(20\d\d)-?(0[1-9]|1[0-2])(?:\d\d)?$/.exec(selector);
  return match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, 1) : null;
}

/** When the key was made, in milliseconds since 1970; null: not known. */
export function keyMadeAt(key: Pick<DomainKey, 'since' | 'selector'>): number | null {
  const since = key.since ? Date.parse(key.since) : Number.NaN;
  return Number.isNaN(since) ? monthInName(key.selector) : since;
}

export function keyAgeInDays(key: Pick<DomainKey, 'since' | 'selector'>, now: number): number | null {
  const made = keyMadeAt(key);
  return made === null ? null : Math.max(0, Math.floor((now - made) / day));
}
