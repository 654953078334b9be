import { useState } from 'react';
import type { Scheme } from '../../../shared/model.ts';
import { SignetError } from '../../../shared/problem.ts';
import { useClient, usePending } from '../../app/engine.tsx';
import { address } from '../../app/router.ts';
import { tellProblem } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { texts } from '../../texts.ts';

/** The one click that stages what keeps a server's domains from being switched on. */
export function AllowSigning({ server, scheme }: { readonly server: string; readonly scheme: Scheme }) {
  const client = useClient();
  const { pending } = usePending();
  const [isBusy, setBusy] = useState(false);
  const staged = pending.find(change => change.server === server && change.mailSettings?.allowSigning === 'on');
  const words = texts.mailSettings;
  const stage = async () => {
    setBusy(true);
    try {
      const { refused } = await client.call('mailSettings.stage', { server, allowSigning: 'on', scheme });
      const [first] = refused;
      if (first) tellProblem(new SignetError('refused', first.problem));
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  if (staged)
    return (
      <p role="status">
        {words.allowStaged(server)} <a href={address('pending', staged.id)}>{texts.work.review}</a>
      </p>
    );
  return (
    <Button isPending={isBusy} onPress={() => void stage()}>
      {words.allowIt(server)}
    </Button>
  );
}
