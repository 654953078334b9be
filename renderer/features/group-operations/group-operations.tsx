import { useMemo, useState } from 'react';
import type { Input, StageResult } from '../../../shared/contract.ts';
import type { DomainRow } from '../../../shared/model.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { go } from '../../app/router.ts';
import { problemOf, tell, tellProblem } from '../../app/toasts.ts';
import { useWork } from '../../app/work.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { ChoicesForm } from './choices-form.tsx';
import { RefusalList } from './refusal-list.tsx';
import type { Choices } from './wish.ts';
import { noChoices, wishOf } from './wish.ts';
import './group-operations.css';

interface Props {
  readonly rows: readonly DomainRow[];
  /** All rows that there are: the engine needs no list then. */
  readonly isAll: boolean;
  /** Where a rotation is what it was opened for. */
  readonly isRotating?: boolean;
  readonly onClose: () => void;
}

export function GroupOperations({ rows, isAll, isRotating = false, onClose }: Props) {
  const client = useClient();
  const words = texts.groupOperations;
  const settings = useEngine('settings.get', {}).data;
  // The rows of the moment of opening: what is staged must be what was seen.
  const [frozen] = useState({ rows, isAll });
  const [choices, setChoices] = useState<Choices>({ ...noChoices, isRotating });
  const [isBusy, setBusy] = useState(false);
  const staging = useWork(work => work.staging);
  const targets = useMemo<Input<'signing.stage'>['targets']>(
    () => (frozen.isAll ? 'all' : frozen.rows.map(({ domain, server }) => ({ domain, server }))),
    [frozen],
  );
  const usualKey = settings?.keySpec ?? 'rsa2048';
  const { signing, rotation } = wishOf(choices, targets, usualKey);
  const isNothing = signing === null && rotation === null;
  const ofSigning = useEngine('signing.preview', signing, true);
  const ofRotation = useEngine('rotate.preview', rotation, true);
  const preview = rotation === null ? ofSigning : ofRotation;
  const result = isNothing ? undefined : preview.data;
  const servers = new Set(frozen.rows.map(row => row.server)).size;

  const stage = async () => {
    setBusy(true);
    try {
      const done =
        rotation === null
          ? signing && (await client.call('signing.stage', signing))
          : await client.call('rotate.stage', rotation);
      if (done)
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

  const isReady = !isNothing && !preview.isFetching && effect(result) > 0;
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
      <ChoicesForm
        value={choices}
        onChange={change => setChoices(before => ({ ...before, ...change }))}
        usualKey={usualKey}
        graceHours={settings?.graceHours ?? null}
      />
      {preview.error && !isNothing && <ProblemNote problem={problemOf(preview.error)} />}
      {result && <RefusalList refused={result.refused} scheme={choices.scheme} onClose={onClose} />}
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
