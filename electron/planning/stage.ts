/**
 * What staging a wish means for each row, before any key is made: pure. The caller makes the keys that `needs` names and
 * turns `additions` into pending changes, all in one transaction.
 */
import { fitsDns, parseSelector } from '../../shared/dkim/domain.ts';
import { keyName } from '../../shared/dkim/names.ts';
import { newSelector } from '../../shared/dkim/selector.ts';
import type { StageResult, Target } from '../../shared/contract.ts';
import type {
  DmarcWish,
  DomainRow,
  Intent,
  KeyAlgorithm,
  KeySpec,
  PendingChange,
  PolicyWish,
  Scheme,
  SigningOnIntent,
} from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { signerOf, signingUnavailable } from './fleet.ts';
import type { PlanningContext } from './goals.ts';
import { locate, presentAt } from './location.ts';

export interface SigningWish {
  readonly action: 'on' | 'off' | 'keep';
  readonly key: KeySpec;
  readonly selector?: string | undefined;
  readonly scheme: Scheme;
  readonly policy: PolicyWish;
  readonly dmarc: DmarcWish;
  readonly graceHours: number;
}

export interface KeyNeed {
  readonly selector: string;
  readonly algorithm: KeyAlgorithm;
  readonly bits: 1024 | 2048 | 4096 | 256;
}

/** A pending change to be, but for its id and its keys. */
export interface Addition extends Target {
  readonly intent: Exclude<Intent, SigningOnIntent> | Omit<SigningOnIntent, 'keys'>;
  readonly needs: readonly KeyNeed[];
  /** Keys that a replaced pending change had, and that are used again. */
  readonly keep: SigningOnIntent['keys'];
}

export interface StagePlan extends Pick<StageResult, 'cancelled' | 'unchanged' | 'refused'> {
  readonly additions: readonly Addition[];
  /** Ids of pending changes that go. */
  readonly drops: readonly string[];
}

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

export function stage(
  context: PlanningContext,
  rows: readonly DomainRow[],
  pending: readonly PendingChange[],
  wish: SigningWish,
  now: Date,
): StagePlan {
  const stager = new Stager(context, pending, wish, now);
  for (const row of rows) stager.row(row);
  return stager.result();
}

type Refusal = Pick<Problem, 'code' | 'message' | 'hint'>;

class Stager {
  readonly #context: PlanningContext;
  readonly #wish: SigningWish;
  readonly #now: Date;
  readonly #pending: ReadonlyMap<string, PendingChange>;
  readonly #retiring: ReadonlyMap<string, readonly PendingChange[]>;
  /** Selectors of each domain that this call gives away. */
  readonly #given = new Map<string, Set<string>>();
  readonly #additions: Addition[] = [];
  readonly #drops: string[] = [];
  readonly #cancelled: Target[] = [];
  readonly #unchanged: (Target & { reason: string })[] = [];
  readonly #refused: { domain: string; server: string; problem: Problem }[] = [];

