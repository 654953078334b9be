import { useState } from 'react';
import type { RunSummary } from '../../../shared/contract.ts';
import type { RunRecord } from '../../../shared/run.ts';
import { resume, stopRun, undo } from '../../app/actions.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { dateTime, duration, scope } from '../../app/format.ts';
import { useSeconds } from '../../app/now.ts';
import { problemOf } from '../../app/toasts.ts';
import { useWork } from '../../app/work.ts';
import { Badge, Progress } from '../../components/basics.tsx';
import type { Tone } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { ProblemList, ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { RunLog } from './run-log.tsx';
import { joinEvents, runView } from './run-view.ts';
import { LeftOvers } from './left-overs.tsx';
import { ServerLines } from './server-lines.tsx';

const none: readonly never[] = [];

export function outcomeTone(outcome: RunRecord['outcome']): Tone {
  if (outcome === 'applied') return 'good';
  if (outcome === 'running') return 'accent';
  return outcome === 'failed' ? 'bad' : 'warn';
}

export function RunDetail({ summary }: { readonly summary: RunSummary }) {
  const query = useEngine('runs.show', { id: summary.id });
  const live = useWork(work => work.runs.get(summary.id)) ?? none;
  const isRunning = summary.outcome === 'running';
  const now = useSeconds(isRunning);
  const [isLogOpen, setLogOpen] = useState(false);
  const run = query.data;
  const events = run ? joinEvents(run.events, live) : live;
  const view = run ? runView(run, events) : null;
  const end = summary.finishedAt ? Date.parse(summary.finishedAt) : now;
  const words = texts.runs;
  return (
    <section className="page-scroll run-detail" aria-label={words.label(dateTime(summary.startedAt))} tabIndex={-1}>
      <header className="run-header">
        <div>
          <h2>
            {dateTime(summary.startedAt)}{' '}
            <Badge tone={outcomeTone(summary.outcome)}>{texts.outcomes[summary.outcome]}</Badge>
          </h2>
          <p className="muted">
            {scope(summary.domains, summary.servers.length)}
            {(summary.finishedAt !== null || isRunning) && `, ${duration(end - Date.parse(summary.startedAt))}`}
          </p>
        </div>
        <RunButtons summary={summary} />
      </header>
      <p className="run-means">{words.means[summary.outcome]}</p>
      {query.error && <ProblemNote problem={problemOf(query.error)} />}
      {view && (
        <>
          <div className="run-overall">
            <Progress label={words.overall} value={view.done} max={view.total} tone={outcomeTone(summary.outcome)} />
            <span>{texts.progress(view.done, view.total)}</span>
          </div>
          <ServerLines servers={view.servers} isLive={isRunning} />
          <ProblemList problems={run?.problems ?? none} />
          {!isRunning && <LeftOvers left={run?.left ?? none} />}
        </>
      )}
      <div>
        <Button variant="quiet" icon={isLogOpen ? 'down' : 'right'} onPress={() => setLogOpen(!isLogOpen)}>
          {isLogOpen ? words.hideLog : words.showLog(events.length)}
        </Button>
        {isLogOpen && <RunLog events={events} />}
      </div>
    </section>
  );
}

function RunButtons({ summary }: { readonly summary: RunSummary }) {
  const client = useClient();
  const task = useWork(work => work.tasks.run);
  const [isUndoing, setUndoing] = useState(false);
  const [isStopping, setStopping] = useState(false);
  const words = texts.runs;
  if (summary.outcome === 'running')
    return (
      <div className="run-buttons">
        <Button
          variant="danger"
          icon="stop"
          isPending={isStopping || task?.stopping === true}
          onPress={() => {
            setStopping(true);
            void stopRun(client, summary.id);
          }}
          label={words.stop}
        >
          {isStopping || task?.stopping === true ? texts.work.stopping : words.stop}
        </Button>
        <p className="muted">{words.stopMeans}</p>
      </div>
    );
  return (
    <div className="run-buttons">
      {summary.canResume && (
        <Button
          variant="primary"
          icon="runs"
          isDisabled={Boolean(task)}
          onPress={() => void resume(client, summary.id)}
        >
          {words.resume}
        </Button>
      )}
      {summary.canUndo && (
        <Button
          icon="undo"
          isPending={isUndoing}
          onPress={() => {
            setUndoing(true);
            void undo(client, summary.id).finally(() => setUndoing(false));
          }}
        >
          {words.undo}
        </Button>
      )}
    </div>
  );
}
