/**
 * What staging a wish means for each row, before any key is made: pure. The caller makes the keys that `needs` names and
 * turns `additions` into pending changes, all in one transaction.
 */
import type { StageResult, Target } from '../../shared/contract.ts';
import type {
  AdspWish,
  DmarcWish,
  DomainRow,
  DomainIntent,
  KeySpec,
  DomainChange,
  KeyScheme,
  PolicyWish,
  RotateIntent,
  Scheme,
  StagedKey,
  SigningOnIntent,
} from '../../shared/model.ts';
import { newKeysOf } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { schemesOf, schemeUnavailable } from './fleet.ts';
import type { PlanningContext } from './goals.ts';
import { isStrict, isStrictAdsp } from './policies.ts';
import type { ChosenKeys, KeyNeed, Refusal } from './stage-keys.ts';
import { KeyChooser } from './stage-keys.ts';

export interface SigningWish {
  readonly action: 'on' | 'off' | 'keep';
  readonly key: KeySpec;
  readonly selector?: string | undefined;
  readonly scheme: Scheme;
  readonly policy: PolicyWish;
  readonly adsp?: AdspWish;
  readonly dmarc: DmarcWish;
  readonly graceHours: number;
}

/** A pending change to be, but for its id and its keys. */
export interface Addition extends Target {
  readonly intent:
    Exclude<DomainIntent, SigningOnIntent | RotateIntent> | Omit<SigningOnIntent, 'keys'> | Omit<RotateIntent, 'keys'>;
  readonly needs: readonly KeyNeed[];
  /** Keys that a replaced pending change had, and that are used again. */
  readonly keep: readonly StagedKey[];
}

export interface StagePlan extends Pick<StageResult, 'cancelled' | 'unchanged' | 'refused'> {
  readonly additions: readonly Addition[];
  /** Ids of pending changes that go. */
  readonly drops: readonly string[];
}

export function stage(
  context: PlanningContext,
  rows: readonly DomainRow[],
  pending: readonly DomainChange[],
  wish: SigningWish,
  now: Date,
): StagePlan {
  const stager = new Stager(context, pending, wish, now);
  for (const row of rows) stager.row(row);
  return stager.result();
}

class Stager {
  readonly #context: PlanningContext;
  readonly #wish: SigningWish;
  readonly #keys: KeyChooser;
  readonly #pending: ReadonlyMap<string, DomainChange>;
  readonly #retiring: ReadonlyMap<string, readonly DomainChange[]>;
  readonly #additions: Addition[] = [];
  readonly #drops: string[] = [];
  readonly #cancelled: Target[] = [];
  readonly #unchanged: (Target & { reason: string })[] = [];
  readonly #refused: { domain: string; server: string; problem: Problem }[] = [];

