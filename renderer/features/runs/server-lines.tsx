import { useSeconds } from '../../app/now.ts';
import { Progress } from '../../components/basics.tsx';
import type { Tone } from '../../components/basics.tsx';
import type { IconName } from '../../components/icon.tsx';
import { Icon } from '../../components/icon.tsx';
import { texts } from '../../texts.ts';
import type { ServerProgress, ServerState } from './run-view.ts';

const looks: Readonly<Record<ServerState, readonly [Tone, IconName]>> = {
  waiting: ['neutral', 'clock'],
  working: ['accent', 'runs'],
  gate: ['warn', 'clock'],
  done: ['good', 'check'],
  failed: ['bad', 'cross'],
  'rolled-back': ['warn', 'undo'],
  stale: ['warn', 'warning'],
  skipped: ['neutral', 'dash'],
  unknown: ['warn', 'question'],
};

/** A row per server: its phase, its bar, and what it is doing or waiting for. */
export function ServerLines(props: { readonly servers: readonly ServerProgress[]; readonly isLive: boolean }) {
  const isWaiting = props.servers.some(server => server.gate?.retryInSeconds !== undefined);
  const now = useSeconds(isWaiting);
  return (
    <ul className={`server-lines ${props.isLive ? 'live' : ''}`} aria-label={texts.runs.servers}>
      {props.servers.map(server => (
        <li key={server.server} className={`server-progress ${server.state}`}>
          <Icon name={looks[server.state][1]} />
          <strong>{server.server}</strong>
          <span className="server-phase">
            {texts.runs.states[server.state]}
            {server.phase && server.state !== 'done' && `: ${texts.phases[server.phase].title}`}
          </span>
          <span className="server-bar">
            <Progress
              label={texts.runs.progressOf(server.server)}
              value={server.done}
              max={server.total}
              tone={looks[server.state][0]}
            />
          </span>
          <span className="server-count">{texts.progress(server.done, server.total)}</span>
          <span className="server-message">{messageOf(server, now)}</span>
        </li>
      ))}
    </ul>
  );
}

function messageOf(server: ServerProgress, now: number): string {
  const { gate } = server;
  if (!gate) return server.state === 'done' ? '' : (server.message ?? '');
  if (gate.retryInSeconds === undefined) return gate.message;
  const left = Math.max(0, Math.ceil((Date.parse(gate.at) + gate.retryInSeconds * 1000 - now) / 1000));
  return `${gate.message}; ${left > 0 ? texts.runs.retryIn(left) : texts.runs.retryNow}`;
}
