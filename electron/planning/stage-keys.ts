/** Which keys a domain that is switched on gets: one that is there, or new ones under selectors that nobody uses. Pure. */
import { fitsDns, parseSelector } from '../../shared/dkim/domain.ts';
import { keyName } from '../../shared/dkim/names.ts';
import { newSelector } from '../../shared/dkim/selector.ts';
import type { DomainRow, KeyAlgorithm, KeyScheme, KeySpec, Scheme, SigningOnIntent } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import { schemesOf, signerFor, signingOf } from './fleet.ts';
import type { PlanningContext } from './goals.ts';
import { locate, presentAt } from './location.ts';

export interface KeyNeed {
  readonly selector: string;
  readonly algorithm: KeyAlgorithm;
  readonly bits: 1024 | 2048 | 4096 | 256;
  readonly scheme: KeyScheme;
}

/** What choosing looks at: a row of the table, or a domain that a signer knows and the mail server does not. */
export type KeyPlace = Pick<DomainRow, 'domain' | 'server' | 'signer' | 'keys'>;

export type Refusal = Pick<Problem, 'code' | 'message' | 'hint'>;

export interface ChosenKeys {
  /** Selectors of keys that are there and are used again. */
  readonly adopt: readonly string[];
  readonly needs: readonly KeyNeed[];
}

export type KeySpecPart = Pick<KeyNeed, 'algorithm' | 'bits' | 'scheme'>;

const specs: Readonly<Record<KeySpec, readonly Pick<KeyNeed, 'algorithm' | 'bits'>[]>> = {
  rsa1024: [{ algorithm: 'rsa', bits: 1024 }],
  rsa2048: [{ algorithm: 'rsa', bits: 2048 }],
  rsa4096: [{ algorithm: 'rsa', bits: 4096 }],
  ed25519: [{ algorithm: 'ed25519', bits: 256 }],
  'rsa2048+ed25519': [
    { algorithm: 'rsa', bits: 2048 },
    { algorithm: 'ed25519', bits: 256 },
  ],
};

/** The new key in the place of one in use: of its algorithm, and of its length or the next one that can be made. */
export function specLike(key: {
  readonly algorithm: KeyAlgorithm;
  readonly bits: number | null;
  readonly scheme: KeyScheme;
}): KeySpecPart {
  const { scheme } = key;
  if (scheme === 'domainkeys') return { algorithm: 'rsa', bits: (key.bits ?? 2048) <= 1024 ? 1024 : 2048, scheme };
  if (key.algorithm === 'ed25519') return { algorithm: 'ed25519', bits: 256, scheme };
  const bits = ([1024, 2048, 4096] as const).find(length => length >= (key.bits ?? 2048)) ?? 4096;
  return { algorithm: 'rsa', bits, scheme };
}

/**
 * The keys of a specification for one scheme. DomainKeys knows RSA alone, and no verifier need take more than 2048 bits
 * (RFC 4870, 3.2.3): a specification that is right for DKIM beside it gives the nearest one that is.
 */
export function specsOf(key: KeySpec, scheme: KeyScheme): readonly KeySpecPart[] {
  if (scheme === 'domainkeys') return [{ algorithm: 'rsa', bits: key === 'rsa1024' ? 1024 : 2048, scheme }];
  return specs[key].map(part => ({ ...part, scheme }));
}

export class KeyChooser {
  readonly #context: PlanningContext;
  readonly #wish: { readonly key: KeySpec; readonly selector?: string | undefined };
  readonly #now: Date;
  /** Selectors of each domain that are given away by pending changes. */
  readonly #given = new Map<string, Set<string>>();

  constructor(
    context: PlanningContext,
    wish: { readonly key: KeySpec; readonly selector?: string | undefined },
    now: Date,
  ) {
    this.#context = context;
    this.#wish = wish;
    this.#now = now;
  }

  hold(domain: string, selectors: readonly string[]): void {
    for (const selector of selectors) this.#givenOf(domain).add(selector);
  }

