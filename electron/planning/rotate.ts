/** What staging a rotation means for each row, before any key is made: pure. What goes with a compromised key: compromised.ts. */
import type { Target } from '../../shared/contract.ts';
import type { CompromisedKey, DomainRow, KeySpec, DomainChange, RotateIntent } from '../../shared/model.ts';
import { newKeysOf } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { sharers } from './fleet.ts';
import type { PlanningContext } from './goals.ts';
import type { Addition, StagePlan } from './stage.ts';
import type { KeyNeed, KeyPlace, Refusal } from './stage-keys.ts';
import { KeyChooser, specLike, specsOf } from './stage-keys.ts';

export interface RotationWish {
  /** null: each key gives way to one of its own kind. */
  readonly key: KeySpec | null;
  readonly graceHours: number;
}

/** The rows of a rotation; servers that share a key rotate together or not at all. */
export function stageRotation(
  context: PlanningContext,
  rows: readonly DomainRow[],
  pending: readonly DomainChange[],
  wish: RotationWish,
  now: Date,
): StagePlan {
  const rotation = new Rotation(context, pending, wish, now);
  const going = together(rotation, context, rows);
  for (const row of going) rotation.stage(row, used(row), []);
  return rotation.result();
}

/** Rows that can be rotated, without those whose key is shared with a server that is not among them. */
function together(rotation: Rotation, context: PlanningContext, rows: readonly DomainRow[]): readonly DomainRow[] {
  let going = rows.filter(row => rotation.admits(row));
  for (;;) {
    const leaving = new Set(going.flatMap(row => used(row).map(key => useKey(row, key.selector))));
    const rest = going.filter(row => {
      const shared = used(row).flatMap(({ selector }) =>
        sharers(context.fleet, row.domain, row.server, selector).map(server => ({ server, selector })),
      );
      const alone = shared.find(
        ({ server, selector }) =>
          !leaving.has(useKey({ ...row, server }, selector)) && !rotation.replaces({ ...row, server }, selector),
      );
      if (alone !== undefined) rotation.refuse(row, keyShared(row, alone.server, alone.selector));
      return alone === undefined;
    });
    if (rest.length === going.length) return going;
    going = rest;
  }
}

function keyShared({ domain, server }: Target, other: string, selector: string): Refusal {
  return {
    code: 'key-shared',
    message: `${domain}: ${server} and ${other} sign with the same key ${selector}: both rotate, or neither.`,
    hint: `Rotate it on all its servers: signet rotate ${domain}`,
  };
}

const useKey = ({ domain, server }: Target, selector: string) => `${domain}\n${server}\n${selector}`;

const used = (row: DomainRow) => row.keys.filter(key => key.inUse);

/** Stages rotations one by one, with the selectors of all of them in view. */
export class Rotation {
  readonly #wish: RotationWish;
  readonly #keys: KeyChooser;
  readonly #pending: ReadonlyMap<string, DomainChange>;
  readonly #additions: Addition[] = [];
  readonly #drops: string[] = [];
  readonly #unchanged: (Target & { reason: string })[] = [];
  readonly #refused: (Target & { problem: Problem })[] = [];

