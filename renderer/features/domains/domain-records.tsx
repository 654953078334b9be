import { useState } from 'react';
import type { DomainRow } from '../../../shared/model.ts';
import type { DnsDialect } from '../../../shared/settings.ts';
import { useEngine } from '../../app/engine.tsx';
import { problemOf } from '../../app/toasts.ts';
import { Badge, CopyButton, Section } from '../../components/basics.tsx';
import { SelectField } from '../../components/field.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { dialectOptions, texts } from '../../texts.ts';

/** The records of a domain as text to paste, in the dialect of the provider. */
export function DomainRecords({ row }: { readonly row: DomainRow }) {
  const setting = useEngine('settings.get', {}).data?.dnsDialect ?? 'bind';
  const [chosen, setChosen] = useState<DnsDialect | null>(null);
  const dialect = chosen ?? setting;
  const query = useEngine('records.show', { domain: row.domain, dialect }, true);
  const records = (query.data ?? []).filter(record => record.server === row.server);
  return (
    <Section
      title={texts.records.title}
      aside={
        <SelectField
          label={texts.records.dialect}
          hideLabel
          value={dialect}
          options={dialectOptions}
          onChange={setChosen}
        />
      }
    >
      {query.error && <ProblemNote problem={problemOf(query.error)} />}
      {records.length === 0 && !query.isLoading && !query.error && <p className="muted">{texts.records.none}</p>}
      <ul className="record-list">
        {records.map(record => (
          <li key={`${record.name} ${record.why} ${record.value}`} className="card">
            <div className="card-head">
              <strong className="hash">{record.name}</strong>
              <Badge tone={record.why === 'staged' ? 'pending' : 'neutral'}>{record.why}</Badge>
              <CopyButton text={record.text} label={texts.records.copy(record.name)} />
            </div>
            <pre className="record-text">{record.text}</pre>
          </li>
        ))}
      </ul>
    </Section>
  );
}
