import { useMemo, useState } from 'react';
import type { PendingRow, PlanView } from '../../../shared/contract.ts';
import { useClient, useDomains, useEngine, usePending, useRuns, useServers } from '../../app/engine.tsx';
import { useNow } from '../../app/now.ts';
import { go, useRoute } from '../../app/router.ts';
import { useShortcut } from '../../app/shortcuts.ts';
import { problemOf } from '../../app/toasts.ts';
import { useWork } from '../../app/work.ts';
import { EmptyState, PageHeader } from '../../components/basics.tsx';
import { Button } from '../../components/button.tsx';
import { ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { ApplyDialog } from './apply-dialog.tsx';
import { ChangeDetail } from './change-detail.tsx';
import { DropButton } from './drop-button.tsx';
import { ExportDialog, ImportDialog } from './exchange-dialogs.tsx';
import { isLater, stalePending } from './pending-model.ts';
import { PendingTree } from './pending-tree.tsx';
import { usePendingView } from './pending-view.ts';
import { PlanOverview } from './plan-overview.tsx';
import './pending.css';

type Opened = 'apply' | 'export' | 'import' | null;

export function PendingScreen() {
  const client = useClient();
  const query = usePending();
  const { pending } = query;
  const { leftOut } = usePendingView();
  const { servers } = useServers();
  const { open } = useRoute();
  const now = useNow();
  const [opened, setOpened] = useState<Opened>(null);
  const isRunning = useWork(work => Boolean(work.tasks.run));
  const lastRun = useRuns().runs[0];
  const record = useEngine('runs.show', lastRun && lastRun.outcome !== 'applied' ? { id: lastRun.id } : null).data;
  const stale = useMemo(
    () => stalePending(record, new Map(servers.map(server => [server.name, server.lastScan]))),
    [record, servers],
  );
  const out = useMemo(
    () => pending.filter(change => leftOut.has(change.id)).map(change => change.id),
    [pending, leftOut],
  );
  const ready = pending.filter(change => !leftOut.has(change.id) && !isLater(change, now));
  const plan = useEngine('plan.compute', ready.length > 0 ? { leaveOut: out } : null, true);
  const applies = new Set(ready.map(change => change.server)).size;
  const selected = pending.find(change => change.id === open[0]) ?? null;
  const canApply = ready.length > 0 && plan.data !== undefined && !isRunning;
  // what is asked about is the plan of what is chosen now, never the one before: it may take a moment
  const [reviewed, setReviewed] = useState<PlanView | null>(null);
  const isPresent = !plan.isPlaceholderData && !plan.isFetching;
  if (opened === 'apply' && reviewed === null && plan.data && isPresent) setReviewed(plan.data);
  const close = () => {
    setOpened(null);
    setReviewed(null);
  };
  useShortcut('a', () => {
    if (canApply) setOpened('apply');
  });

  return (
    <div className="page list-page">
      <PageHeader title={texts.screens.pending} note={note(pending, out.length)}>
        <Button icon="import" onPress={() => setOpened('import')}>
          {texts.pending.import}
        </Button>
        <Button icon="export" isDisabled={pending.length === 0} onPress={() => setOpened('export')}>
          {texts.pending.export}
        </Button>
        <DropButton pending={pending} out={leftOut} />
        <Button variant="primary" isDisabled={!canApply} onPress={() => setOpened('apply')} label={texts.pending.apply}>
          {texts.pending.applyTo(applies)}
        </Button>
      </PageHeader>
      <div className="page-body">
        {query.error && <ProblemNote problem={problemOf(query.error)} />}
        {pending.length === 0 && !query.isLoading && !query.error && (
          <EmptyState icon="pending" {...texts.pending.empty}>
            <NextStep />
          </EmptyState>
        )}
        {pending.length > 0 && (
          <>
            <PendingTree pending={pending} stale={stale} openId={selected?.id ?? null} now={now} />
            {selected ? (
              <ChangeDetail
                key={selected.id}
                change={selected}
                stale={stale.get(selected.id)}
                isStale={stale.has(selected.id)}
              />
            ) : (
              <PlanOverview plan={plan.data} error={plan.error} isLoading={plan.isLoading} />
            )}
          </>
        )}
      </div>
      {reviewed && <ApplyDialog client={client} plan={reviewed} leaveOut={out} onClose={close} />}
      {opened === 'export' && <ExportDialog count={pending.length} onClose={close} />}
      {opened === 'import' && <ImportDialog onClose={close} />}
    </div>
  );
}

function note(pending: readonly PendingRow[], out: number): string | null {
  if (pending.length === 0) return null;
  return out > 0 ? texts.pending.noteOut(pending.length, out) : texts.pending.note(pending.length);
}

function NextStep() {
  const { rows } = useDomains();
  return (
    <Button variant="primary" onPress={() => go('domains')}>
      {rows.length > 0 ? texts.pending.chooseDomains : texts.pending.toDomains}
    </Button>
  );
}