  release(domain: string, selectors: readonly string[]): void {
    for (const selector of selectors) this.#givenOf(domain).delete(selector);
  }

  /** Whether a staged change has the keys that the wish asks for. */
  fits(intent: SigningOnIntent, scheme: Scheme): boolean {
    if (intent.scheme !== scheme) return false;
    if (intent.adopt.length > 0) return true;
    const { selector, key } = this.#wish;
    const wanted = schemesOf(scheme).flatMap(one => specsOf(key, one));
    return sameSpec(intent, wanted) && (selector === undefined || intent.keys[0]?.selector === selector);
  }

  /** The keys for a domain that is switched on: one that is there, published and strong enough is used again. */
  choose(row: DomainRow, scheme: KeyScheme): ChosenKeys | Refusal {
    const wanted = specsOf(this.#wish.key, scheme);
    const usable = row.keys.filter(
      key => key.scheme === scheme && key.algorithm !== 'unknown' && key.publicKey !== null,
    );
    const wish = this.#wish.selector;
    if (wish === undefined) {
      const again = usable.find(
        key =>
          key.published === 'match' &&
          wanted.length === 1 &&
          key.algorithm === wanted[0]?.algorithm &&
          (key.bits ?? 0) >= wanted[0].bits,
      );
      if (again !== undefined) return { adopt: [again.selector], needs: [] };
    }
    return this.chooseNew(row, wanted);
  }

  /** New keys, whatever is there; a key that is there only where the wish names its selector. */
  chooseNew(row: KeyPlace, wanted: readonly KeySpecPart[]): ChosenKeys | Refusal {
    const { domain, server } = row;
    const wish = this.#wish.selector;
    const facts = this.#context.fleet.servers.get(server);
    const scheme = wanted[0]?.scheme ?? 'dkim';
    const signer = (facts === undefined ? null : signerFor(facts, scheme))?.view;
    const can = signer?.can ?? [];
    const ed25519 = wanted.some(key => key.algorithm === 'ed25519');
    if ((ed25519 && !can.includes('ed25519')) || (wanted.length > 1 && !can.includes('dualSign'))) {
      return {
        code: 'key-unsupported',
        message: `${domain} on ${server}: ${signer?.name ?? 'the signer'} cannot sign with ${wanted.map(({ algorithm }) => algorithm).join('+')}.`,
        hint: 'Use an RSA key: every receiver verifies it.',
      };
    }
    const taken = this.#taken(row);
    const selectors =
      wish === undefined ? this.#freeSelectors(row, wanted, taken) : this.#wished(row, wish, taken, wanted);
    if ('code' in selectors) return selectors;
    if ('adopt' in selectors) return { adopt: [selectors.adopt], needs: [] };
    const names = selectors.names;
    if (names.some(selector => !fitsDns(keyName(selector, domain)))) {
      return {
        code: 'name-too-long',
        message: `${domain} on ${server}: the name of a key record would be longer than DNS allows (253 octets).`,
        hint: 'Use a shorter selector: --selector s1',
      };
    }
    this.hold(domain, names);
    return { adopt: [], needs: wanted.map((key, i) => ({ ...key, selector: names[i] ?? '' })) };
  }

  #freeSelectors(
    row: KeyPlace,
    wanted: readonly KeySpecPart[],
    taken: ReadonlySet<string>,
  ): { readonly names: readonly string[] } {
    const dual = wanted.length > 1;
    return {
      names: wanted.map(({ algorithm, scheme }) =>
        newSelector({ server: row.server, date: this.#now, algorithm, scheme, dual, taken }),
      ),
    };
  }

  /** The selector that the admin asked for: a free one, or that of a key of this domain on this server (adoption). */
  #wished(
    row: KeyPlace,
    wish: string,
    taken: ReadonlySet<string>,
    wanted: readonly KeySpecPart[],
  ): { readonly names: readonly string[] } | { readonly adopt: string } | Refusal {
    const parsed = parseSelector(wish);
    if (!parsed.ok) {
      return {
        code: parsed.fault.code,
        message: `selector "${printable(wish, 80)}": ${parsed.fault.message}`,
        hint: 'Letters, digits and hyphens: s1, mail-2026.',
      };
    }
    const selector = parsed.value;
    const here = row.keys.find(key => key.selector === selector && key.publicKey !== null);
    if (here !== undefined && here.scheme === wanted[0]?.scheme) return { adopt: selector };
    // a selector is for one scheme: where DKIM has the name, the DomainKeys key beside it has one like it
    const given = this.#givenOf(row.domain).has(selector) || here !== undefined;
    const names = wanted.map(({ algorithm, scheme }, i) =>
      i > 0 && algorithm === 'ed25519'
        ? `${selector}-e`
        : scheme === 'domainkeys' && given
          ? `${selector}-dk`
          : selector,
    );
    const inUse = names.find(name => taken.has(name));
    if (inUse === undefined) return { names };
    return {
      code: 'selector-in-use',
      message: `${row.domain}: the selector ${inUse} is in use already, by another server, another key or a record in the zone.`,
      hint: 'Choose another one, or let Signet choose (leave --selector out).',
    };
  }

  /** Selectors of the domain that are in use anywhere we know of. */
  #taken(row: KeyPlace): ReadonlySet<string> {
    const { fleet } = this.#context;
    const taken = new Set(this.#givenOf(row.domain));
    const suffix = `._domainkey.${row.domain}`;
    for (const server of fleet.hosting.get(row.domain) ?? []) {
      const facts = fleet.servers.get(server);
      for (const key of facts === undefined ? [] : (signingOf(facts)?.keys ?? [])) {
        if (key.domain === row.domain) taken.add(key.selector);
      }
      for (const [name, values] of servedBelow(facts?.served ?? {}, suffix)) {
        if (values === null || values.length > 0) taken.add(name.slice(0, -suffix.length));
      }
    }
    const location = locate(fleet, row.domain, row.server);
    if (location.kind === 'managed') {
      for (const { zone } of location.places) {
        for (const { name } of zone.txt) if (name.endsWith(suffix)) taken.add(name.slice(0, -suffix.length));
        for (const name of zone.cnames) if (name.endsWith(suffix)) taken.add(name.slice(0, -suffix.length));
      }
    } else if (this.#wish.selector !== undefined) {
      const present = presentAt(fleet, location, keyName(this.#wish.selector, row.domain), row.server);
      if ('problem' in present || present.rrset !== null) taken.add(this.#wish.selector);
    }
    return taken;
  }

  #givenOf(domain: string): Set<string> {
    let given = this.#given.get(domain);
    if (given === undefined) {
      given = new Set();
      this.#given.set(domain, given);
    }
    return given;
  }
}

function sameSpec(intent: SigningOnIntent, wanted: readonly KeySpecPart[]): boolean {
  return (
    intent.keys.length === wanted.length &&
    intent.keys.every(
      (key, i) =>
        key.algorithm === wanted[i]?.algorithm && key.bits === wanted[i].bits && key.scheme === wanted[i].scheme,
    )
  );
}

type Served = Readonly<Record<string, readonly string[] | null>>;
const servedIndex = new WeakMap<Served, ReadonlyMap<string, readonly [string, readonly string[] | null][]>>();

/** The served names that end in a suffix "._domainkey.DOMAIN": indexed once for each scan, not searched for each row. */
function servedBelow(served: Served, suffix: string): readonly [string, readonly string[] | null][] {
  let index = servedIndex.get(served);
  if (index === undefined) {
    index = Map.groupBy(Object.entries(served), ([name]) => {
      const at = name.indexOf('._domainkey.');
      return at < 0 ? '' : name.slice(at);
    });
    servedIndex.set(served, index);
  }
  return index.get(suffix) ?? [];
}
