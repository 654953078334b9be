import { useState } from 'react';
import type { Client, PlanView } from '../../../shared/contract.ts';
import { apply } from '../../app/actions.ts';
import { go } from '../../app/router.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { CheckboxField } from '../../components/field.tsx';
import { ProblemList } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { planNumbers } from './pending-model.ts';

interface Props {
  readonly client: Client;
  /** What was reviewed is applied: when the plan changes behind the dialog, the engine refuses the id. */
  readonly plan: PlanView;
  readonly leaveOut: readonly string[];
  readonly onClose: () => void;
}

/** The one question before servers are touched: the numbers, and each safety stop to be acknowledged by itself. */
export function ApplyDialog({ client, plan, leaveOut, onClose }: Props) {
  const words = texts.pending.applying;
  const numbers = planNumbers(plan);
  const [acknowledged, setAcknowledged] = useState<ReadonlySet<string>>(new Set());
  const isReady =
    plan.changes.length > 0 &&
    numbers.blocking.length === 0 &&
    numbers.toAcknowledge.every(({ code }) => acknowledged.has(code));
  const start = () => {
    onClose();
    void apply(client, { leaveOut: [...leaveOut], plan: plan.id, acknowledge: [...acknowledged] });
    go('runs');
  };
  const acknowledge = (code: string, isOn: boolean) => {
    const next = new Set(acknowledged);
    if (isOn) next.add(code);
    else next.delete(code);
    setAcknowledged(next);
  };
  return (
    <Dialog
      title={words.title(numbers.servers)}
      role="alertdialog"
      onClose={onClose}
      footer={
        <>
          <p className="foot-line">{words.safe}</p>
          <Button onPress={onClose}>{texts.cancel}</Button>
          <Button variant="primary" isDisabled={!isReady} onPress={start}>
            {texts.pending.apply}
          </Button>
        </>
      }
    >
      <ul className="apply-numbers">
        {words.numbers(numbers).map(line => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {numbers.blocking.length > 0 && (
        <>
          <p>{words.blocked}</p>
          <ProblemList problems={numbers.blocking} />
        </>
      )}
      {numbers.toAcknowledge.map(({ code, problems }) => (
        <div key={code} className="to-acknowledge">
          <ProblemList problems={problems} />
          <CheckboxField isSelected={acknowledged.has(code)} onChange={isOn => acknowledge(code, isOn)}>
            {words.acknowledge(problems.length)} <code>{code}</code>
          </CheckboxField>
        </div>
      ))}
      <ProblemList problems={numbers.others} />
    </Dialog>
  );
}
