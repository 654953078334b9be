import { useMemo } from 'react';
import type { StageResult } from '../../../shared/contract.ts';
import type { Scheme } from '../../../shared/model.ts';
import { scan } from '../../app/actions.ts';
import { useClient } from '../../app/engine.tsx';
import { go } from '../../app/router.ts';
import { Section } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { AllowSigning } from '../servers/allow-signing.tsx';
import type { Refusal } from './refusals.ts';
import { gatherRefusals, remedyOf } from './refusals.ts';

const namesShown = 6;

/** The domains that something stands in the way of, and what one click can do about it. */
export function RefusalList(props: {
  readonly refused: StageResult['refused'];
  readonly scheme: Scheme;
  readonly onClose: () => void;
}) {
  const refusals = useMemo(() => gatherRefusals(props.refused), [props.refused]);
  if (refusals.length === 0) return null;
  const words = texts.groupOperations;
  return (
    <Section title={words.refused(props.refused.length)}>
      <ul className="problem-list">
        {refusals.map(refusal => (
          <li key={`${refusal.code} ${refusal.server}`}>
            <ProblemNote problem={refusal.problem}>
              <p className="refused-names">
                {refusal.domains.slice(0, namesShown).join(', ')}
                {refusal.domains.length > namesShown && words.andMore(refusal.domains.length - namesShown)}
              </p>
              {refusal.server !== null && (
                <Remedy refusal={refusal} server={refusal.server} scheme={props.scheme} onClose={props.onClose} />
              )}
            </ProblemNote>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Remedy(props: {
  readonly refusal: Refusal;
  readonly server: string;
  readonly scheme: Scheme;
  readonly onClose: () => void;
}) {
  const client = useClient();
  const { server } = props;
  switch (remedyOf(props.refusal)) {
    case 'none':
      return null;
    case 'allow-signing':
      return <AllowSigning server={server} scheme={props.scheme} />;
    case 'scan':
      return <Button onPress={() => void scan(client, [server])}>{texts.groupOperations.scanServer(server)}</Button>;
    case 'open-server':
      return (
        <Button
          onPress={() => {
            props.onClose();
            go('servers', server);
          }}
        >
          {texts.groupOperations.openServer(server)}
        </Button>
      );
  }
}
