import type { PlanView } from '../../../shared/contract.ts';
import type { Phase } from '../../../shared/model.ts';
import { phases } from '../../../shared/model.ts';
import { count } from '../../app/format.ts';
import { problemOf } from '../../app/toasts.ts';
import { ProblemList, ProblemNote } from '../../components/problem.tsx';
import { texts } from '../../texts.ts';
import { ManualRecords } from './manual-records.tsx';

interface Props {
  readonly plan: PlanView | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
}

/** The plan as a whole: which server does what, in which order, and what stands in the way. */
export function PlanOverview({ plan, error, isLoading }: Props) {
  const words = texts.pending.overview;
  return (
    <section className="page-scroll change-detail" aria-label={words.title} tabIndex={-1}>
      <header className="detail-header">
        <h2>{words.title}</h2>
        <p className="muted">{words.text}</p>
      </header>
      {Boolean(error) && <ProblemNote problem={problemOf(error)} />}
      {isLoading && <p className="muted">{texts.pending.detail.planning}</p>}
      {plan && (
        <>
          <ProblemList problems={plan.problems} />
          {plan.changes.length > 0 && <Order plan={plan} />}
          <ManualRecords records={plan.manual} />
        </>
      )}
    </section>
  );
}

function Order({ plan }: { readonly plan: PlanView }) {
  const used = phases.filter(phase => plan.changes.some(change => change.phase === phase));
  const servers = [...new Set(plan.changes.map(change => change.server))].sort();
  /** The number of domains; a change that is about none is about the server as a whole. */
  const partOf = (server: string, phase: Phase): string | null => {
    const changes = plan.changes.filter(change => change.server === server && change.phase === phase);
    if (changes.length === 0) return null;
    const domains = changes.reduce((sum, change) => sum + change.domains.length, 0);
    return domains > 0 ? count(domains) : texts.pending.overview.whole;
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
    <div className="order-scroller" role="group" aria-label={texts.pending.overview.order} tabIndex={0}>
      <table className="order">
        <caption>{texts.pending.overview.order}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.pending.overview.server}</th>
            {used.map(phase => (
              <th scope="col" key={phase} title={texts.phases[phase].means}>
                {texts.phases[phase].title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {servers.map(server => (
            <tr key={server}>
              <th scope="row">{server}</th>
              {used.map(phase => {
                const part = partOf(server, phase);
                return (
                  <td key={phase} className={part === null ? 'muted' : ''}>
                    {part ?? '–'}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
