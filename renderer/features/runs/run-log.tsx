import { useEffect, useRef } from 'react';
import type { RunEvent } from '../../../shared/run.ts';
import { texts } from '../../texts.ts';
import { logLine } from './run-view.ts';

const kept = 2000;

/** What happened, line by line; it follows the end unless one has scrolled up to read. */
export function RunLog({ events }: { readonly events: readonly RunEvent[] }) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element && follows.current) element.scrollTop = element.scrollHeight;
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- new events are the reason to scroll
  }, [events]);
  const lines = events.slice(-kept);
  return (
    <div
      ref={box}
      className="run-log"
      role="log"
      aria-label={texts.runs.log}
      aria-live="off"
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={event => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {lines.length === 0 && <p>{texts.runs.noLog}</p>}
      {lines.map((event, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- the log only grows
        <p key={index}>
          <time dateTime={event.at}>{event.at.slice(11, 19)}</time> {logLine(event)}
        </p>
      ))}
    </div>
  );
}
