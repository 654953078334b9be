import { useState } from 'react';
import type { ImportPreview } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { scan } from '../../app/actions.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { problemOf, tell } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { CheckboxField, TextField } from '../../components/field.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';

type Candidate = ImportPreview['servers'][number];

/** What ~/.ssh/config holds, host by host, with the keys of known_hosts; nothing is added before it was seen here. */
export function ImportServers({ onClose }: { readonly onClose: () => void }) {
  const client = useClient();
  const words = texts.servers.importing;
  const [typed, setTyped] = useState('');
  const [file, setFile] = useState('');
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const preview = useEngine('servers.previewImport', file ? { file } : {});
  const candidates = preview.data?.servers ?? [];
  const chosen = candidates.filter(candidate => candidate.skipped === null && !left.has(candidate.name));

  const add = async () => {
    setBusy(true);
    try {
      const patterns = chosen.map(candidate => candidate.name);
      const { added } = await client.call('servers.import', { ...(file && { file }), patterns });
      tell(words.added(added.length));
      onClose();
      if (added.length > 0)
        void scan(
          client,
          added.map(server => server.name),
        );
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  const toggle = (name: string, isIn: boolean) => {
    const next = new Set(left);
    if (isIn) next.delete(name);
    else next.add(name);
    setLeft(next);
  };

  const failure = problem ?? (preview.error ? problemOf(preview.error) : null);
  return (
    <Dialog
      title={texts.servers.import}
      onClose={onClose}
      size="large"
      footer={
        <>
          <p className="foot-line">{words.foot(chosen.length, candidates.length)}</p>
          <Button onPress={onClose}>{texts.cancel}</Button>
          <Button variant="primary" isDisabled={chosen.length === 0} isPending={isBusy} onPress={() => void add()}>
            {words.add}
          </Button>
        </>
      }
    >
      <form
        className="import-file"
        onSubmit={event => {
          event.preventDefault();
          setFile(typed.trim());
        }}
      >
        <TextField label={words.file} value={typed} onChange={setTyped} placeholder="~/.ssh/config" takesFocus />
        <Button type="submit">{words.read}</Button>
      </form>
      {failure && <ProblemNote problem={failure} />}
      {preview.isLoading && <p className="muted">{texts.loading}</p>}
      {candidates.length > 0 && (
        <ul className="import-list">
          {candidates.map(candidate => (
            <li key={candidate.name}>
              <CandidateLine candidate={candidate} isChosen={!left.has(candidate.name)} onChange={toggle} />
            </li>
          ))}
        </ul>
      )}
      {preview.data && candidates.length === 0 && <p className="muted">{words.nothing}</p>}
      {preview.data && preview.data.notImported.length > 0 && (
        <section>
          <h3 className="minor-title">{words.notImported}</h3>
          <ul>
            {preview.data.notImported.map(entry => (
              <li key={`${entry.text} ${entry.reason}`} className="muted">
                <code>{entry.text}</code>: {entry.reason}
              </li>
            ))}
          </ul>
        </section>
      )}
    </Dialog>
  );
}

function CandidateLine(props: {
  readonly candidate: Candidate;
  readonly isChosen: boolean;
  readonly onChange: (name: string, isIn: boolean) => void;
}) {
  const { candidate } = props;
  const words = texts.servers.importing;
  const isSkipped = candidate.skipped !== null;
  return (
    <>
      <CheckboxField
        isSelected={!isSkipped && props.isChosen}
        isDisabled={isSkipped}
        onChange={isIn => props.onChange(candidate.name, isIn)}
      >
        <strong>{candidate.name}</strong>
      </CheckboxField>
      <span className="import-about">
        {candidate.user}@{candidate.host}
        {candidate.port !== 22 && `:${candidate.port}`}
        {candidate.jump && ` ${texts.servers.through(candidate.jump)}`}
        {candidate.identity && `, ${candidate.identity}`}
      </span>
      <span className="import-keys">
        {isSkipped ? (
          <span className="muted">{words.skipped(candidate.skipped ?? '')}</span>
        ) : (
          candidate.hostKeys.map(key => (
            <code key={key} className="hash">
              {key}
            </code>
          ))
        )}
      </span>
    </>
  );
}
