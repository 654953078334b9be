import { assertNever } from '../../../shared/assert.ts';
import type { StepView } from '../../../shared/contract.ts';
import type { CommandLine, TxtRRset } from '../../../shared/model.ts';
import { DiffView } from '../../components/diff-view.tsx';
import type { IconName } from '../../components/icon.tsx';
import { Icon } from '../../components/icon.tsx';
import { texts } from '../../texts.ts';
import { diffCounts } from './pending-model.ts';

const icons: Readonly<Record<StepView['kind'], IconName>> = {
  file: 'file',
  directory: 'file',
  records: 'record',
  package: 'import',
  command: 'command',
};

interface Props {
  readonly steps: readonly StepView[];
  /** Of the keys of the change: all that is ever shown of a private key. */
  readonly fingerprints: readonly string[];
}

export function StepList({ steps, fingerprints }: Props) {
  return (
    <ol className="steps">
      {steps.map((step, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- the order of steps is their identity
        <li key={index} className="step">
          <Icon name={icons[step.kind]} />
          <Step step={step} fingerprints={fingerprints} />
        </li>
      ))}
    </ol>
  );
}

function Step({ step, fingerprints }: { readonly step: StepView; readonly fingerprints: readonly string[] }) {
  const words = texts.steps;
  switch (step.kind) {
    case 'file':
      return <FileStep step={step} fingerprints={fingerprints} />;
    case 'directory':
      return (
        <p>
          {step.present ? words.makeDirectory : words.removeDirectory} <code>{step.path}</code>
        </p>
      );
    case 'records':
      return (
        <div>
          <p>
            {words.records} <code>{step.name}</code>
          </p>
          <Records name={step.name} before={step.before} after={step.after} />
          <p className="muted">
            {words.by} <code>{commandText(step.apply)}</code>
          </p>
        </div>
      );
    case 'package':
      return (
        <p>
          {words.install} <code>{step.name}</code>
        </p>
      );
    case 'command':
      return (
        <p>
          {words.command[step.phase]} <code>{commandText(step)}</code>
        </p>
      );
    default:
      return assertNever(step);
  }
}

function FileStep(props: {
  readonly step: Extract<StepView, { kind: 'file' }>;
  readonly fingerprints: readonly string[];
}) {
  const { step } = props;
  const words = texts.steps;
  const isSecret = step.after !== null && 'secret' in step.after;
  const verb = step.after === null ? words.remove : step.before === null ? words.create : words.edit;
  const { added, removed } = diffCounts(step);
  return (
    <div className="step-body">
      <p className="step-title">
        {verb} <code>{step.path}</code>
        {step.diff !== undefined && !isSecret && (
          <span className="diff-counts">
            <span className="added">+{added}</span> <span className="removed">−{removed}</span>
          </span>
        )}
      </p>
      {isSecret && (
        <p className="muted">
          {words.privateKey} {words.owner(step.owner, step.mode.toString(8).padStart(4, '0'))}
          {props.fingerprints.map(fingerprint => (
            <code key={fingerprint} className="hash fingerprint-line">
              {fingerprint}
            </code>
          ))}
        </p>
      )}
      {!isSecret && step.diff && <DiffView diff={step.diff} label={words.diffOf(step.path)} />}
    </div>
  );
}

/** Argument words as one would type them; only what needs quotes has them. */
function commandText(command: Pick<CommandLine, 'argv'>): string {
  return command.argv
    .map(word => (/^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

function Records(props: { readonly name: string; readonly before: TxtRRset | null; readonly after: TxtRRset | null }) {
  const line = (set: TxtRRset, value: string) => `${set.name}. ${set.ttl ?? ''} IN TXT "${value}"`.replace('  ', ' ');
  const before = props.before?.values.map(value => line(props.before as TxtRRset, value)) ?? [];
  const after = props.after?.values.map(value => line(props.after as TxtRRset, value)) ?? [];
  const gone = before.filter(text => !after.includes(text)).map(text => `-${text}`);
  const kept = before.filter(text => after.includes(text)).map(text => ` ${text}`);
  const come = after.filter(text => !before.includes(text)).map(text => `+${text}`);
  return (
    <DiffView
      diff={['@@ -1 +1 @@', ...kept, ...gone, ...come].join('\n')}
      label={texts.steps.diffOf(props.name)}
      withoutNumbers
    />
  );
}
