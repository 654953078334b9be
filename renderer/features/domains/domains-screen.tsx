import { useMemo, useState } from 'react';
import { scan, verify } from '../../app/actions.ts';
import { useClient, usePending, useServers } from '../../app/engine.tsx';
import { ago, count } from '../../app/format.ts';
import { useNow } from '../../app/now.ts';
import { go, useRoute } from '../../app/router.ts';
import { useShortcut } from '../../app/shortcuts.ts';
import { problemOf } from '../../app/toasts.ts';
import { useWork } from '../../app/work.ts';
import { PageHeader } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { Grid } from '../../components/grid.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { GroupOperations } from '../group-operations/group-operations.tsx';
import { domainColumns } from './domain-columns.tsx';
import { NothingHere } from './domain-empty.tsx';
import { DomainPanel } from './domain-panel.tsx';
import { FilterBox, ViewMenu } from './domain-toolbar.tsx';
import { setView, useDomainsView } from './domains-view.ts';
import { isSelected, selectedRows } from './selection.ts';
import { sortableColumns } from './order.ts';
import { useDomainTable } from './use-domain-table.ts';
import './domains.css';

/** Facts older than a day are shown with their age. */
const staleAfter = 86_400_000;

export function DomainsScreen() {
  const client = useClient();
  const table = useDomainTable();
  const { servers } = useServers();
  const { pending } = usePending();
  const { sort, hidden } = useDomainsView();
  const isScanning = useWork(work => Boolean(work.tasks.scan));
  const isVerifying = useWork(work => Boolean(work.tasks.verify));
  const { open } = useRoute();
  const now = useNow();
  const [isOperating, setOperating] = useState(false);
  const { rows, summary, selection } = table;

  const byId = useMemo(() => new Map(pending.map(row => [row.id, row])), [pending]);
  const today = Math.floor(now / 3_600_000) * 3_600_000;
  const columns = useMemo(() => domainColumns(byId, today), [byId, today]);
  const [openServer, openDomain] = open;
  const openRow = useMemo(
    () => rows.find(row => row.server === openServer && row.domain === openDomain) ?? null,
    [rows, openServer, openDomain],
  );
  const selected = useMemo(
    () => (isOperating ? selectedRows(selection).flatMap(position => rows[position] ?? []) : []),
    [isOperating, selection, rows],
  );

  const operate = () => {
    if (summary.selected > 0) setOperating(true);
  };
  const verifySelected = () => {
    const domains = new Set(selectedRows(selection).flatMap(position => rows[position]?.domain ?? []));
    if (domains.size > 0) void verify(client, [...domains]);
  };
  useShortcut('o', operate);
  useShortcut('v', verifySelected);

  return (
    <div className="page">
      <PageHeader
        title={texts.screens.domains}
        note={<SelectionNote {...summary} total={rows.length} shown={table.shown.length} />}
      >
        <FilterBox servers={servers.filter(server => server.domains > 0).map(server => server.name)} />
        <ViewMenu />
        <Button icon="shield" isDisabled={summary.selected === 0} isPending={isVerifying} onPress={verifySelected}>
          {texts.domains.verify}
        </Button>
        <Button icon="scan" isDisabled={servers.length === 0} isPending={isScanning} onPress={() => void scan(client)}>
          {texts.domains.scan}
        </Button>
        <Button
          variant="primary"
          isDisabled={summary.selected === 0}
          onPress={operate}
          label={texts.groupOperations.title}
        >
          {texts.groupOperations.title}
          <span className="button-count">{summary.selected > 0 ? count(summary.selected) : ''}</span>
        </Button>
      </PageHeader>
      {table.filter.unknown.length > 0 && (
        <p className="filter-unknown" role="status">
          {texts.domains.filterUnknown(table.filter.unknown.join(' '))}
        </p>
      )}
      <div className="page-body">
        {table.error ? (
          <div className="page-scroll">
            <ProblemNote problem={problemOf(table.error)} />
          </div>
        ) : (
          <Grid
            label={texts.screens.domains}
            rows={rows}
            lines={table.lines}
            columns={columns}
            hidden={hidden}
            rowKey={row => `${row.server}\n${row.domain}`}
            rowClass={row => (now - Date.parse(row.scannedAt) > staleAfter ? 'stale' : '')}
            // oxlint-disable-next-line react/no-unstable-nested-components -- a function that draws a heading, not a component
            groupTitle={(name, positions) => (
              <ServerHeading
                name={name}
                count={positions.length}
                selected={positions.reduce((sum, position) => sum + (isSelected(selection, position) ? 1 : 0), 0)}
                scannedAt={rows[positions[0] ?? 0]?.scannedAt ?? null}
              />
            )}
            sort={sort}
            onSort={({ id, desc }) => {
              const column = sortableColumns.find(known => known === id);
              if (column) setView({ sort: { id: column, desc } });
            }}
            selection={{
              isSelected: table.isSelected,
              toggle: table.toggle,
              toggleAll: table.toggleAll,
              all: summary.all,
              some: summary.some,
              allLabel: texts.domains.selectAll,
              rowLabel: row => texts.domains.selectRow(row.domain, row.server),
            }}
            openKey={openRow ? `${openRow.server}\n${openRow.domain}` : null}
            onOpen={row => go('domains', row.server, row.domain)}
            empty={<NothingHere table={table} servers={servers} />}
          />
        )}
        {openRow && <DomainPanel row={openRow} onClose={() => go('domains')} />}
      </div>
      {isOperating && (
        <GroupOperations rows={selected} isAll={selected.length === rows.length} onClose={() => setOperating(false)} />
      )}
    </div>
  );
}

function SelectionNote(props: {
  readonly selected: number;
  readonly hidden: number;
  readonly total: number;
  readonly shown: number;
}) {
  if (props.total === 0) return null;
  return (
    <span role="status" aria-label={texts.domains.selectionStatus}>
      {props.selected > 0
        ? texts.domains.selected(props.selected, props.total, props.hidden)
        : texts.domains.shown(props.shown, props.total)}
    </span>
  );
}

function ServerHeading(props: {
  readonly name: string;
  readonly count: number;
  readonly selected: number;
  readonly scannedAt: string | null;
}) {
  const now = useNow();
  return (
    <>
      {props.name}
      <span className="group-note">
        {texts.domains.group(props.count, props.selected)}
        {props.scannedAt && `, ${texts.fleet.scanned(ago(props.scannedAt, now))}`}
      </span>
    </>
  );
}
