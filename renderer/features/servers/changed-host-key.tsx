import { useState } from 'react';
import type { ServerRow } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { problemOf, tell, tellProblem } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';

export function isHostKeyProblem(problem: Problem): boolean {
  return /^host-key-(changed|mismatch|revoked)/.test(problem.code);
}

/**
 * A changed host key stops everything. There is no button that accepts what the network shows: the admin enters the
 * fingerprint that somebody at the server's console read out, and only the same one is trusted.
 */
export function ChangedHostKey({ server, problem }: { readonly server: ServerRow; readonly problem: Problem }) {
  const client = useClient();
  const words = texts.servers.hostKeyStop;
  const [typed, setTyped] = useState('');
  const [isBusy, setBusy] = useState(false);
  const shown = useEngine('servers.hostKey', { host: server.host, port: server.port, jump: server.jump });
  const isSame = shown.data !== undefined && typed.trim() === shown.data.fingerprint;
  const trust = async () => {
    setBusy(true);
    try {
      await client.call('servers.trust', { name: server.name, fingerprint: typed.trim() });
      tell(words.trusted(server.name));
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="host-key-stop" role="alert" aria-label={words.title}>
      <h3>
        <Icon name="stop" /> {words.title}
      </h3>
      <p>{problem.message}</p>
      <dl className="fingerprints">
        <dt>{words.pinned}</dt>
        <dd>
          <code>{server.hostKey ?? words.none}</code>
        </dd>
        <dt>{words.shown}</dt>
        <dd className="not-to-copy">
          <code>{shown.data?.fingerprint ?? texts.loading}</code>
        </dd>
      </dl>
      {shown.error && <ProblemNote problem={problemOf(shown.error)} />}
      <p>{words.means}</p>
      <form
        className="dialog-form"
        onSubmit={event => {
          event.preventDefault();
          if (isSame) void trust();
        }}
      >
        <TextField
          label={words.enter}
          value={typed}
          onChange={setTyped}
          placeholder="SHA256:…"
          description={words.enterMeans}
          error={typed !== '' && shown.data && !isSame ? words.differs : null}
        />
        <div>
          <Button variant="danger" type="submit" isDisabled={!isSame} isPending={isBusy}>
            {words.trust}
          </Button>
        </div>
      </form>
    </section>
  );
}
