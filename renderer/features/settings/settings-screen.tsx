import { useState } from 'react';
import type { DoctorCheck } from '../../../shared/contract.ts';
import type { Settings } from '../../../shared/settings.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { problemOf, tell, tellProblem } from '../../app/toasts.ts';
import { PageHeader, Section } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { RadioRow, SelectField, TextField } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { dialectOptions, keyOptions, texts } from '../../texts.ts';
import { VaultSection } from './vault-section.tsx';
import './settings.css';

const themes = (['system', 'light', 'dark'] as const).map(value => ({ value, label: texts.settings.themes[value] }));

type NumberSetting =
  'parallelism' | 'gateTimeoutSeconds' | 'externalGateTimeoutSeconds' | 'graceHours' | 'undoGraceHours';

const limits: Readonly<Record<NumberSetting, readonly [number, number]>> = {
  parallelism: [1, 64],
  gateTimeoutSeconds: [0, 86_400],
  externalGateTimeoutSeconds: [0, 86_400],
  graceHours: [0, 8760],
  undoGraceHours: [0, 8760],
};

export function SettingsScreen() {
  const client = useClient();
  const query = useEngine('settings.get', {});
  const settings = query.data;
  const set = async (change: Partial<Settings>) => {
    try {
      await client.call('settings.set', change);
      await query.refetch();
      tell(texts.settings.saved);
    } catch (error) {
      tellProblem(error);
    }
  };
  return (
    <div className="page">
      <PageHeader title={texts.screens.settings} />
      <div className="page-body">
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
        <div className="page-scroll settings" tabIndex={0} role="group" aria-label={texts.screens.settings}>
          {query.error && <ProblemNote problem={problemOf(query.error)} />}
          <VaultSection />
          {settings && <SettingsForm settings={settings} set={change => void set(change)} />}
          <Doctor />
        </div>
      </div>
    </div>
  );
}

function SettingsForm(props: { readonly settings: Settings; readonly set: (change: Partial<Settings>) => void }) {
  const { settings, set } = props;
  const words = texts.settings;
  const number = (name: NumberSetting) => (
    <NumberRow
      key={`${name} ${settings[name]}`}
      name={name}
      value={settings[name]}
      onSave={value => set({ [name]: value })}
    />
  );
  return (
    <>
      <Section level={2} title={words.appearance}>
        <RadioRow label={words.theme} value={settings.theme} options={themes} onChange={theme => set({ theme })} />
      </Section>
      <Section level={2} title={words.keys}>
        <div className="setting">
          <SelectField
            label={words.keySpec}
            value={settings.keySpec}
            options={keyOptions}
            onChange={keySpec => set({ keySpec })}
          />
        </div>
        {number('graceHours')}
        {number('undoGraceHours')}
      </Section>
      <Section level={2} title={words.running}>
        {number('parallelism')}
        {number('gateTimeoutSeconds')}
        {number('externalGateTimeoutSeconds')}
      </Section>
      <Section level={2} title={words.dns}>
        <div className="setting">
          <SelectField
            label={words.dialect}
            description={words.dialectMeans}
            value={settings.dnsDialect}
            options={dialectOptions}
            onChange={dnsDialect => set({ dnsDialect })}
          />
        </div>
      </Section>
    </>
  );
}

function NumberRow(props: {
  readonly name: NumberSetting;
  readonly value: number;
  readonly onSave: (value: number) => void;
}) {
  const { name, value } = props;
  const [text, setText] = useState(String(value));
  const [least, most] = limits[name];
  const typed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  const isWrong = !(typed >= least && typed <= most);
  return (
    <form
      className="setting number-setting"
      onSubmit={event => {
        event.preventDefault();
        if (!isWrong && typed !== value) props.onSave(typed);
      }}
    >
      <TextField
        label={texts.settings.numbers[name].label}
        description={texts.settings.numbers[name].means}
        value={text}
        onChange={setText}
        type="number"
        error={isWrong ? texts.settings.between(least, most) : null}
      />
      {typed !== value && (
        <Button type="submit" isDisabled={isWrong} label={texts.settings.saveThis(texts.settings.numbers[name].label)}>
          {texts.settings.save}
        </Button>
      )}
    </form>
  );
}

/** Looks at this laptop: the agent, the keychain, what is needed to work. */
function Doctor() {
  const client = useClient();
  const words = texts.settings.doctor;
  const [checks, setChecks] = useState<readonly DoctorCheck[] | null>(null);
  const [isBusy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    try {
      setChecks(await client.call('doctor.run', {}));
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section level={2} title={words.title}>
      <p className="muted">{words.means}</p>
      <div>
        <Button isPending={isBusy} onPress={() => void look()}>
          {words.run}
        </Button>
      </div>
      {checks && (
        <ul className="doctor" aria-label={words.title}>
          {checks.map(check => (
            <li key={check.name} className={check.ok ? 'good' : 'bad'}>
              <Icon name={check.ok ? 'check' : 'cross'} />
              <span>
                <strong>{check.name}</strong>
                <span className="visually-hidden"> {check.ok ? words.good : words.bad}</span>
              </span>
              <span>
                {check.detail}
                {check.hint && <span className="muted"> {check.hint}</span>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
