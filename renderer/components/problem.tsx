import type { ReactNode } from 'react';
import type { Problem } from '../../shared/problem.ts';
import type { IconName } from './icon.tsx';
import { Icon } from './icon.tsx';
import './problem.css';

export const severityIcons: Readonly<Record<Problem['severity'], IconName>> = {
  info: 'info',
  warning: 'warning',
  stop: 'stop',
};

/** What happened, where, and what the admin can do. `children` are the buttons that do it. */
export function ProblemNote({ problem, children }: { readonly problem: Problem; readonly children?: ReactNode }) {
  const where = [problem.server, problem.domain, problem.file].filter(
    part => part !== undefined && !problem.message.includes(part),
  );
  return (
    <div className={`problem ${problem.severity}`}>
      <Icon name={severityIcons[problem.severity]} />
      <div className="problem-text">
        <p className="problem-message">
          {problem.message}
          {where.length > 0 && <span className="problem-where"> ({where.join(', ')})</span>}
        </p>
        {problem.hint && <p className="problem-hint">{problem.hint}</p>}
        {children && <div className="problem-actions">{children}</div>}
      </div>
      <code className="problem-code">{problem.code}</code>
    </div>
  );
}

export function ProblemList({ problems }: { readonly problems: readonly Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <ul className="problem-list">
      {problems.map((problem, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- problems have no identity, and the list is replaced whole
        <li key={`${problem.code} ${index}`}>
          <ProblemNote problem={problem} />
        </li>
      ))}
    </ul>
  );
}
