import { useMemo, useState } from 'react';
import { useDomains, usePending } from '../../app/engine.tsx';
import { count, dateTime, until } from '../../app/format.ts';
import { useNow } from '../../app/now.ts';
import { address, go, useRoute } from '../../app/router.ts';
import { saveFile } from '../../app/save-file.ts';
import { EmptyState, More, PageHeader } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { Grid } from '../../components/grid.tsx';
import { plainLines } from '../../components/grid-lines.ts';
import { texts } from '../../texts.ts';
import { GroupOperations } from '../group-operations/group-operations.tsx';
import { domainColumns } from '../domains/domain-columns.tsx';
import { parseFilter } from '../domains/filter.ts';
import type { SortableColumn } from '../domains/order.ts';
import { orderOf, shownRows, sortableColumns } from '../domains/order.ts';
import { AgeChart, CoverageChart, CoverageLegend } from './charts.tsx';
import { CompromisedKey } from './compromised-key.tsx';
import { ageByStrength, coverageOf, rotationsDue } from './coverage.ts';
import { keysAsCsv } from './csv.ts';
import './keys.css';

const shownColumns: readonly SortableColumn[] = [
  'domain',
  'server',
  'signing',
  'proof',
  'key',
  'age',
  'selector',
  'problems',
];
const noPending = new Map<string, never>();
const quickFilters = [
  { id: 'weak', filter: 'key:<2048' },
  { id: 'unpublished', filter: 'published:missing,mismatch' },
  { id: 'old', filter: 'age:>=730' },
] as const;

export function KeysScreen() {
  const { rows, isLoading } = useDomains();
  const hour = Math.floor(useNow() / 3_600_000) * 3_600_000;
  const [filter, setFilter] = useState('');
  const [sort, setSort] = useState<{ readonly id: SortableColumn; readonly desc: boolean }>({ id: 'age', desc: true });
  const coverage = useMemo(() => coverageOf(rows), [rows]);
  const cells = useMemo(() => ageByStrength(rows, hour), [rows, hour]);
  const order = useMemo(() => orderOf(rows, sort.id), [rows, sort.id]);
  const shown = useMemo(
    () => shownRows(rows, order, sort.desc, parseFilter(filter, hour).test),
    [rows, order, sort.desc, filter, hour],
  );
  const columns = useMemo(
    () => domainColumns(noPending, hour).filter(column => shownColumns.includes(column.id)),
    [hour],
  );
  const words = texts.keysScreen;
  const { open } = useRoute();
  const [isRotating, setRotating] = useState(false);
  const save = () => {
    const chosen = [...shown].flatMap(position => rows[position] ?? []);
    saveFile('signet-keys.csv', keysAsCsv(chosen, Date.now()), 'text/csv');
  };
  if (rows.length === 0 && !isLoading)
    return (
      <div className="page">
        <PageHeader title={texts.screens.keys} />
        <div className="page-body">
          <EmptyState icon="keys" {...words.empty}>
            <Button variant="primary" onPress={() => go('domains')}>
              {texts.pending.toDomains}
            </Button>
          </EmptyState>
        </div>
      </div>
    );
  return (
    <div className="page">
      <PageHeader title={texts.screens.keys} note={words.summary(coverage.all.counts.proven, coverage.all.total)}>
        <Button icon="warning" onPress={() => go('keys', '+compromised')}>
          {texts.compromised.title}
        </Button>
        <Button icon="export" onPress={save}>
          {words.exportCsv}
        </Button>
      </PageHeader>
      <div className="page-body keys-body">
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
        <div className="keys-charts" tabIndex={0} role="group" aria-label={words.charts}>
          <section className="chart-card" aria-label={words.coverage}>
            <h2>{words.coverage}</h2>
            <CoverageLegend counts={coverage.all.counts} filter={filter} onFilter={setFilter} />
            <CoverageChart servers={coverage.servers} filter={filter} onFilter={setFilter} />
          </section>
          <section className="chart-card" aria-label={words.ageChart}>
            <h2>{words.ageChart}</h2>
            <QuickFilters filter={filter} onFilter={setFilter} hour={hour} />
            <AgeChart cells={cells} filter={filter} onFilter={setFilter} />
          </section>
          <Due filter={filter} onFilter={setFilter} hour={hour} />
        </div>
        <div className="keys-table">
          <div className="keys-bar">
            <p className="keys-filter" role="status" aria-label={words.tableFilter}>
              {filter === '' ? words.all(shown.length) : words.filtered(shown.length)}
              {filter !== '' && (
                <>
                  <code>{filter}</code>
                  <Button variant="quiet" icon="close" onPress={() => setFilter('')}>
                    {texts.domains.clearFilter}
                  </Button>
                </>
              )}
            </p>
            <Button
              icon="keys"
              isDisabled={!shown.some(position => rows[position]?.signing === 'on')}
              onPress={() => setRotating(true)}
            >
              {words.rotateShown}
            </Button>
          </div>
          <Grid
            label={words.table}
            rows={rows}
            lines={plainLines(shown)}
            columns={columns}
            rowKey={row => `${row.server}\n${row.domain}`}
            sort={sort}
            onSort={({ id, desc }) => {
              const column = sortableColumns.find(known => known === id);
              if (column) setSort({ id: column, desc });
            }}
            onOpen={row => go('domains', row.server, row.domain)}
            empty={<p className="loading-note">{isLoading ? texts.loading : words.none}</p>}
          />
        </div>
      </div>
      {isRotating && (
        <GroupOperations
          rows={[...shown].flatMap(position => rows[position] ?? []).filter(row => row.signing === 'on')}
          isAll={false}
          isRotating
          onClose={() => setRotating(false)}
        />
      )}
      {open[0] === '+compromised' && <CompromisedKey name={open[1] ?? ''} onClose={() => go('keys')} />}
    </div>
  );
}

