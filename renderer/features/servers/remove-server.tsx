import { useState } from 'react';
import type { ServerRow } from '../../../shared/contract.ts';
import { useClient } from '../../app/engine.tsx';
import { tell, tellProblem } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { texts } from '../../texts.ts';

interface Props {
  readonly server: ServerRow;
  readonly onClose: () => void;
  readonly onRemoved: () => void;
}

export function RemoveServer({ server, onClose, onRemoved }: Props) {
  const client = useClient();
  const words = texts.servers.removing;
  const [isBusy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    try {
      const { dropped } = await client.call('servers.remove', { name: server.name });
      tell(words.removed(server.name, dropped));
      onClose();
      onRemoved();
    } catch (error) {
      tellProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={words.title(server.name)}
      role="alertdialog"
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose} takesFocus>
            {texts.cancel}
          </Button>
          <Button variant="danger" isPending={isBusy} onPress={() => void remove()}>
            {texts.servers.panel.remove}
          </Button>
        </>
      }
    >
      <p>{words.text}</p>
    </Dialog>
  );
}
