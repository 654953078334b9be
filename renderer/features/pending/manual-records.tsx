import { useState } from 'react';
import type { ManualRecord } from '../../../shared/model.ts';
import { useEngine } from '../../app/engine.tsx';
import { Badge, CopyButton, More } from '../../components/basics.tsx';
import { texts } from '../../texts.ts';

/** Records of zones that only the admin can edit, as text to paste at the provider. */
export function ManualRecords({ records }: { readonly records: readonly ManualRecord[] }) {
  if (records.length === 0) return null;
  const words = texts.manual;
  return (
    <section className="plan-part" aria-label={words.title}>
      <header className="plan-part-header">
        <h3>{words.title}</h3>
        <span className="muted">{words.means}</span>
      </header>
      <ul className="record-list">
        <More items={records} first={20}>
          {record => <ManualItem key={`${record.pending} ${record.rrset.name} ${record.action}`} record={record} />}
        </More>
      </ul>
    </section>
  );
}

function ManualItem({ record }: { readonly record: ManualRecord }) {
  const words = texts.manual;
  const [isOpen, setOpen] = useState(false);
  // The engine writes dialects; the plain text here is for reading and for what it does not know by this name.
  const inDialect = useEngine('records.show', isOpen ? { domain: record.domain } : null);
  const plain = record.rrset.values
    .map(value => `${record.rrset.name}. ${record.rrset.ttl ?? 3600} IN TXT "${value}"`)
    .join('\n');
  const text = inDialect.data?.find(known => known.name === record.rrset.name)?.text ?? plain;
  return (
    <li className="card">
      <div className="card-head">
        <Badge tone={record.action === 'publish' ? 'accent' : 'warn'}>{words[record.action]}</Badge>
        <strong className="hash">{record.rrset.name}</strong>
        <CopyButton text={text} label={texts.records.copy(record.rrset.name)} />
      </div>
      <p className="muted">{record.reason}</p>
      <details onToggle={event => setOpen(event.currentTarget.open)}>
        <summary>{words.show}</summary>
        <pre className="record-text">{text}</pre>
      </details>
    </li>
  );
}