  constructor(context: PlanningContext, pending: readonly DomainChange[], wish: SigningWish, now: Date) {
    this.#context = context;
    this.#wish = wish;
    this.#keys = new KeyChooser(context, wish, now);
    const key = (change: DomainChange) => `${change.domain}\n${change.server}`;
    this.#pending = new Map(
      pending.filter(change => change.intent.kind !== 'retire').map(change => [key(change), change]),
    );
    this.#retiring = Map.groupBy(
      pending.filter(change => change.intent.kind === 'retire'),
      key,
    );
    for (const change of pending) this.#keys.hold(change.domain, selectorsOf(change.intent));
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
    if (staged?.intent.kind === 'rotate') {
      this.#refuse(row, {
        code: 'rotation-staged',
        message: `${domain} on ${server}: a rotation of its keys is staged.`,
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

  #on(row: DomainRow, staged: DomainChange | undefined): void {
    const { domain, server } = row;
    const { policy, adsp = 'keep', dmarc, scheme } = this.#wish;
    if (row.signing === 'on' && staged?.intent.kind === 'signing-off') {
      this.#drops.push(staged.id);
      this.#cancelled.push({ domain, server });
      if (policy !== 'keep' || adsp !== 'keep' || dmarc !== 'keep')
        this.#add(row, { kind: 'policy', policy, adsp, dmarc });
      return;
    }
    const inUse = row.keys.filter(key => key.inUse);
    const missing = schemesOf(scheme).filter(one => !inUse.some(key => key.scheme === one));
    // a pattern for every domain may sign it with keys that are not its own
    if (row.signing === 'on' && (missing.length === 0 || inUse.length === 0)) {
      this.#policyOnly(row, staged, 'signing is on already');
      return;
    }
    if (staged?.intent.kind === 'signing-on') {
      this.#onAgain(row, staged, staged.intent);
      return;
    }
    const facts = this.#context.fleet.servers.get(server);
    const [unavailable] = facts === undefined ? [] : missing.flatMap(one => schemeUnavailable(facts, one) ?? []);
    if (unavailable !== undefined) {
      this.#refuse(row, unavailable);
      return;
    }
    const keys = this.#choose(row, missing);
    if ('code' in keys) {
      this.#refuse(row, keys);
      return;
    }
    for (const task of this.#retiring.get(`${domain}\n${server}`) ?? []) {
      // a key that is used again is not retired
      if (task.intent.kind === 'retire' && keys.adopt.includes(task.intent.selector)) this.#drops.push(task.id);
    }
    if (staged !== undefined) this.#drops.push(staged.id);
    this.#add(row, { kind: 'signing-on', scheme, adopt: keys.adopt, policy, adsp, dmarc }, keys.needs);
  }

  /** Keys for each of the schemes, beside those that sign already. */
  #choose(row: DomainRow, schemes: readonly KeyScheme[]): ChosenKeys | Refusal {
    const adopt = row.keys.filter(key => key.inUse).map(key => key.selector);
    const needs: KeyNeed[] = [];
    for (const scheme of schemes) {
      const chosen = this.#keys.choose(row, scheme);
      if ('code' in chosen) {
        this.#keys.release(
          row.domain,
          needs.map(need => need.selector),
        );
        return chosen;
      }
      adopt.push(...chosen.adopt);
      needs.push(...chosen.needs);
    }
    return { adopt, needs };
  }

  /** Switched on twice: only a wish that differs changes what is staged. */
  #onAgain(row: DomainRow, staged: DomainChange, intent: SigningOnIntent): void {
    const { domain, server } = row;
    const policy = this.#wish.policy === 'keep' ? intent.policy : this.#wish.policy;
    const kept = intent.adsp ?? 'keep';
    const { adsp: asked = 'keep' } = this.#wish;
    const adsp = asked === 'keep' ? kept : asked;
    const dmarc = this.#wish.dmarc === 'keep' ? intent.dmarc : this.#wish.dmarc;
    const { scheme } = this.#wish;
    const sameKeys = this.#keys.fits(intent, scheme);
    if (sameKeys && policy === intent.policy && adsp === kept && dmarc === intent.dmarc) {
      this.#unchanged.push({ domain, server, reason: 'staged already' });
      return;
    }
    this.#keys.release(domain, selectorsOf(intent));
    this.#drops.push(staged.id);
    if (sameKeys) {
      this.#keys.hold(domain, selectorsOf(intent));
      this.#additions.push({
        domain,
        server,
        intent: { ...intent, policy, adsp, dmarc },
        needs: [],
        keep: intent.keys,
      });
      return;
    }
    const facts = this.#context.fleet.servers.get(server);
    const inUse = row.keys.filter(key => key.inUse);
    const missing = schemesOf(scheme).filter(one => !inUse.some(key => key.scheme === one));
    const [unavailable] = facts === undefined ? [] : missing.flatMap(one => schemeUnavailable(facts, one) ?? []);
    const keys = unavailable ?? this.#choose(row, missing);
    if ('code' in keys) {
      this.#refuse(row, keys);
      this.#drops.pop();
      this.#keys.hold(domain, selectorsOf(intent));
      return;
    }
    this.#add(row, { kind: 'signing-on', scheme, adopt: keys.adopt, policy, adsp, dmarc }, keys.needs);
  }

  #off(row: DomainRow, staged: DomainChange | undefined): void {
    const { domain, server } = row;
    const { policy, adsp = 'keep', dmarc, graceHours } = this.#wish;
    if (staged?.intent.kind === 'signing-on') {
      this.#drops.push(staged.id);
      this.#cancelled.push({ domain, server });
      return;
    }
    if (staged?.intent.kind === 'signing-off') {
      this.#unchanged.push({ domain, server, reason: 'staged already' });
      return;
    }
    const schemes = schemesInUse(row);
    const ends = schemesOf(this.#wish.scheme).filter(scheme => schemes.includes(scheme));
    if (ends.length === 0) {
      this.#policyOnly(row, staged, 'signing is off already');
      return;
    }
    const [only] = ends.length < schemes.length ? ends : [];
    if (only === undefined && (policy === 'sign-all' || isStrictAdsp(adsp))) {
      this.#refuse(row, {
        code: 'policy-contradicts',
        message: `${domain} on ${server}: a policy that says all mail is signed cannot stand while signing is switched off.`,
        hint: 'Leave the policy out, or use --policy none.',
      });
      return;
    }
    if (staged !== undefined) this.#drops.push(staged.id);
    const scheme = only === undefined ? {} : { scheme: only };
    this.#add(row, { kind: 'signing-off', ...scheme, policy, adsp, dmarc, graceHours });
  }

  #policyOnly(row: DomainRow, staged: DomainChange | undefined, nothing = 'there is nothing to change'): void {
    const { domain, server } = row;
    const { policy, adsp = 'keep', dmarc } = this.#wish;
    if (policy === 'keep' && adsp === 'keep' && dmarc === 'keep') {
      this.#unchanged.push({ domain, server, reason: staged === undefined ? nothing : 'staged already' });
      return;
    }
    if (staged?.intent.kind === 'signing-on') {
      this.#onAgain(row, staged, staged.intent);
      return;
    }
    const same =
      staged?.intent.kind === 'policy' &&
      staged.intent.policy === policy &&
      (staged.intent.adsp ?? 'keep') === adsp &&
      staged.intent.dmarc === dmarc;
    if (same) {
      this.#unchanged.push({ domain, server, reason: 'staged already' });
      return;
    }
    const strict = isStrict(this.#wish);
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
      this.#add(row, { ...staged.intent, policy, adsp, dmarc });
      return;
    }
    if (staged !== undefined) this.#drops.push(staged.id);
    this.#add(row, { kind: 'policy', policy, adsp, dmarc });
  }

  #add(row: DomainRow, intent: Addition['intent'], needs: readonly KeyNeed[] = []): void {
    this.#additions.push({ domain: row.domain, server: row.server, intent, needs, keep: [] });
  }

  #refuse(row: DomainRow, problem: Refusal): void {
    const { domain, server } = row;
    this.#refused.push({ domain, server, problem: { severity: 'stop', ...problem, domain, server } });
  }
}

function selectorsOf(intent: DomainIntent): readonly string[] {
  return newKeysOf(intent).map(key => key.selector);
}

/** What the domain is signed by. Where no key of its own is in use (a pattern for every domain), by DKIM. */
function schemesInUse(row: DomainRow): readonly KeyScheme[] {
  if (row.signing !== 'on') return [];
  const used = new Set(row.keys.filter(key => key.inUse).map(key => key.scheme));
  return used.size === 0 ? ['dkim'] : [...used];
}
