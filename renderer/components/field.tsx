/** Fields of forms, each with its label, what it means and what is wrong with it. */
import type { ReactNode } from 'react';
import {
  Button as AriaButton,
  Checkbox as AriaCheckbox,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Radio,
  RadioGroup,
  Select,
  SelectValue,
  Text,
  TextArea,
  TextField as AriaTextField,
} from 'react-aria-components';
import { Icon } from './icon.tsx';
import './field.css';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly description?: ReactNode;
  readonly error?: string | null;
  readonly type?: 'text' | 'password' | 'number';
  readonly placeholder?: string;
  /** Has the focus when its dialog opens. */
  readonly takesFocus?: boolean;
  readonly isRequired?: boolean;
  readonly isDisabled?: boolean;
  readonly lines?: number;
  readonly width?: 'short' | 'long';
}

export function TextField(props: TextFieldProps) {
  return (
    <AriaTextField
      className={`field ${props.width ?? 'long'}`}
      value={props.value}
      onChange={props.onChange}
      isInvalid={Boolean(props.error)}
      isRequired={props.isRequired ?? false}
      isDisabled={props.isDisabled ?? false}
      // A password here opens a server or the vault; the browser's store is not the place for it.
      autoComplete={props.type === 'password' ? 'new-password' : 'off'}
      type={props.type === 'password' ? 'password' : 'text'}
      {...(props.takesFocus && { autoFocus: true })}
      {...(props.type === 'number' && { inputMode: 'numeric' as const })}
    >
      <Label className="field-label">{props.label}</Label>
      {props.lines ? (
        <TextArea className="input area" rows={props.lines} placeholder={props.placeholder} spellCheck={false} />
      ) : (
        <Input className="input" placeholder={props.placeholder} spellCheck={false} />
      )}
      {props.description && (
        <Text slot="description" className="field-description">
          {props.description}
        </Text>
      )}
      <FieldError className="field-error">{props.error}</FieldError>
    </AriaTextField>
  );
}

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
}

export function SelectField<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly Option<T>[];
  readonly onChange: (value: T) => void;
  readonly description?: string;
  readonly hideLabel?: boolean;
}) {
  return (
    <Select
      className={`field ${props.hideLabel ? 'inline' : ''}`}
      selectedKey={props.value}
      onSelectionChange={key => {
        const option = props.options.find(({ value }) => value === key);
        if (option) props.onChange(option.value);
      }}
      {...(props.hideLabel && { 'aria-label': props.label })}
    >
      {!props.hideLabel && <Label className="field-label">{props.label}</Label>}
      <AriaButton className="input select-button">
        <SelectValue>{({ selectedText }) => selectedText}</SelectValue>
        <Icon name="down" />
      </AriaButton>
      {props.description && (
        <Text slot="description" className="field-description">
          {props.description}
        </Text>
      )}
      <Popover className="popover" offset={4}>
        <ListBox className="listbox" items={props.options}>
          {option => (
            <ListBoxItem id={option.value} textValue={option.label} className="listbox-item">
              <span>{option.label}</span>
              <Icon name="check" />
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}

export function CheckboxField(props: {
  readonly children: ReactNode;
  readonly isSelected: boolean;
  readonly onChange: (isSelected: boolean) => void;
  readonly isIndeterminate?: boolean;
  readonly isDisabled?: boolean;
}) {
  return (
    <AriaCheckbox
      className="checkbox"
      isSelected={props.isSelected}
      onChange={props.onChange}
      isIndeterminate={props.isIndeterminate ?? false}
      isDisabled={props.isDisabled ?? false}
    >
      <span className="checkbox-box" aria-hidden="true">
        <Icon name={props.isIndeterminate ? 'dash' : 'check'} />
      </span>
      <span>{props.children}</span>
    </AriaCheckbox>
  );
}

/** A row of choices of which one holds. `wide` puts the label on the left and the choices on the right. */
export function RadioRow<T extends string>(props: {
  readonly label: ReactNode;
  readonly value: T;
  readonly options: readonly Option<T>[];
  readonly onChange: (value: T) => void;
  readonly description?: string;
  readonly isDisabled?: boolean;
  readonly layout?: 'wide' | 'stacked';
}) {
  return (
    <RadioGroup
      className={`radio-row ${props.layout ?? 'wide'}`}
      value={props.value}
      orientation="horizontal"
      isDisabled={props.isDisabled ?? false}
      onChange={value => {
        const option = props.options.find(known => known.value === value);
        if (option) props.onChange(option.value);
      }}
    >
      <div className="radio-about">
        <Label className="radio-label">{props.label}</Label>
        {props.description && (
          <Text slot="description" className="field-description">
            {props.description}
          </Text>
        )}
      </div>
      <div className="segments">
        {props.options.map(option => (
          <Radio key={option.value} value={option.value} className="segment">
            {option.label}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}
