import { useState } from 'react';
import { FileTrigger } from 'react-aria-components';
import type { ImportResult } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { useClient } from '../../app/engine.tsx';
import { plural } from '../../app/format.ts';
import { saveFile } from '../../app/save-file.ts';
import { problemOf, tell } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { CheckboxField, TextField } from '../../components/field.tsx';
import { ProblemList, ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';

/** A file that another admin can review and apply. Private keys are in it only when sealed with a passphrase. */
export function ExportDialog({ count, onClose }: { readonly count: number; readonly onClose: () => void }) {
  const client = useClient();
  const words = texts.pending.exporting;
  const [withKeys, setWithKeys] = useState(false);
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const isReady = !withKeys || (passphrase !== '' && passphrase === again);
  const write = async () => {
    setBusy(true);
    try {
      const result = await client.call('pending.export', withKeys ? { passphrase } : {});
      saveFile(`signet-pending-${new Date().toISOString().slice(0, 10)}.json`, result.text, 'application/json');
      tell(words.done(result.changes, result.keysIncluded));
      onClose();
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={texts.pending.export}
      subtitle={plural(count, 'pending change')}
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{texts.cancel}</Button>
          <Button variant="primary" isDisabled={!isReady} isPending={isBusy} onPress={() => void write()}>
            {words.save}
          </Button>
        </>
      }
    >
      <p>{words.text}</p>
      <CheckboxField isSelected={withKeys} onChange={setWithKeys}>
        {words.withKeys}
      </CheckboxField>
      {withKeys ? (
        <>
          <TextField label={words.passphrase} type="password" value={passphrase} onChange={setPassphrase} />
          <TextField
            label={words.again}
            type="password"
            value={again}
            onChange={setAgain}
            error={again !== '' && again !== passphrase ? words.differs : null}
          />
        </>
      ) : (
        <p className="muted">{words.withoutKeys}</p>
      )}
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}

export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const client = useClient();
  const words = texts.pending.importing;
  const [file, setFile] = useState<File | null>(null);
  const [passphrase, setPassphrase] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [result, setResult] = useState<ImportResult | null>(null);
  const read = async (chosen: File) => {
    setBusy(true);
    setProblem(null);
    try {
      const text = await chosen.text();
      setResult(await client.call('pending.import', { text, ...(passphrase && { passphrase }) }));
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={texts.pending.import}
      size="small"
      onClose={onClose}
      footer={
        result ? (
          <Button variant="primary" onPress={onClose}>
            {texts.close}
          </Button>
        ) : (
          <>
            <Button onPress={onClose}>{texts.cancel}</Button>
            <Button
              variant="primary"
              isDisabled={file === null}
              isPending={isBusy}
              onPress={() => {
                if (file) void read(file);
              }}
            >
              {texts.pending.import}
            </Button>
          </>
        )
      }
    >
      {result ? (
        <>
          <p role="status">{words.done(result.imported.length, result.unchanged.length, result.newKeys)}</p>
          <ProblemList problems={result.refused.map(({ problem: refusal }) => refusal)} />
        </>
      ) : (
        <>
          <p>{words.text}</p>
          <div className="file-row">
            <FileTrigger
              acceptedFileTypes={['application/json', '.json']}
              onSelect={files => setFile(files?.item(0) ?? null)}
            >
              <Button>{words.choose}</Button>
            </FileTrigger>
            <span className="muted">{file?.name ?? words.none}</span>
          </div>
          <TextField
            label={words.passphrase}
            type="password"
            value={passphrase}
            onChange={setPassphrase}
            description={words.passphraseMeans}
          />
        </>
      )}
      {problem && <ProblemNote problem={problem} />}
    </Dialog>
  );
}
