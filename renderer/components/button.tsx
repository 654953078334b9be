import type { ReactNode } from 'react';
import { Button as AriaButton, Tooltip, TooltipTrigger } from 'react-aria-components';
import type { IconName } from './icon.tsx';
import { Icon } from './icon.tsx';
import './button.css';

export interface ButtonProps {
  readonly children: ReactNode;
  readonly onPress?: () => void;
  readonly icon?: IconName;
  readonly variant?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly isDisabled?: boolean;
  /** Shows that it works and cannot be pressed again; the focus stays. */
  readonly isPending?: boolean;
  /** Has the focus when its dialog opens. */
  readonly takesFocus?: boolean;
  readonly type?: 'button' | 'submit';
  readonly label?: string;
}

export function Button({
  children,
  icon,
  variant = 'plain',
  label,
  isPending = false,
  takesFocus,
  ...props
}: ButtonProps) {
  return (
    <AriaButton
      className={`button ${variant}`}
      isPending={isPending}
      {...(label && { 'aria-label': label })}
      {...(takesFocus && { autoFocus: true })}
      {...props}
    >
      {icon && <Icon name={icon} />}
      <span className="button-text">{children}</span>
    </AriaButton>
  );
}

/** Tooltips stand within the main landmark, where assistive software looks for them. */
export const tooltipContainer = 'tooltips';
const tooltips = () => document.getElementById(tooltipContainer) ?? document.body;

/** A button that shows only its icon; the name is told by a tooltip and to assistive software. */
export function IconButton(props: {
  readonly icon: IconName;
  readonly label: string;
  readonly onPress?: () => void;
  readonly isDisabled?: boolean;
}) {
  return (
    <TooltipTrigger delay={500}>
      <AriaButton
        className="button quiet icon-only"
        aria-label={props.label}
        {...(props.onPress && { onPress: props.onPress })}
        isDisabled={props.isDisabled ?? false}
      >
        <Icon name={props.icon} />
      </AriaButton>
      <Tooltip className="tooltip" offset={6} UNSTABLE_portalContainer={tooltips()}>
        {props.label}
      </Tooltip>
    </TooltipTrigger>
  );
}
