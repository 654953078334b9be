import { useState } from 'react';
import type { PendingRow } from '../../../shared/contract.ts';
import { useClient } from '../../app/engine.tsx';
import { count } from '../../app/format.ts';
import { go, useRoute } from '../../app/router.ts';
import { tell, tellProblem } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { texts } from '../../texts.ts';

interface Props {
  readonly pending: readonly PendingRow[];
  readonly out: ReadonlySet<string>;
}

/** Drops the change that is looked at, or else all that are ticked; many at once only after a question. */
export function DropButton({ pending, out }: Props) {
  const client = useClient();
  const { open } = useRoute();
  const [isAsking, setAsking] = useState(false);
  const chosen = pending.find(change => change.id === open[0]);
  const ids = chosen ? [chosen.id] : pending.filter(change => !out.has(change.id)).map(change => change.id);
  const words = texts.pending;
  const drop = async () => {
    setAsking(false);
    try {
      const { dropped } = await client.call('pending.drop', { ids });
      tell(words.dropped(dropped));
      if (chosen) go('pending');
    } catch (error) {
      tellProblem(error);
    }
  };
  return (
    <>
      <Button
        icon="trash"
        isDisabled={ids.length === 0}
        onPress={() => {
          if (ids.length > 1) setAsking(true);
          else void drop();
        }}
        label={words.drop}
      >
        {chosen ? words.dropOne : words.dropMany(count(ids.length))}
      </Button>
      {isAsking && (
        <Dialog
          title={words.dropping.title(ids.length)}
          role="alertdialog"
          size="small"
          onClose={() => setAsking(false)}
          footer={
            <>
              <Button onPress={() => setAsking(false)} takesFocus>
                {texts.cancel}
              </Button>
              <Button variant="danger" onPress={() => void drop()}>
                {words.drop}
              </Button>
            </>
          }
        >
          <p>{words.dropping.text}</p>
        </Dialog>
      )}
    </>
  );
}
