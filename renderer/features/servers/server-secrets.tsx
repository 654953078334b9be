import { useState } from 'react';
import type { ServerRow } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { useClient } from '../../app/engine.tsx';
import { problemOf, tell } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/field.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';

/** Secrets go in and never come out: the fields are always empty, and an empty one leaves what is stored. */
export function ServerSecrets({ server, onClose }: { readonly server: ServerRow; readonly onClose: () => void }) {
  const client = useClient();
  const words = texts.servers.secrets;
  const [password, setPassword] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const [sudoPassword, setSudoPassword] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const isEmpty = password === '' && passphrase === '' && sudoPassword === '';
  const store = async () => {
    setBusy(true);
    try {
      await client.call('servers.secrets', {
        name: server.name,
        secrets: {
          ...(password && { password }),
          ...(passphrase && { passphrase }),
          ...(sudoPassword && { sudoPassword }),
        },
      });
      tell(words.stored(server.name));
      onClose();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={words.title(server.name)}
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{texts.cancel}</Button>
          <Button variant="primary" isDisabled={isEmpty} isPending={isBusy} onPress={() => void store()}>
            {words.store}
          </Button>
        </>
      }
    >
      <form
        className="dialog-form"
        onSubmit={event => {
          event.preventDefault();
          if (!isEmpty) void store();
        }}
      >
        <p className="muted">{words.means}</p>
        <TextField
          label={texts.servers.form.password}
          type="password"
          value={password}
          onChange={setPassword}
          takesFocus
        />
        <TextField label={texts.servers.form.passphrase} type="password" value={passphrase} onChange={setPassphrase} />
        <TextField
          label={texts.servers.form.sudoPassword}
          type="password"
          value={sudoPassword}
          onChange={setSudoPassword}
        />
        <button type="submit" className="visually-hidden" tabIndex={-1} aria-hidden="true" />
      </form>
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
