import { useState } from 'react';
import type { ServerRow } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { scan } from '../../app/actions.ts';
import { useClient } from '../../app/engine.tsx';
import { problemOf, tell } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/field.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';

/** The domains of a server whose own list cannot be read (SQL, LDAP, patterns): one per line replaces what was given before. */
export function GivenDomains({ server, onClose }: { readonly server: ServerRow; readonly onClose: () => void }) {
  const client = useClient();
  const words = texts.servers.giving;
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const domains = [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
  const give = async () => {
    setBusy(true);
    try {
      await client.call('servers.giveDomains', { name: server.name, domains });
      tell(words.given(domains.length, server.name));
      onClose();
      void scan(client, [server.name]);
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
          <p className="foot-line">{words.foot(domains.length)}</p>
          <Button onPress={onClose}>{texts.cancel}</Button>
          <Button variant="primary" isDisabled={domains.length === 0} isPending={isBusy} onPress={() => void give()}>
            {words.give}
          </Button>
        </>
      }
    >
      <TextField label={words.label} description={words.means} value={text} onChange={setText} lines={10} takesFocus />
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
