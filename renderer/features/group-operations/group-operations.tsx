import { useMemo, useState } from 'react';
import type { Input, StageResult } from '../../../shared/contract.ts';
import type { DomainRow, KeySpec } from '../../../shared/model.ts';
import { scan } from '../../app/actions.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { go } from '../../app/router.ts';
import { problemOf, tell, tellProblem } from '../../app/toasts.ts';
import { useWork } from '../../app/work.ts';
import { Section } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { RadioRow, SelectField, TextField } from '../../components/field.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { keyOptions, texts } from '../../texts.ts';
import type { Refusal } from './refusals.ts';
import { gatherRefusals, remedyOf } from './refusals.ts';
import './group-operations.css';

type Choice = 'keep' | 'on' | 'off';

const choices = (['keep', 'on', 'off'] as const).map(value => ({ value, label: texts.groupOperations.choices[value] }));
const policyOf = { keep: 'keep', on: 'sign-all', off: 'none' } as const;
const selectorPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

interface Props {
  readonly rows: readonly DomainRow[];
  /** All rows that there are: the engine needs no list then. */
  readonly isAll: boolean;
  readonly onClose: () => void;
}

export function GroupOperations({ rows, isAll, onClose }: Props) {
  const client = useClient();
  const words = texts.groupOperations;
  const settings = useEngine('settings.get', {}).data;
  // The rows of the moment of opening: what is staged must be what was seen.
  const [frozen] = useState({ rows, isAll });
  const [signing, setSigning] = useState<Choice>('keep');
  const [policy, setPolicy] = useState<Choice>('keep');
  const [chosenKey, setKey] = useState<KeySpec | null>(null);
  const [selector, setSelector] = useState('');
  const [isBusy, setBusy] = useState(false);
  const staging = useWork(work => work.staging);
  const key = chosenKey ?? settings?.keySpec ?? 'rsa2048';
  const isNothing = signing === 'keep' && policy === 'keep';
  const isSelectorWrong = selector !== '' && !selectorPattern.test(selector);

  const targets = useMemo<Input<'signing.stage'>['targets']>(
    () => (frozen.isAll ? 'all' : frozen.rows.map(({ domain, server }) => ({ domain, server }))),
    [frozen],
  );
  const input: Input<'signing.stage'> = {
    targets,
    action: signing,
    policy: policyOf[policy],
    ...(signing === 'on' && { key, ...(selector !== '' && { selector }) }),
  };
  const preview = useEngine('signing.preview', isNothing || isSelectorWrong ? null : input, true);
  const result = isNothing ? undefined : preview.data;
  const servers = new Set(frozen.rows.map(row => row.server)).size;

  const stage = async () => {
    setBusy(true);
    try {
      const done = await client.call('signing.stage', input);
      tell(texts.staged(done.staged.length, done.cancelled.length), {
        label: texts.work.review,
        run: () => go('pending'),
      });
      onClose();
    } catch (error) {
      tellProblem(error);
      setBusy(false);
    }
  };

  const isReady = !isNothing && !isSelectorWrong && !preview.isFetching && effect(result) > 0;
  return (
    <Dialog
      title={words.title}
      subtitle={words.subtitle(frozen.rows.length, servers)}
      onClose={onClose}
      size="large"
      footer={
        <>
          <p className="foot-line" role="status">
            {staging && isBusy
              ? words.staging(staging.done, staging.total)
              : footLine(isNothing, preview.isFetching, result)}
          </p>
          <Button onPress={onClose}>{texts.cancel}</Button>
          <Button variant="primary" isDisabled={!isReady} isPending={isBusy} onPress={() => void stage()}>
            {texts.ok}
          </Button>
        </>
      }
    >
      <Section title={words.preferences}>
        <RadioRow label={texts.preferences.domainKeys} value={signing} options={choices} onChange={setSigning} />
        <RadioRow
          label={words.policy}
          description={words.policyMeans}
          value={policy}
          options={choices}
          onChange={setPolicy}
        />
      </Section>
      {signing === 'on' && (
        <Section title={words.keys}>
          <div className="form-grid">
            <SelectField label={words.key} value={key} options={keyOptions} onChange={setKey} />
            <TextField
              label={words.selector}
              value={selector}
              onChange={setSelector}
              placeholder={words.selectorAutomatic}
              description={words.selectorMeans}
              error={isSelectorWrong ? words.selectorWrong : null}
            />
          </div>
        </Section>
      )}
      {signing === 'off' && settings && <p className="muted">{words.grace(settings.graceHours)}</p>}
      {preview.error && !isNothing && <ProblemNote problem={problemOf(preview.error)} />}
      {result && <Refusals result={result} onClose={onClose} />}
    </Dialog>
  );
}

function effect(result: StageResult | undefined): number {
  return result ? result.staged.length + result.cancelled.length : 0;
}

function footLine(isNothing: boolean, isFetching: boolean, result: StageResult | undefined): string {
  const words = texts.groupOperations;
  if (isNothing) return words.nothing;
  if (!result || isFetching) return words.computing;
  return words.effect(result.keys, result.staged.length, result.cancelled.length, result.unchanged.length);
}

const namesShown = 6;

function Refusals({ result, onClose }: { readonly result: StageResult; readonly onClose: () => void }) {
  const client = useClient();
  const refusals = useMemo(() => gatherRefusals(result.refused), [result]);
  if (refusals.length === 0) return null;
  const words = texts.groupOperations;
  const act = (refusal: Refusal, server: string) => {
    if (remedyOf(refusal) === 'scan') void scan(client, [server]);
    else {
      onClose();
      go('servers', server);
    }
  };
  return (
    <Section title={words.refused(result.refused.length)}>
      <ul className="problem-list">
        {refusals.map(refusal => (
          <li key={`${refusal.code} ${refusal.server}`}>
            <ProblemNote problem={refusal.problem}>
              <p className="refused-names">
                {refusal.domains.slice(0, namesShown).join(', ')}
                {refusal.domains.length > namesShown && words.andMore(refusal.domains.length - namesShown)}
              </p>
              {refusal.server !== null && remedyOf(refusal) !== 'none' && (
                <Button onPress={() => act(refusal, refusal.server ?? '')}>
                  {remedyOf(refusal) === 'scan' ? words.scanServer(refusal.server) : words.openServer(refusal.server)}
                </Button>
              )}
            </ProblemNote>
          </li>
        ))}
      </ul>
    </Section>
  );
}
