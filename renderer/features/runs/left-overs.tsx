import { useMemo } from 'react';
import type { LeftOver } from '../../../shared/contract.ts';
import { address } from '../../app/router.ts';
import { Badge, More, Section } from '../../components/basics.tsx';
import { texts } from '../../texts.ts';
import { gatherLeftOvers } from './gather-left-overs.ts';

/** What a run has not done, by reason, and what to do next. */
export function LeftOvers({ left }: { readonly left: readonly LeftOver[] }) {
  const groups = useMemo(() => gatherLeftOvers(left), [left]);
  if (groups.length === 0) return null;
  return (
    <Section title={texts.runs.left}>
      <ul className="left-overs">
        {groups.map(group => (
          <li key={`${group.server} ${group.state} ${group.message}`} className="card">
            <p>
              <strong>{group.server}</strong> <Badge tone="warn">{texts.runs.changeStates[group.state]}</Badge>{' '}
              {group.message}
            </p>
            {group.hint && <p className="muted">{group.hint}</p>}
            <ul className="left-domains" aria-label={texts.runs.leftWith(group.domains.length)}>
              {group.isServer && (
                <li>
                  <a href={address('servers', group.server)}>{texts.intents['mail-settings']}</a>
                </li>
              )}
              <More items={group.domains} first={6}>
                {domain => (
                  <li key={domain}>
                    <a href={address('domains', group.server, domain)}>{domain}</a>
                  </li>
                )}
              </More>
            </ul>
          </li>
        ))}
      </ul>
    </Section>
  );
}
