import type { PendingRow, PlanView } from '../../../shared/contract.ts';
import type { Problem } from '../../../shared/problem.ts';
import { scan } from '../../app/actions.ts';
import { useClient, useEngine } from '../../app/engine.tsx';
import { ago, dateTime, until } from '../../app/format.ts';
import { useNow } from '../../app/now.ts';
import { address } from '../../app/router.ts';
import { problemOf } from '../../app/toasts.ts';
import { useWork } from '../../app/work.ts';
import { Button } from '../../components/button.tsx';
import { ProblemList, ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { isLater } from './pending-model.ts';
import { ManualRecords } from './manual-records.tsx';
import { StepList } from './step-list.tsx';

interface Props {
  readonly change: PendingRow;
  readonly isStale: boolean;
  readonly stale: Problem | null | undefined;
}

/** Exactly what one pending change will do: phase by phase, file by file, record by record. */
export function ChangeDetail({ change, isStale, stale }: Props) {
  const client = useClient();
  const now = useNow();
  const isScanning = useWork(work => Boolean(work.tasks.scan));
  const later = isLater(change, now);
  const plan = useEngine('plan.compute', later ? null : { only: [change.id], diffs: true });
  const words = texts.pending.detail;
  const subject = change.domain ?? texts.intents['mail-settings'];
  const basis = plan.data?.basis.find(fact => fact.server === change.server);
  return (
    <section className="page-scroll change-detail" aria-label={words.label(subject, change.server)} tabIndex={-1}>
      <header className="detail-header">
        <h2>
          {subject} <span className="muted">{words.on(change.server)}</span>
        </h2>
        <p>
          {texts.intents[change.intent]}: {change.summary}
        </p>
        <p className="muted">
          {words.staged(ago(change.createdAt, now))}
          {basis && `, ${words.basis(ago(basis.scannedAt, now))}`}
          {'. '}
          {change.domain === null ? (
            <a href={address('servers', change.server)}>{words.openServer}</a>
          ) : (
            <a href={address('domains', change.server, change.domain)}>{words.openDomain}</a>
          )}
        </p>
      </header>
      {isStale && (
        <div className="problem warning">
          <div className="problem-text">
            <p className="problem-message">{stale?.message ?? words.staleText}</p>
            <p className="problem-hint">{words.staleHint}</p>
            <div className="problem-actions">
              <Button icon="scan" isPending={isScanning} onPress={() => void scan(client, [change.server])}>
                {words.planAnew}
              </Button>
            </div>
          </div>
        </div>
      )}
      {later && (
        <p className="notice">{words.later(until(change.notBefore ?? '', now), dateTime(change.notBefore ?? ''))}</p>
      )}
      {plan.error && <ProblemNote problem={problemOf(plan.error)} />}
      {plan.isLoading && !later && <p className="muted">{words.planning}</p>}
      {plan.data && <PlanParts plan={plan.data} change={change} />}
    </section>
  );
}

function PlanParts({ plan, change }: { readonly plan: PlanView; readonly change: PendingRow }) {
  const words = texts.pending.detail;
  return (
    <>
      <ProblemList problems={plan.problems} />
      <ManualRecords records={plan.manual} />
      {plan.changes.length === 0 && plan.problems.length === 0 && <p className="notice">{words.nothing}</p>}
      {plan.changes.map(part => (
        <section key={part.id} className="plan-part" aria-label={texts.phases[part.phase].title}>
          <header className="plan-part-header">
            <h3>{texts.phases[part.phase].title}</h3>
            <span className="muted">
              {part.server === change.server ? texts.phases[part.phase].means : words.onServer(part.server)}
            </span>
          </header>
          {part.gates.map(gate => (
            <p key={gate.name} className="gate-line">
              {gate.external ? words.gateExternal(gate.name) : words.gate(gate.name)}
            </p>
          ))}
          <StepList steps={part.steps} fingerprints={change.fingerprints} />
          {part.probes.map(probe => (
            <p key={probe.domain} className="gate-line">
              {probe.unsigned
                ? words.probeUnsigned(probe.domain)
                : words.probe(probe.domain, probe.selectors.join(', '))}
            </p>
          ))}
        </section>
      ))}
    </>
  );
}
