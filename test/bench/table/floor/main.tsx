/** The least that a table of the domains can be: TanStack Table and Virtual with Signet's rows and columns, as text. */
import {
  columnFilteringFeature,
  createColumnHelper,
  createFilteredRowModel,
  createSortedRowModel,
  filterFn_includesString,
  globalFilteringFeature,
  rowSelectionFeature,
  rowSortingFeature,
  sortFn_basic,
  sortFn_text,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type { DomainRow } from '../../../../shared/model.ts';
import './floor.css';

const features = tableFeatures({
  columnFilteringFeature,
  globalFilteringFeature,
  rowSelectionFeature,
  rowSortingFeature,
  filteredRowModel: createFilteredRowModel(),
  sortedRowModel: createSortedRowModel(),
  filterFns: { includesString: filterFn_includesString },
  sortFns: { text: sortFn_text, basic: sortFn_basic },
});

const column = createColumnHelper<typeof features, DomainRow>();
const text = { sortFn: 'text', enableGlobalFilter: false } as const;
const searched = { ...text, enableGlobalFilter: true };
const columns = column.columns([
  column.accessor('domain', { ...searched, header: 'Domain' }),
  column.accessor('server', { ...searched, header: 'Server' }),
  column.accessor('signing', { ...text, header: 'Signing' }),
  column.accessor(row => row.probe?.signed ?? '', { ...text, id: 'proof', header: 'Proof' }),
  column.accessor(row => row.keys[0]?.bits ?? 0, { ...text, sortFn: 'basic', id: 'key', header: 'Key' }),
  column.accessor(row => row.keys[0]?.since ?? '', { ...text, id: 'age', header: 'Age' }),
  column.accessor(row => row.keys[0]?.selector ?? '', { ...searched, id: 'selector', header: 'Selector' }),
  column.accessor(row => row.policy.domainkeys ?? '', { ...text, id: 'policy', header: 'Policy' }),
  column.accessor(row => `${row.zone.kind} on ${row.zone.server}`, { ...text, id: 'zone', header: 'Zone' }),
  column.accessor(row => row.pending.length, { ...text, sortFn: 'basic', id: 'pending', header: 'Pending' }),
  column.accessor(row => row.problems[0]?.code ?? '', { ...text, id: 'problems', header: 'Problems' }),
]);

const none: DomainRow[] = [];

function Floor() {
  const [data, setData] = useState(none);
  useEffect(() => {
    void fetch('./rows.json').then(async answer => setData((await answer.json()) as DomainRow[]));
  }, []);
  const table = useTable({ features, columns, data, globalFilterFn: 'includesString' });
  const { rows } = table.getRowModel();
  const scroller = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react/incompatible-library -- no compiler memoizes this page
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 32,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <input type="search" aria-label="Filter" onChange={event => table.setGlobalFilter(event.target.value)} />
      <div className="scroller" ref={scroller}>
        <table aria-label="Domains" aria-rowcount={rows.length + 1}>
          <thead>
            {table.getHeaderGroups().map(group => (
              <tr key={group.id}>
                <th>
                  <input
                    type="checkbox"
                    aria-label="Select all"
                    checked={rows.length > 0 && table.getIsAllRowsSelected()}
                    onChange={table.getToggleAllRowsSelectedHandler()}
                  />
                </th>
                {group.headers.map(header => (
                  <th key={header.id}>
                    <button type="button" onClick={header.column.getToggleSortingHandler()}>
                      {String(header.column.columnDef.header)}
                    </button>
                  </th>
                ))}
              </tr>
            ))}
          </thead>
          <tbody>
            <tr style={{ height: before }} />
            {items.map(item => {
              const row = rows[item.index];
              return (
                row && (
                  <tr key={item.key} data-line={item.index} aria-selected={row.getIsSelected()}>
                    <td>
                      <input
                        type="checkbox"
                        aria-label={row.id}
                        checked={row.getIsSelected()}
                        onChange={row.getToggleSelectedHandler()}
                      />
                    </td>
                    {row.getAllCells().map(cell => (
                      <td key={cell.id}>{String(cell.getValue())}</td>
                    ))}
                  </tr>
                )
              );
            })}
            <tr style={{ height: after }} />
          </tbody>
        </table>
      </div>
    </>
  );
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<Floor />);
