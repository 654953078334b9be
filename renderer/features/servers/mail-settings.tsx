import type { ReactNode } from 'react';
import { useState } from 'react';
import type { ServerRow, StageResult } from '../../../shared/contract.ts';
import type { MailSettings as Known } from '../../../shared/mail-settings.ts';
import { failingMail } from '../../../shared/mail-settings.ts';
import { useClient, useEngine, usePending } from '../../app/engine.tsx';
import { address, go } from '../../app/router.ts';
import { problemOf, tell, tellProblem } from '../../app/toasts.ts';
import { Section } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { CheckboxField, RadioRow } from '../../components/field.tsx';
import { ProblemList, ProblemNote } from '../../components/problem.tsx';
import { schemeOptions, texts } from '../../texts.ts';
import type { SettingsForm } from './mail-settings-model.ts';
import { formOf, schemesToChoose, settingsWish } from './mail-settings-model.ts';

const words = texts.mailSettings;
const failingOptions = failingMail.map(value => ({ value, label: words.failingNames[value] }));

/** Mail → Mail settings of a server: two checkboxes, and OK stages what differs. */
export function MailSettings({ server }: { readonly server: ServerRow }) {
  const { pending } = usePending();
  const staged = pending.find(change => change.server === server.name && change.mailSettings);
  if (server.mailSettings === null)
    return (
      <Section title={words.title}>
        <p className="muted">{server.lastScan === null ? texts.servers.panel.unknownYet : words.none}</p>
      </Section>
    );
  const before = formOf(server.mailSettings, staged?.mailSettings ?? null);
  return (
    <Section title={words.title}>
      {/* what is staged or scanned anew is shown, and choices made before that are not taken for it */}
      <Form key={JSON.stringify(before)} server={server.name} known={server.mailSettings} before={before} />
      {staged && (
        <p className="muted">
          {words.staged(staged.summary)} <a href={address('pending', staged.id)}>{texts.work.review}</a>
        </p>
      )}
    </Section>
  );
}

interface FormProps {
  readonly server: string;
  readonly known: Known;
  readonly before: SettingsForm;
}

function Form({ server, known, before }: FormProps) {
  const client = useClient();
  const [form, setForm] = useState(before);
  const [isBusy, setBusy] = useState(false);
  const wish = settingsWish(server, before, form);
  const preview = useEngine('mailSettings.preview', wish);
  const result = wish === null ? undefined : preview.data;
  const change = (part: Partial<SettingsForm>) => setForm(was => ({ ...was, ...part }));

  const stage = async () => {
    if (wish === null) return;
    setBusy(true);
    try {
      const done = await client.call('mailSettings.stage', wish);
      tell(texts.staged(done.staged.length, done.cancelled.length), {
        label: texts.work.review,
        run: () => go('pending'),
      });
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="mail-settings">
      <Setting means={words.allowMeans}>
        <CheckboxField isSelected={form.allowSigning} onChange={allowSigning => change({ allowSigning })}>
          {words.allowSigning}
        </CheckboxField>
      </Setting>
      {form.allowSigning && <Schemes known={known} form={form} onChange={change} />}
      <Setting means={words.verifyMeans}>
        <CheckboxField isSelected={form.verifyIncoming} onChange={verifyIncoming => change({ verifyIncoming })}>
          {words.verifyIncoming}
        </CheckboxField>
      </Setting>
      {form.verifyIncoming && (
        <div className="mail-settings-more">
          <RadioRow
            label={words.failing}
            description={words.failingMeans[form.failing]}
            value={form.failing}
            options={failingOptions}
            layout="stacked"
            onChange={failing => change({ failing })}
          />
          <Setting means={words.policiesMean}>
            <CheckboxField isSelected={form.policies} onChange={policies => change({ policies })}>
              {words.policies}
            </CheckboxField>
          </Setting>
        </div>
      )}
      {wish !== null && preview.error && <ProblemNote problem={problemOf(preview.error)} />}
      {result && <ProblemList problems={result.refused.map(({ problem }) => problem)} />}
      <div className="preference-row">
        <p className="muted" role="status">
          {result ? effectOf(result) : ''}
        </p>
        <Button
          variant="primary"
          isDisabled={!result || result.staged.length + result.cancelled.length === 0}
          isPending={isBusy}
          onPress={() => void stage()}
        >
          {texts.ok}
        </Button>
      </div>
    </div>
  );
}

function effectOf({ staged, cancelled }: StageResult): string {
  const ending = staged.filter(change => change.domain !== null && change.intent === 'signing-off').length;
  return words.effect(staged.length, cancelled.length, ending);
}

function Schemes(props: {
  readonly known: Known;
  readonly form: SettingsForm;
  readonly onChange: (part: Partial<SettingsForm>) => void;
}) {
  const possible = schemesToChoose(props.known);
  if (possible.length === 1)
    return <p className="mail-settings-more muted">{words.allowedWith(props.known.signing)}</p>;
  return (
    <div className="mail-settings-more">
      <RadioRow
        label={texts.signature.title}
        description={texts.signature.means}
        value={props.form.scheme}
        options={schemeOptions.filter(({ value }) => possible.includes(value))}
        layout="stacked"
        onChange={scheme => props.onChange({ scheme })}
      />
    </div>
  );
}

function Setting({ means, children }: { readonly means: string; readonly children: ReactNode }) {
  return (
    <div className="mail-setting">
      {children}
      <p className="field-description">{means}</p>
    </div>
  );
}