interface FilterProps {
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
  readonly hour: number;
}

function QuickFilters(props: FilterProps) {
  const { rows } = useDomains();
  const counts = useMemo(
    () =>
      quickFilters.map(({ filter }) => {
        const { test } = parseFilter(filter, props.hour);
        return rows.reduce((sum, row) => sum + (row.keys.length > 0 && test(row) ? 1 : 0), 0);
      }),
    [rows, props.hour],
  );
  return (
    <ul className="legend">
      {quickFilters.map(({ id, filter }, index) => (
        <li key={id}>
          <button
            type="button"
            aria-pressed={props.filter === filter}
            onClick={() => props.onFilter(props.filter === filter ? '' : filter)}
          >
            {texts.keysScreen.quick[id]} <strong>{count(counts[index] ?? 0)}</strong>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Due(props: FilterProps) {
  const { rows } = useDomains();
  const { pending } = usePending();
  const now = useNow();
  const words = texts.keysScreen;
  const due = useMemo(
    () =>
      pending
        .filter(change => change.intent === 'retire')
        .sort((a, b) => ((a.notBefore ?? '') < (b.notBefore ?? '') ? -1 : 1)),
    [pending],
  );
  const rotations = useMemo(() => rotationsDue(rows, props.hour), [rows, props.hour]);
  return (
    <section className="chart-card" aria-label={words.due}>
      <h2>{words.due}</h2>
      {due.length + rotations.length === 0 && <p className="muted">{words.nothingDue}</p>}
      {rotations.length > 0 && (
        <ul className="legend">
          {rotations.map(({ id, filter, count: domains }) => (
            <li key={id}>
              <button
                type="button"
                aria-pressed={props.filter === filter}
                onClick={() => props.onFilter(props.filter === filter ? '' : filter)}
              >
                {words.rotate[id](domains)}
              </button>
            </li>
          ))}
        </ul>
      )}
      {due.length > 0 && (
        <ul className="due-list">
          <More items={due} first={8}>
            {change => (
              <li key={change.id}>
                <a href={address('pending', change.id)}>{change.domain}</a>
                <span className="muted">{change.server}</span>
                <span>{words.retire(change.selectors.join(', '))}</span>
                <span title={dateTime(change.notBefore ?? change.createdAt)}>
                  {change.notBefore ? until(change.notBefore, now) : words.now}
                </span>
              </li>
            )}
          </More>
        </ul>
      )}
    </section>
  );
}
