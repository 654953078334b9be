import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { Result, ServerRow } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { scan } from '../../app/actions.ts';
import { useClient } from '../../app/engine.tsx';
import { problemOf, tell } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { CheckboxField } from '../../components/field.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { addressOf, emptyForm, formErrors, serverOf } from './server-form.ts';
import type { ServerForm } from './server-form.ts';
import { ServerFields } from './server-fields.tsx';

type HostKey = Result<'servers.hostKey'>;

interface Props {
  readonly servers: readonly ServerRow[];
  readonly onClose: () => void;
}

/**
 * First the address, then the host key that it shows, which the admin compares and confirms, and only then is the server
 * added, with exactly that fingerprint, and scanned. A change of the address takes the confirmation back.
 */
export function AddServer({ servers, onClose }: Props) {
  const client = useClient();
  const words = texts.servers.form;
  const [form, setForm] = useState(emptyForm);
  const [hostKey, setHostKey] = useState<HostKey | null>(null);
  const [isConfirmed, setConfirmed] = useState(false);
  const [isChecked, setChecked] = useState(false);
  const [busy, setBusy] = useState<'key' | 'add' | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const errors = formErrors(
    form,
    servers.map(server => server.name),
  );
  const isValid = Object.keys(errors).length === 0;

  const change = (part: Partial<ServerForm>) => {
    setForm(before => ({ ...before, ...part }));
    setProblem(null);
    if ('host' in part || 'port' in part || 'jump' in part) {
      setHostKey(null);
      setConfirmed(false);
    }
  };
  const attempt = async (what: 'key' | 'add', work: () => Promise<void>) => {
    setChecked(true);
    if (!isValid) return;
    setBusy(what);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(null);
    }
  };
  const fetchKey = () => attempt('key', async () => setHostKey(await client.call('servers.hostKey', addressOf(form))));
  const add = (fingerprint: string) =>
    attempt('add', async () => {
      const added = await client.call('servers.add', serverOf(form, fingerprint));
      tell(words.added(added.name));
      onClose();
      void scan(client, [added.name]);
    });

  return (
    <Dialog
      title={texts.servers.add}
      onClose={onClose}
      size="medium"
      footer={
        <>
          <p className="foot-line">{hostKey ? words.thenScan : words.firstKey}</p>
          <Button onPress={onClose}>{texts.cancel}</Button>
          {hostKey ? (
            <Button
              variant="primary"
              isDisabled={!isConfirmed}
              isPending={busy === 'add'}
              onPress={() => void add(hostKey.fingerprint)}
            >
              {texts.servers.add}
            </Button>
          ) : (
            <Button variant="primary" isPending={busy === 'key'} onPress={() => void fetchKey()}>
              {words.getKey}
            </Button>
          )}
        </>
      }
    >
      <Form
        className="dialog-form"
        validationBehavior="aria"
        onSubmit={event => {
          event.preventDefault();
          if (!hostKey) void fetchKey();
          else if (isConfirmed) void add(hostKey.fingerprint);
        }}
      >
        <ServerFields form={form} errors={isChecked ? errors : {}} servers={servers} onChange={change} />
        {/* A form with several fields is submitted by Enter only when it has such a button. */}
        <button type="submit" className="visually-hidden" tabIndex={-1} aria-hidden="true" />
      </Form>
      {hostKey && (
        <section
          className="host-key"
          aria-label={words.hostKey}
          // what is to be compared must be seen: in a small window it is below the fold
          ref={element => element?.scrollIntoView({ block: 'nearest' })}
        >
          <h3>{words.hostKey}</h3>
          <p>{words.compare(form.host)}</p>
          <p className="fingerprint">
            <span className="muted">{hostKey.type}</span> <code>{hostKey.fingerprint}</code>
          </p>
          <p className="muted">
            {words.how} <code>ssh-keygen -lf /etc/ssh/{keyFile(hostKey.type)}.pub</code>
          </p>
          <CheckboxField isSelected={isConfirmed} onChange={setConfirmed}>
            {words.confirm}
          </CheckboxField>
        </section>
      )}
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}

function keyFile(type: string): string {
  if (type.includes('ed25519')) return 'ssh_host_ed25519_key';
  return type.includes('ecdsa') ? 'ssh_host_ecdsa_key' : 'ssh_host_rsa_key';
}
