import { useState } from 'react';
import type { VaultStatus } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { problemOf, tell } from '../../app/toasts.ts';
import type { Tone } from '../../components/basics.tsx';
import { Badge, Section } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/field.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';

const tones: Readonly<Record<VaultStatus['state'], Tone>> = {
  ready: 'good',
  locked: 'warn',
  'no-passphrase': 'warn',
  'wrong-passphrase': 'warn',
  missing: 'bad',
  unavailable: 'bad',
  foreign: 'bad',
  damaged: 'bad',
};
const opensByPassphrase: readonly VaultStatus['state'][] = ['locked', 'no-passphrase', 'wrong-passphrase'];

export function VaultSection() {
  const client = useClient();
  const query = useEngine('vault.status', {});
  const words = texts.vault;
  const vault = query.data;
  const [passphrase, setPassphrase] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const needsPassphrase = vault?.kind === 'passphrase' && opensByPassphrase.includes(vault.state);
  const unlock = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await client.call('vault.unlock', { passphrase });
      setPassphrase('');
      await query.refetch();
      tell(words.unlocked);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section
      level={2}
      title={words.title}
      aside={vault && <Badge tone={tones[vault.state]}>{words.states[vault.state]}</Badge>}
    >
      <p className="muted">{vault ? words.kinds[vault.kind] : texts.loading}</p>
      {query.error && <ProblemNote problem={problemOf(query.error)} />}
      {vault?.problem && <ProblemNote problem={vault.problem} />}
      {needsPassphrase && (
        <form
          className="setting number-setting"
          onSubmit={event => {
            event.preventDefault();
            if (passphrase !== '') void unlock();
          }}
        >
          <TextField
            label={words.passphrase}
            type="password"
            value={passphrase}
            onChange={setPassphrase}
            description={words.lockedMeans}
          />
          <Button type="submit" variant="primary" isDisabled={passphrase === ''} isPending={isBusy}>
            {words.unlock}
          </Button>
        </form>
      )}
      {problem && <ProblemNote problem={problem} />}
    </Section>
  );
}
