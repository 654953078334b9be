import type { DomainRow } from '../../../shared/model.ts';
import { useEngine } from '../../app/engine.tsx';
import { ago, dateTime, shortAge } from '../../app/format.ts';
import { useNow } from '../../app/now.ts';
import { address } from '../../app/router.ts';
import { Badge, Facts, Panel, Section } from '../../components/basics.tsx';
import { ProblemList } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { isWeak, keyName, MarkIcon, policyWords, SigningCell } from './domain-cells.tsx';
import { DomainPreferences } from './domain-preferences.tsx';
import { DomainRecords } from './domain-records.tsx';
import { keyAgeInDays } from './key-age.ts';
import { proofOf } from './proof.ts';

export function DomainPanel({ row, onClose }: { readonly row: DomainRow; readonly onClose: () => void }) {
  const now = useNow();
  return (
    <Panel
      label={texts.panel.label(row.domain, row.server)}
      title={row.domain}
      subtitle={texts.panel.subtitle(row.server, ago(row.scannedAt, now))}
      onClose={onClose}
    >
      <ProblemList problems={row.problems} />
      <DomainPreferences row={row} key={`${row.server} ${row.domain} ${row.signing} ${row.pending.join()}`} />
      <Proofs row={row} />
      <Keys row={row} now={now} />
      <DomainRecords row={row} />
      <Section title={texts.panel.server}>
        <Facts
          facts={[
            [
              texts.panel.facts.server,
              <a href={address('servers', row.server)} key="server">
                {row.server}
              </a>,
            ],
            [texts.panel.facts.mta, row.mta],
            [texts.panel.facts.signer, row.signer],
            [
              texts.panel.facts.zone,
              row.zone.server
                ? `${row.zone.name ?? row.domain}, ${row.zone.kind} ${texts.zone.on(row.zone.server)}`
                : texts.zone.externalLong,
            ],
            [texts.panel.facts.policy, policyWords(row) || texts.policy.none],
            [texts.panel.facts.incoming, row.verifyIncoming ? texts.panel.verified : texts.panel.notVerified],
          ]}
        />
      </Section>
      <History domain={row.domain} />
    </Panel>
  );
}

function Proofs({ row }: { readonly row: DomainRow }) {
  const { file, daemon, dns } = proofOf(row);
  const words = texts.proof;
  const used = row.keys.filter(key => key.inUse);
  return (
    <Section title={words.title} aside={<SigningCell row={row} />}>
      <ul className="proof-list">
        <li className="proof-item">
          <MarkIcon mark={file} />
          <strong>{words.file}</strong>
          <span>{file === 'yes' ? words.fileYes(used.map(key => key.path)) : words.fileNo}</span>
        </li>
        <li className="proof-item">
          <MarkIcon mark={daemon} />
          <strong>{words.daemon}</strong>
          <span>{row.probe ? words.daemonKnown(row.probe.signed, dateTime(row.probe.at)) : words.daemonUnknown}</span>
        </li>
        <li className="proof-item">
          <MarkIcon mark={dns} />
          <strong>{words.dns}</strong>
          <span>
            {used.length === 0
              ? words.dnsNoKey
              : used.map(key => words.published[key.published](`${key.selector}._domainkey.${row.domain}`)).join(' ')}
          </span>
        </li>
      </ul>
    </Section>
  );
}

function Keys({ row, now }: { readonly row: DomainRow; readonly now: number }) {
  return (
    <Section title={texts.panel.keys}>
      {row.keys.length === 0 ? (
        <p className="muted">{texts.panel.noKeys}</p>
      ) : (
        <ul className="key-list">
          {row.keys.map(key => {
            const age = keyAgeInDays(key, now);
            return (
              <li key={`${key.selector} ${key.path}`} className="card">
                <div className="card-head">
                  <strong>{key.selector}</strong>
                  <span>{keyName(key)}</span>
                  {key.inUse && <Badge tone="good">{texts.panel.inUse}</Badge>}
                  {isWeak(key) && <Badge tone="warn">{texts.panel.weak}</Badge>}
                  <Badge tone={key.published === 'match' ? 'neutral' : 'warn'}>{texts.published[key.published]}</Badge>
                </div>
                <Facts
                  facts={[
                    [texts.panel.facts.signature, texts.signature.schemes[key.scheme]],
                    [texts.panel.facts.age, age === null ? texts.panel.ageUnknown : shortAge(age)],
                    [
                      texts.panel.facts.file,
                      <span className="hash" key="path">
                        {key.path}
                      </span>,
                    ],
                    [texts.panel.facts.origin, key.managed ? texts.panel.managed : texts.panel.foreign],
                  ]}
                />
                <p className="card-foot">
                  <a href={address('keys', '+compromised', `${key.selector}._domainkey.${row.domain}`)}>
                    {texts.panel.compromised}
                  </a>
                </p>
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}

function History({ domain }: { readonly domain: string }) {
  const runs = useEngine('runs.list', { domain }).data ?? [];
  return (
    <Section title={texts.panel.history}>
      {runs.length === 0 ? (
        <p className="muted">{texts.panel.noHistory}</p>
      ) : (
        <ul className="history-list">
          {runs.map(run => (
            <li key={run.id}>
              <a href={address('runs', run.id)}>{dateTime(run.startedAt)}</a>
              <Badge tone={run.outcome === 'applied' ? 'good' : 'warn'}>{texts.outcomes[run.outcome]}</Badge>
              <span className="muted">{texts.panel.runOf(run.domains)}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
