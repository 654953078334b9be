/** Small pieces that every screen uses. */
import type { ReactNode } from 'react';
import { useRef, useState } from 'react';
import { ProgressBar } from 'react-aria-components';
import { useShortcut } from '../app/shortcuts.ts';
import { tell } from '../app/toasts.ts';
import { texts } from '../texts.ts';
import { Button, IconButton } from './button.tsx';
import type { IconName } from './icon.tsx';
import { Icon } from './icon.tsx';
import './basics.css';

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'accent' | 'pending';

export function Badge({
  tone,
  icon,
  children,
}: {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly children: ReactNode;
}) {
  return (
    <span className={`badge ${tone}`}>
      {icon && <Icon name={icon} />}
      {children}
    </span>
  );
}

/** What a list says when there is nothing in it: why, and what to do first. */
export function EmptyState(props: {
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className="empty">
      <Icon name={props.icon} />
      <h2>{props.title}</h2>
      <p>{props.text}</p>
      {props.children && <div className="empty-actions">{props.children}</div>}
    </div>
  );
}

export function Progress(props: {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  readonly tone?: Tone;
}) {
  return (
    <ProgressBar
      className={`progress ${props.tone ?? 'accent'}`}
      aria-label={props.label}
      value={props.value}
      maxValue={Math.max(1, props.max)}
      valueLabel={texts.progress(props.value, props.max)}
    >
      {({ percentage = 0 }) => (
        <span className="progress-track">
          <span className="progress-fill" style={{ width: `${percentage}%` }} />
        </span>
      )}
    </ProgressBar>
  );
}

async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    tell(texts.copied);
  } catch {
    tell(texts.notCopied);
  }
}

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  return <IconButton icon="copy" label={label} onPress={() => void copyText(text)} />;
}

/** Name and value pairs. Pairs without a value are left out. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export function Section(props: {
  readonly title: string;
  readonly children: ReactNode;
  readonly aside?: ReactNode;
  /** 2 below the heading of a screen; 3, the default, below that of a panel or dialog. */
  readonly level?: 2 | 3;
}) {
  const Title = props.level === 2 ? 'h2' : 'h3';
  return (
    <section className="section">
      <header className="section-header">
        <Title>{props.title}</Title>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

/** A panel beside a list: about the row that is open. Escape closes it, from inside and from the list. */
export function Panel(props: {
  readonly label: string;
  readonly title: ReactNode;
  readonly subtitle?: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const panel = useRef<HTMLElement>(null);
  // The focus must not be lost with the panel: it goes to the row that it was about.
  const close = () => {
    const row = panel.current?.parentElement?.querySelector<HTMLElement>('[data-line][tabindex="0"]');
    props.onClose();
    row?.focus();
  };
  useShortcut('Escape', close);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape from anything inside closes it
    <aside
      ref={panel}
      className="panel"
      aria-label={props.label}
      // before a tooltip of a button inside takes the key; a menu of the panel is outside of it and closes by itself
      onKeyDownCapture={event => {
        const inside = event.target instanceof Node && event.currentTarget.contains(event.target);
        if (event.key !== 'Escape' || !inside) return;
        event.stopPropagation();
        close();
      }}
    >
      <header className="panel-header">
        <div className="panel-heading">
          <h2>{props.title}</h2>
          {props.subtitle && <p>{props.subtitle}</p>}
        </div>
        <IconButton icon="close" label={texts.closePanel} onPress={close} />
      </header>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
      <div className="panel-body" tabIndex={0} role="group" aria-label={props.label}>
        {props.children}
      </div>
    </aside>
  );
}

export function PageHeader(props: {
  readonly title: string;
  readonly note?: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <header className="page-header">
      <h1>{props.title}</h1>
      {props.note && <p className="page-note">{props.note}</p>}
      {props.children && <div className="page-actions">{props.children}</div>}
    </header>
  );
}

/** Lists that grow show the beginning; the rest on demand. */
export function More<T>(props: {
  readonly items: readonly T[];
  readonly first: number;
  readonly children: (item: T) => ReactNode;
}) {
  const [all, setAll] = useState(false);
  const rest = props.items.length - props.first;
  return (
    <>
      {(all ? props.items : props.items.slice(0, props.first)).map(props.children)}
      {!all && rest > 0 && (
        <li className="more">
          <Button variant="quiet" onPress={() => setAll(true)}>
            {texts.more(rest)}
          </Button>
        </li>
      )}
    </>
  );
}