  constructor(context: PlanningContext, pending: readonly DomainChange[], wish: RotationWish, now: Date) {
    this.#wish = wish;
    this.#keys = new KeyChooser(context, { key: wish.key ?? 'rsa2048' }, now);
    this.#pending = new Map(
      pending
        .filter(change => change.intent.kind !== 'retire')
        .map(change => [`${change.domain}\n${change.server}`, change]),
    );
    for (const { domain, intent } of pending) this.#keys.hold(domain, selectorsOf(newKeysOf(intent)));
  }

  result(): StagePlan {
    return {
      additions: this.#additions,
      drops: this.#drops,
      cancelled: [],
      unchanged: this.#unchanged,
      refused: this.#refused,
    };
  }

  /** Whether an ordinary rotation can be staged for the row; if not, says why. */
  admits(row: DomainRow): boolean {
    const { domain, server } = row;
    const staged = this.#pending.get(`${domain}\n${server}`);
    const unchanged = (reason: string) => {
      this.#unchanged.push({ domain, server, reason });
      return false;
    };
    if (staged !== undefined && staged.intent.kind !== 'rotate') {
      this.refuse(row, otherStaged(row, staged));
      return false;
    }
    if (row.signing !== 'on') return unchanged('signing is off: there is no key to rotate');
    if (staged?.intent.kind === 'rotate' && this.#isStaged(staged.intent, used(row))) {
      return unchanged('staged already');
    }
    return true;
  }

  /** Whether a rotation that is staged already ends the use of the selector. */
  replaces({ domain, server }: Target, selector: string): boolean {
    const intent = this.#pending.get(`${domain}\n${server}`)?.intent;
    return intent?.kind === 'rotate' && intent.replaces.includes(selector);
  }

  refuse({ domain, server }: Target, problem: Refusal): void {
    this.#refused.push({ domain, server, problem: { severity: 'stop', ...problem, domain, server } });
  }

  /** New keys for those of `leaving`; `compromised`: what is revoked with it. A change that is staged gives way to it. */
  stage(
    place: KeyPlace,
    leaving: readonly Pick<DomainRow['keys'][number], 'selector' | 'algorithm' | 'bits' | 'scheme'>[],
    compromised: readonly CompromisedKey[],
  ): void {
    const { domain, server } = place;
    const staged = this.#pending.get(`${domain}\n${server}`);
    if (staged !== undefined && staged.intent.kind !== 'rotate') {
      this.refuse(place, otherStaged(place, staged));
      return;
    }
    const before = staged?.intent.kind === 'rotate' ? staged.intent : null;
    if (before !== null && sameKeys(before.compromised, compromised) && compromised.length > 0) {
      this.#unchanged.push({ domain, server, reason: 'staged already' });
      return;
    }
    if (before !== null) this.#keys.release(domain, selectorsOf(before.keys));
    const needs = this.#needs(place, leaving);
    if ('code' in needs) {
      if (before !== null) this.#keys.hold(domain, selectorsOf(before.keys));
      this.refuse(place, needs);
      return;
    }
    if (staged !== undefined) this.#drops.push(staged.id);
    const replaces = leaving.map(key => key.selector);
    const graceHours = compromised.length > 0 ? 0 : this.#wish.graceHours;
    const intent = { kind: 'rotate', replaces, graceHours, compromised } as const;
    this.#additions.push({ domain, server, intent, needs, keep: [] });
  }

  #needs(
    place: KeyPlace,
    leaving: readonly Pick<DomainRow['keys'][number], 'selector' | 'algorithm' | 'bits' | 'scheme'>[],
  ): readonly KeyNeed[] | Refusal {
    if (leaving.length === 0) return [];
    if (this.#wish.key !== null) {
      const needs: KeyNeed[] = [];
      for (const scheme of new Set(leaving.map(key => key.scheme))) {
        const chosen = this.#keys.chooseNew(place, specsOf(this.#wish.key, scheme));
        if ('code' in chosen) return chosen;
        needs.push(...chosen.needs);
      }
      return needs;
    }
    const needs: KeyNeed[] = [];
    for (const { selector, algorithm, bits, scheme } of leaving) {
      if (algorithm === 'unknown') {
        return {
          code: 'key-unreadable',
          message: `${place.domain} on ${place.server}: the key ${selector} cannot be read: what kind the new one should be is not known.`,
          hint: 'Say it: --key rsa2048.',
        };
      }
      const chosen = this.#keys.chooseNew(place, [specLike({ algorithm, bits, scheme })]);
      if ('code' in chosen) return chosen;
      needs.push(...chosen.needs);
    }
    return needs;
  }

  #isStaged(intent: RotateIntent, leaving: readonly Pick<DomainRow['keys'][number], 'selector' | 'scheme'>[]): boolean {
    const { key } = this.#wish;
    const schemes = [...new Set(leaving.map(({ scheme }) => scheme))];
    const wanted = key === null ? null : schemes.flatMap(scheme => specsOf(key, scheme));
    const fits =
      wanted === null ||
      (wanted.length === intent.keys.length && wanted.every((spec, i) => spec.bits === intent.keys[i]?.bits));
    // what is compromised stays so: an ordinary rotation says nothing else about it
    if (intent.compromised.length > 0) return true;
    return (
      fits &&
      intent.graceHours === this.#wish.graceHours &&
      sameKeys(
        leaving,
        intent.replaces.map(selector => ({ selector })),
      )
    );
  }
}

const selectorsOf = (keys: readonly { readonly selector: string }[]) => keys.map(key => key.selector);

function sameKeys(
  one: readonly { readonly selector: string }[],
  other: readonly { readonly selector: string }[],
): boolean {
  const selectors = new Set(selectorsOf(one));
  return one.length === other.length && other.every(({ selector }) => selectors.has(selector));
}

function otherStaged({ domain, server }: Target, staged: DomainChange): Refusal {
  return {
    code: 'pending-twice',
    message: `${domain} on ${server}: another change is pending (${staged.intent.kind}).`,
    hint: `Apply it, or drop it first: signet pending drop ${staged.id}`,
  };
}
