/** Names for new keys. Works in a browser. */
import type { KeyAlgorithm, KeyScheme } from '../model.ts';

/** So that "-202611-99999-e" still fits behind it in 63 characters. */
const longestPrefix = 40;

function prefixOf(server: string): string {
  const label = server
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longestPrefix)
    .replace(/^-+|-+$/g, '');
  return label === '' ? 'key' : label;
}

/**
 * A selector that says where and when: "mx1-202611", "mx1-202611-e" for Ed25519, "mx1-202611-dk" for DomainKeys;
 * "mx1-202611-2" where that is taken.
 * One label of at most 63 letters, digits and hyphens. `taken` holds the selectors of the domain that are in use anywhere.
 * Both keys of a pair (`dual`) get the same number when they are asked for with the same `taken`.
 */
export function newSelector(wish: {
  readonly server: string;
  readonly date: Date;
  readonly algorithm: KeyAlgorithm;
  /** Default: DKIM. */
  readonly scheme?: KeyScheme;
  readonly dual: boolean;
  readonly taken: ReadonlySet<string>;
}): string {
  const month = wish.date.toISOString().slice(0, 7).replace('-', '');
  for (let number = 1; ; number += 1) {
    const rsa = `${prefixOf(wish.server)}-${month}${number === 1 ? '' : `-${number}`}`;
    const ed25519 = `${rsa}-e`;
    const name = wish.scheme === 'domainkeys' ? `${rsa}-dk` : wish.algorithm === 'rsa' ? rsa : ed25519;
    const needed = wish.dual ? [rsa, ed25519] : [name];
    if (needed.every(selector => !wish.taken.has(selector))) return name;
  }
}
