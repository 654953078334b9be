/** What is chosen in Group Operations, as what the engine is asked for. Pure. */
import type { Input } from '../../../shared/contract.ts';
import type { KeySpec, Scheme } from '../../../shared/model.ts';

export type Choice = 'keep' | 'on' | 'off';
export type DmarcChoice = Input<'signing.stage'>['dmarc'] & string;

export interface Choices {
  readonly signing: Choice;
  readonly policy: Choice;
  readonly dmarc: DmarcChoice;
  readonly isRotating: boolean;
  /** null: as the settings say; of a rotation: as each key is now. */
  readonly key: KeySpec | null;
  readonly selector: string;
  readonly scheme: Scheme;
}

export const noChoices: Choices = {
  signing: 'keep',
  policy: 'keep',
  dmarc: 'keep',
  isRotating: false,
  key: null,
  selector: '',
  scheme: 'dkim',
};

export interface Wish {
  readonly signing: Input<'signing.stage'> | null;
  readonly rotation: Input<'rotate.stage'> | null;
}

const selectorPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const policyOf = { keep: 'keep', on: 'sign-all', off: 'none' } as const;

export function isSelectorWrong({ selector }: Choices): boolean {
  return selector !== '' && !selectorPattern.test(selector);
}

/** A domain has one pending change: what switches and what rotates are not asked for together. */
export function isSwitching({ signing, policy, dmarc }: Choices): boolean {
  return signing !== 'keep' || policy !== 'keep' || dmarc !== 'keep';
}

/** At most one of the two; neither: nothing is chosen, or what is chosen cannot be. */
export function wishOf(choices: Choices, targets: Input<'signing.stage'>['targets'], usualKey: KeySpec): Wish {
  const { signing, policy, dmarc, isRotating, key, selector, scheme } = choices;
  if (isRotating) return { signing: null, rotation: { targets, ...(key !== null && { key }) } };
  if (!isSwitching(choices) || isSelectorWrong(choices)) return { signing: null, rotation: null };
  return {
    rotation: null,
    signing: {
      targets,
      action: signing,
      policy: policyOf[policy],
      dmarc,
      ...(signing === 'on' && { key: key ?? usualKey, scheme, ...(selector !== '' && { selector }) }),
    },
  };
}
