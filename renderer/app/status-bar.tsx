import { Progress } from '../components/basics.tsx';
import { Button } from '../components/button.tsx';
import { texts } from '../texts.ts';
import { useConnection, useServers } from './engine.tsx';
import { fleetSummary } from './fleet.ts';
import { useNow } from './now.ts';
import { go } from './router.ts';
import type { WorkKind } from './work.ts';
import { useWork } from './work.ts';

const kinds: readonly WorkKind[] = ['run', 'scan', 'verify'];

/** The state of the fleet in one line, and the work under way, which can be stopped from any screen. */
export function StatusBar() {
  const { servers, isLoading } = useServers();
  const connection = useConnection();
  const now = useNow();
  const summary = fleetSummary(servers, now);
  const tone = connection === 'lost' ? 'bad' : summary.unreachable > 0 ? 'warn' : servers.length > 0 ? 'good' : '';
  return (
    <footer className="status-bar">
      <span role="status" aria-label={texts.frame.fleetStatus}>
        <span className={`status-dot ${tone}`} />
        {connection === 'lost' ? texts.connection.short : isLoading ? texts.loading : summary.text}
      </span>
      {kinds.map(kind => (
        <WorkLine key={kind} kind={kind} />
      ))}
    </footer>
  );
}

function WorkLine({ kind }: { readonly kind: WorkKind }) {
  const task = useWork(work => work.tasks[kind]);
  const scans = useWork(work => work.scans);
  if (!task) return null;
  const done = [...scans.values()].filter(state => state !== 'started').length;
  return (
    <span className="status-work">
      <span>{task.stopping ? texts.work.stopping : texts.work.under[kind]}</span>
      {kind === 'scan' && <Progress label={texts.work.under.scan} value={done} max={scans.size} />}
      {kind === 'run' ? (
        <Button variant="quiet" onPress={() => go('runs')}>
          {texts.work.watch}
        </Button>
      ) : (
        <Button variant="quiet" isDisabled={task.stopping} onPress={task.stop} label={texts.work.stopThis[kind]}>
          {texts.work.stop}
        </Button>
      )}
    </span>
  );
}
