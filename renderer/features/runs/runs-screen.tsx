import type { RunSummary } from '../../../shared/contract.ts';
import { useRuns } from '../../app/engine.tsx';
import { count, dateTime, duration, plural } from '../../app/format.ts';
import { go, useRoute } from '../../app/router.ts';
import { problemOf } from '../../app/toasts.ts';
import { Badge, EmptyState, PageHeader } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import type { GridColumn } from '../../components/grid.tsx';
import { Grid } from '../../components/grid.tsx';
import { allLines } from '../../components/grid-lines.ts';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { outcomeTone, RunDetail } from './run-detail.tsx';
import './runs.css';

const columns: readonly GridColumn<RunSummary>[] = [
  { id: 'started', title: texts.runs.columns.started, least: 10, cell: run => dateTime(run.startedAt) },
  {
    id: 'outcome',
    title: texts.runs.columns.outcome,
    width: 6.75,
    cell: run => <Badge tone={outcomeTone(run.outcome)}>{texts.outcomes[run.outcome]}</Badge>,
  },
  {
    id: 'domains',
    title: texts.runs.columns.domains,
    width: 4.75,
    align: 'end',
    cell: run => <span title={plural(run.servers.length, 'server')}>{run.domains > 0 ? count(run.domains) : '–'}</span>,
  },
  {
    id: 'duration',
    title: texts.runs.columns.duration,
    width: 6.5,
    align: 'end',
    cell: run => (run.finishedAt ? duration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)) : ''),
  },
];

export function RunsScreen() {
  const query = useRuns();
  const { runs } = query;
  const { open } = useRoute();
  const opened = runs.find(run => run.id === open[0]) ?? runs[0] ?? null;
  return (
    <div className="page list-page">
      <PageHeader title={texts.screens.runs} note={runs.length > 0 ? plural(runs.length, 'run') : null} />
      <div className="page-body">
        {query.error && <ProblemNote problem={problemOf(query.error)} />}
        {runs.length === 0 && !query.isLoading && !query.error && (
          <EmptyState icon="runs" {...texts.runs.empty}>
            <Button variant="primary" onPress={() => go('pending')}>
              {texts.runs.toPending}
            </Button>
          </EmptyState>
        )}
        {runs.length > 0 && (
          <>
            <div className="page-list runs-list">
              <Grid
                label={texts.screens.runs}
                rows={runs}
                lines={allLines(runs.length)}
                columns={columns}
                opensOnMove
                rowKey={run => run.id}
                openKey={opened?.id ?? null}
                onOpen={run => go('runs', run.id)}
              />
            </div>
            {opened && <RunDetail key={opened.id} summary={opened} />}
          </>
        )}
      </div>
    </div>
  );
}
