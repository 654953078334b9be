import type { PendingRow } from '../../../shared/contract.ts';
import type { DomainRow } from '../../../shared/model.ts';
import { shortAge } from '../../app/format.ts';
import type { GridColumn } from '../../components/grid.tsx';
import { texts } from '../../texts.ts';
import { KeyCell, PendingCell, policyWords, ProblemsCell, ProofCell, SigningCell, ZoneCell } from './domain-cells.tsx';
import { keysThatCount } from './filter.ts';
import { keyAgeInDays } from './key-age.ts';
import type { SortableColumn } from './order.ts';

interface DomainColumn extends GridColumn<DomainRow> {
  readonly id: SortableColumn;
}

export function domainColumns(byId: ReadonlyMap<string, PendingRow>, now: number): readonly DomainColumn[] {
  const titles = texts.domains.columns;
  const column = (id: SortableColumn, rest: Omit<DomainColumn, 'id' | 'title' | 'isSortable'>): DomainColumn => ({
    id,
    title: titles[id],
    isSortable: true,
    ...rest,
  });
  return [
    column('domain', { least: 12, cell: row => <span className="domain-name">{row.domain}</span> }),
    column('server', { width: 4.5, cell: row => row.server }),
    column('signing', { width: 6.5, cell: row => <SigningCell row={row} /> }),
    column('proof', { width: 4.5, cell: row => <ProofCell row={row} /> }),
    column('key', { width: 5.75, cell: row => <KeyCell row={row} /> }),
    column('age', {
      width: 4,
      align: 'end',
      cell: row => {
        const key = keysThatCount(row)[0];
        return key ? shortAge(keyAgeInDays(key, now)) : '';
      },
    }),
    column('selector', {
      width: 7,
      cell: row => <span className="selector">{keysThatCount(row)[0]?.selector ?? ''}</span>,
    }),
    column('policy', { width: 7.25, cell: row => policyWords(row) }),
    column('zone', { width: 6.25, cell: row => <ZoneCell row={row} /> }),
    column('pending', { width: 6, cell: row => <PendingCell row={row} byId={byId} /> }),
    column('problems', { width: 9, cell: row => <ProblemsCell row={row} /> }),
  ];
}
