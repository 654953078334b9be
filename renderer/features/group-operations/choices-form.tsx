import type { ReactNode } from 'react';
import type { KeySpec } from '../../../shared/model.ts';
import { Section } from '../../components/basics.tsx';
import { CheckboxField, RadioRow, SelectField, TextField } from '../../components/field.tsx';
import { keyOptions, schemeOptions, texts } from '../../texts.ts';
import type { Choices } from './wish.ts';
import { isSelectorWrong, isSwitching } from './wish.ts';

const words = texts.groupOperations;
const choices = (['keep', 'on', 'off'] as const).map(value => ({ value, label: words.choices[value] }));
const dmarcChoices = (['keep', 'none', 'quarantine', 'reject'] as const).map(value => ({
  value,
  label: words.dmarcChoices[value],
}));
const rotationKeys = [{ value: 'same', label: words.sameKey } as const, ...keyOptions];

interface Props {
  readonly value: Choices;
  readonly onChange: (change: Partial<Choices>) => void;
  /** What the settings say about new keys. */
  readonly usualKey: KeySpec;
  readonly graceHours: number | null;
}

export function ChoicesForm({ value, onChange, usualKey, graceHours }: Props) {
  return (
    <>
      <Section title={words.preferences}>
        <RadioRow
          label={texts.preferences.domainKeys}
          value={value.signing}
          options={choices}
          isDisabled={value.isRotating}
          onChange={signing => onChange({ signing })}
        />
        <RadioRow
          label={words.policy}
          description={words.policyMeans}
          value={value.policy}
          options={choices}
          isDisabled={value.isRotating}
          onChange={policy => onChange({ policy })}
        />
        <RadioRow
          label={words.dmarc}
          description={words.dmarcMeans}
          value={value.dmarc}
          options={dmarcChoices}
          isDisabled={value.isRotating}
          onChange={dmarc => onChange({ dmarc })}
        />
      </Section>
      <Section title={words.keys}>
        <div className="rotation">
          <CheckboxField
            isSelected={value.isRotating}
            isDisabled={isSwitching(value)}
            onChange={isRotating => onChange({ isRotating, key: null })}
          >
            {words.rotate}
          </CheckboxField>
          <p className="field-description">{isSwitching(value) ? words.rotateAlone : words.rotateMeans}</p>
        </div>
        {value.isRotating && (
          <KeyFields>
            <SelectField
              label={words.key}
              value={value.key ?? 'same'}
              options={rotationKeys}
              onChange={key => onChange({ key: key === 'same' ? null : key })}
            />
          </KeyFields>
        )}
        {value.signing === 'on' && <NewKeys value={value} onChange={onChange} usualKey={usualKey} />}
      </Section>
      {(value.signing === 'off' || value.isRotating) && graceHours !== null && (
        <p className="muted">{value.isRotating ? words.oldKeys(graceHours) : words.grace(graceHours)}</p>
      )}
    </>
  );
}

function NewKeys({ value, onChange, usualKey }: Omit<Props, 'graceHours'>) {
  return (
    <>
      <KeyFields>
        <SelectField
          label={words.key}
          value={value.key ?? usualKey}
          options={keyOptions}
          onChange={key => onChange({ key })}
        />
        <TextField
          label={words.selector}
          value={value.selector}
          onChange={selector => onChange({ selector })}
          placeholder={words.selectorAutomatic}
          description={words.selectorMeans}
          error={isSelectorWrong(value) ? words.selectorWrong : null}
        />
      </KeyFields>
      <RadioRow
        label={texts.signature.title}
        description={texts.signature.means}
        value={value.scheme}
        options={schemeOptions}
        onChange={scheme => onChange({ scheme })}
      />
    </>
  );
}

const KeyFields = ({ children }: { readonly children: ReactNode }) => <div className="form-grid">{children}</div>;
