import { useState } from 'react';
import type { PendingRow } from '../../../shared/contract.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { go } from '../../app/router.ts';
import { problemOf, tell, tellProblem } from '../../app/toasts.ts';
import { More } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/field.tsx';
import { ProblemList, ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';

/** A name with its domain, or a whole fingerprint: less is not looked for. */
const wholeName = /^(?:\S+\._domainkey\.\S+|[0-9a-f]{64}|(?:[0-9a-f]{2}:){31}[0-9a-f]{2})$/i;

/** A key that somebody else has: looked for on every server and in every zone, and replaced and revoked at once. */
export function CompromisedKey({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const client = useClient();
  const words = texts.compromised;
  const [key, setKey] = useState(name);
  const [isBusy, setBusy] = useState(false);
  const compromised = key.trim();
  const wish = wholeName.test(compromised) ? ({ targets: 'all', compromised } as const) : null;
  const preview = useEngine('rotate.preview', wish);
  const found = wish === null ? undefined : preview.data;
  const stage = async () => {
    if (wish === null) return;
    setBusy(true);
    try {
      const { staged, cancelled } = await client.call('rotate.stage', wish);
      tell(texts.staged(staged.length, cancelled.length));
      go('pending');
    } catch (error) {
      tellProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={words.title}
      onClose={onClose}
      footer={
        <>
          <p className="foot-line" role="status">
            {found ? words.effect(found.keys, found.staged.length, found.unchanged.length) : ''}
          </p>
          <Button onPress={onClose}>{texts.cancel}</Button>
          <Button
            variant="danger"
            isDisabled={!found || found.staged.length === 0}
            isPending={isBusy}
            onPress={() => void stage()}
          >
            {texts.ok}
          </Button>
        </>
      }
    >
      <p>{words.text}</p>
      <TextField
        label={words.key}
        value={key}
        onChange={setKey}
        takesFocus
        placeholder={words.example}
        description={words.keyMeans}
      />
      {wish !== null && preview.error && <ProblemNote problem={problemOf(preview.error)} />}
      {found && <Places places={found.staged} />}
      {found && <ProblemList problems={found.refused.map(({ problem }) => problem)} />}
    </Dialog>
  );
}

function Places({ places }: { readonly places: readonly PendingRow[] }) {
  if (places.length === 0) return null;
  return (
    <ul className="due-list" aria-label={texts.compromised.places}>
      <More items={places} first={8}>
        {({ domain, server, selectors }) => (
          <li key={`${domain} ${server}`}>
            <strong>{domain}</strong>
            <span className="muted">{server}</span>
            <span>{texts.compromised.fate(selectors.join(', '))}</span>
          </li>
        )}
      </More>
    </ul>
  );
}
