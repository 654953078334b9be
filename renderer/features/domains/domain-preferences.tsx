import { useState } from 'react';
import type { DomainRow } from '../../../shared/model.ts';
import { useClient, usePending, useServers } from '../../app/engine.tsx';
import { go } from '../../app/router.ts';
import { tell, tellProblem } from '../../app/toasts.ts';
import { Section } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { CheckboxField } from '../../components/field.tsx';
import { texts } from '../../texts.ts';
import { AllowSigning } from '../servers/allow-signing.tsx';
import { signingState } from './domain-cells.tsx';

/** Plesk's Mail > Preferences for one domain: one checkbox, and OK stages what differs. */
export function DomainPreferences({ row }: { readonly row: DomainRow }) {
  const client = useClient();
  const { pending } = usePending();
  // a key that waits to be retired says nothing about the switch
  const staged = pending.find(change => row.pending.includes(change.id) && change.intent !== 'retire');
  const isOn = staged?.intent === 'signing-on' || (row.signing === 'on' && staged?.intent !== 'signing-off');
  const [wanted, setWanted] = useState<boolean | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isChosen = wanted ?? isOn;
  const isNotAllowed = signingState(row) === 'not-allowed';

  const stage = async () => {
    setBusy(true);
    try {
      const result = await client.call('signing.stage', {
        targets: [{ domain: row.domain, server: row.server }],
        action: isChosen ? 'on' : 'off',
      });
      const refused = result.refused[0];
      const unchanged = result.unchanged[0];
      if (refused) tell(refused.problem.message);
      else if (unchanged) tell(unchanged.reason);
      else
        tell(texts.staged(result.staged.length, result.cancelled.length), {
          label: texts.work.review,
          run: () => go('pending'),
        });
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Section title={texts.preferences.title}>
      <div className="preference-row">
        <CheckboxField isSelected={isChosen} onChange={setWanted} isDisabled={isNotAllowed}>
          {texts.preferences.domainKeys}
        </CheckboxField>
        <Button variant="primary" isDisabled={isChosen === isOn} isPending={isBusy} onPress={() => void stage()}>
          {texts.ok}
        </Button>
      </div>
      {isNotAllowed && <NotAllowed row={row} />}
      {staged && (
        <p className="muted">
          {texts.preferences.staged(staged.summary)} <a href="#/pending">{texts.work.review}</a>
        </p>
      )}
    </Section>
  );
}

/** A server whose signer cannot be made out is looked at by a person; where there is none, one click stages one. */
function NotAllowed({ row }: { readonly row: DomainRow }) {
  const { servers } = useServers();
  const canBeAllowed = servers.find(({ name }) => name === row.server)?.mailSettings?.signing.length === 0;
  if (canBeAllowed && !row.allowSigning) return <AllowSigning server={row.server} scheme="dkim" />;
  return <p className="muted">{texts.preferences.notAllowed(row.server)}</p>;
}