  constructor(context: PlanningContext, pending: readonly PendingChange[], wish: SigningWish, now: Date) {
    this.#context = context;
    this.#wish = wish;
    this.#now = now;
    const key = (change: PendingChange) => `${change.domain}\n${change.server}`;
    this.#pending = new Map(
      pending.filter(change => change.intent.kind !== 'retire').map(change => [key(change), change]),
    );
    this.#retiring = Map.groupBy(
      pending.filter(change => change.intent.kind === 'retire'),
      key,
    );
    for (const change of pending) {
      if (change.intent.kind !== 'signing-on') continue;
      for (const staged of change.intent.keys) this.#givenOf(change.domain).add(staged.selector);
    }
  }

  result(): StagePlan {
    return {
      additions: this.#additions,
      drops: this.#drops,
      cancelled: this.#cancelled,
      unchanged: this.#unchanged,
      refused: this.#refused,
    };
  }

  row(row: DomainRow): void {
    const { domain, server } = row;
    const staged = this.#pending.get(`${domain}\n${server}`);
    if (staged?.intent.kind === 'undo') {
      this.#refuse(row, {
        code: 'undo-staged',
        message: `${domain} on ${server}: taking back run ${staged.intent.run} is staged.`,
        hint: `Apply it, or drop it first: signet pending drop ${staged.id}`,
      });
      return;
    }
    switch (this.#wish.action) {
      case 'on':
        this.#on(row, staged);
        return;
      case 'off':
        this.#off(row, staged);
        return;
      case 'keep':
        this.#policyOnly(row, staged);
        return;
    }
  }

  #on(row: DomainRow, staged: PendingChange | undefined): void {
    const { domain, server } = row;
    const { policy, dmarc, scheme } = this.#wish;
    if (scheme !== 'dkim') {
      this.#refuse(row, {
        code: 'scheme-unsupported',
        message: `${domain} on ${server}: ${row.signer ?? 'the signer'} signs with DKIM only.`,
        hint: 'Use --scheme dkim: DKIM is what receivers check today.',
      });
      return;
    }
    if (row.signing === 'on' && staged?.intent.kind === 'signing-off') {
      this.#drops.push(staged.id);
      this.#cancelled.push({ domain, server });
      if (policy !== 'keep' || dmarc !== 'keep') this.#add(row, { kind: 'policy', policy, dmarc });
      return;
    }
    if (row.signing === 'on') {
      this.#policyOnly(row, staged, 'signing is on already');
      return;
    }
    if (staged?.intent.kind === 'signing-on') {
      this.#onAgain(row, staged, staged.intent);
      return;
    }
    const facts = this.#context.fleet.servers.get(server);
    const unavailable = facts === undefined ? null : signingUnavailable(facts);
    if (unavailable !== null) {
      this.#refuse(row, unavailable);
      return;
    }
    const keys = this.#keysFor(row);
    if ('code' in keys) {
      this.#refuse(row, keys);
      return;
    }
    for (const task of this.#retiring.get(`${domain}\n${server}`) ?? []) {
      // a key that is used again is not retired
      if (task.intent.kind === 'retire' && keys.adopt.includes(task.intent.selector)) this.#drops.push(task.id);
    }
    if (staged !== undefined) this.#drops.push(staged.id);
    this.#add(row, { kind: 'signing-on', scheme, adopt: keys.adopt, policy, dmarc }, keys.needs);
  }

  /** Switched on twice: only a wish that differs changes what is staged. */
  #onAgain(row: DomainRow, staged: PendingChange, intent: SigningOnIntent): void {
    const { domain, server } = row;
    const policy = this.#wish.policy === 'keep' ? intent.policy : this.#wish.policy;
    const dmarc = this.#wish.dmarc === 'keep' ? intent.dmarc : this.#wish.dmarc;
    const sameKeys =
      intent.adopt.length > 0 ||
      (sameSpec(intent, specs[this.#wish.key]) &&
        (this.#wish.selector === undefined || intent.keys[0]?.selector === this.#wish.selector));
    if (sameKeys && policy === intent.policy && dmarc === intent.dmarc) {
      this.#unchanged.push({ domain, server, reason: 'staged already' });
      return;
    }
    for (const key of intent.keys) this.#givenOf(domain).delete(key.selector);
    this.#drops.push(staged.id);
    if (sameKeys) {
      for (const key of intent.keys) this.#givenOf(domain).add(key.selector);
      this.#additions.push({ domain, server, intent: { ...intent, policy, dmarc }, needs: [], keep: intent.keys });
      return;
    }
    const keys = this.#keysFor(row);
    if ('code' in keys) {
      this.#refuse(row, keys);
      this.#drops.pop();
      for (const key of intent.keys) this.#givenOf(domain).add(key.selector);
      return;
    }
    this.#add(row, { kind: 'signing-on', scheme: 'dkim', adopt: keys.adopt, policy, dmarc }, keys.needs);
  }

  #off(row: DomainRow, staged: PendingChange | undefined): void {
    const { domain, server } = row;
    const { policy, dmarc, graceHours } = this.#wish;
    if (staged?.intent.kind === 'signing-on') {
      this.#drops.push(staged.id);
      this.#cancelled.push({ domain, server });
      return;
    }
    if (staged?.intent.kind === 'signing-off') {
      this.#unchanged.push({ domain, server, reason: 'staged already' });
      return;
    }
    if (row.signing !== 'on') {
      this.#policyOnly(row, staged, 'signing is off already');
      return;
    }
    if (policy === 'sign-all') {
      this.#refuse(row, {
        code: 'policy-contradicts',
        message: `${domain} on ${server}: a policy that says all mail is signed cannot stand while signing is switched off.`,
        hint: 'Leave the policy out, or use --policy none.',
      });
      return;
    }
    if (staged !== undefined) this.#drops.push(staged.id);
    this.#add(row, { kind: 'signing-off', policy, dmarc, graceHours });
  }

  #policyOnly(row: DomainRow, staged: PendingChange | undefined, nothing = 'there is nothing to change'): void {
    const { domain, server } = row;
    const { policy, dmarc } = this.#wish;
    if (policy === 'keep' && dmarc === 'keep') {
      this.#unchanged.push({ domain, server, reason: staged === undefined ? nothing : 'staged already' });
      return;
    }
    if (staged?.intent.kind === 'signing-on') {
      this.#onAgain(row, staged, staged.intent);
      return;
    }
    if (staged?.intent.kind === 'policy' && staged.intent.policy === policy && staged.intent.dmarc === dmarc) {
      this.#unchanged.push({ domain, server, reason: 'staged already' });
      return;
    }
    const strict = policy === 'sign-all' || dmarc === 'quarantine' || dmarc === 'reject';
    if (strict && (row.signing !== 'on' || staged?.intent.kind === 'signing-off')) {
      this.#refuse(row, {
        code: 'not-signed',
        message: `${domain} on ${server} is not signed: the policy would condemn its mail.`,
        hint: 'Switch signing on in the same step.',
      });
      return;
    }
    if (staged?.intent.kind === 'signing-off') {
      this.#drops.push(staged.id);
      this.#add(row, { ...staged.intent, policy, dmarc });
      return;
    }
    if (staged !== undefined) this.#drops.push(staged.id);
    this.#add(row, { kind: 'policy', policy, dmarc });
  }

  /** The keys for a domain that is switched on: one that is there, published and strong enough is used again. */
  #keysFor(row: DomainRow): { readonly adopt: readonly string[]; readonly needs: readonly KeyNeed[] } | Refusal {
    const { domain, server } = row;
    const wanted = specs[this.#wish.key];
    const usable = row.keys.filter(key => key.algorithm !== 'unknown' && key.publicKey !== null);
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
    const facts = this.#context.fleet.servers.get(server);
    const can = (facts === undefined ? null : signerOf(facts))?.view.can ?? [];
    const ed25519 = wanted.some(key => key.algorithm === 'ed25519');
    if ((ed25519 && !can.includes('ed25519')) || (wanted.length > 1 && !can.includes('dualSign'))) {
      return {
        code: 'key-unsupported',
        message: `${domain} on ${server}: ${row.signer ?? 'the signer'} cannot sign with ${this.#wish.key}.`,
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
    for (const selector of names) this.#givenOf(domain).add(selector);
    return { adopt: [], needs: wanted.map((key, i) => ({ ...key, selector: names[i] ?? '' })) };
  }

  #freeSelectors(
    row: DomainRow,
    wanted: readonly Pick<KeyNeed, 'algorithm'>[],
    taken: ReadonlySet<string>,
  ): { readonly names: readonly string[] } {
    const dual = wanted.length > 1;
    return {
      names: wanted.map(({ algorithm }) =>
        newSelector({ server: row.server, date: this.#now, algorithm, dual, taken }),
      ),
    };
  }

  /** The selector that the admin asked for: a free one, or that of a key of this domain on this server (adoption). */
  #wished(
    row: DomainRow,
    wish: string,
    taken: ReadonlySet<string>,
    wanted: readonly Pick<KeyNeed, 'algorithm'>[],
  ): { readonly names: readonly string[] } | { readonly adopt: string } | Refusal {
    const parsed = parseSelector(wish);
    if (!parsed.ok) {
      return {
        code: parsed.fault.code,
        message: parsed.fault.message,
        hint: 'Letters, digits and hyphens: s1, mail-2026.',
      };
    }
    const selector = parsed.value;
    if (row.keys.some(key => key.selector === selector && key.publicKey !== null)) return { adopt: selector };
    const names = wanted.map(({ algorithm }, i) => (i > 0 && algorithm === 'ed25519' ? `${selector}-e` : selector));
    const inUse = names.find(name => taken.has(name));
    if (inUse === undefined) return { names };
    return {
      code: 'selector-in-use',
      message: `${row.domain}: the selector ${inUse} is in use already, by another server, another key or a record in the zone.`,
      hint: 'Choose another one, or let Signet choose (leave --selector out).',
    };
  }

  /** Selectors of the domain that are in use anywhere we know of. */
  #taken(row: DomainRow): ReadonlySet<string> {
    const { fleet } = this.#context;
    const taken = new Set(this.#givenOf(row.domain));
    const suffix = `._domainkey.${row.domain}`;
    for (const server of fleet.hosting.get(row.domain) ?? []) {
      const facts = fleet.servers.get(server);
      for (const key of facts === undefined ? [] : (signerOf(facts)?.view.keys ?? [])) {
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

  #add(row: DomainRow, intent: Addition['intent'], needs: readonly KeyNeed[] = []): void {
    this.#additions.push({ domain: row.domain, server: row.server, intent, needs, keep: [] });
  }

  #refuse(row: DomainRow, problem: Refusal): void {
    const { domain, server } = row;
    this.#refused.push({ domain, server, problem: { severity: 'stop', ...problem, domain, server } });
  }
}

function sameSpec(intent: SigningOnIntent, wanted: readonly Pick<KeyNeed, 'algorithm' | 'bits'>[]): boolean {
  return (
    intent.keys.length === wanted.length &&
    intent.keys.every((key, i) => key.algorithm === wanted[i]?.algorithm && key.bits === wanted[i]?.bits)
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
