import type { ReactNode } from 'react';
import { useState } from 'react';
import { tooltipContainer } from '../components/button.tsx';
import { Icon } from '../components/icon.tsx';
import type { IconName } from '../components/icon.tsx';
import { Toasts } from '../components/toast-list.tsx';
import { texts } from '../texts.ts';
import { CommandPalette } from './command-palette.tsx';
import { useConnection, usePending } from './engine.tsx';
import { count } from './format.ts';
import { address, screens, useRoute } from './router.ts';
import type { Screen } from './router.ts';
import { ShortcutList } from './shortcut-list.tsx';
import { useFrameShortcuts } from './shortcuts.ts';
import { StatusBar } from './status-bar.tsx';
import { useWork } from './work.ts';
import './frame.css';

const icons: Readonly<Record<Screen, IconName>> = {
  domains: 'domains',
  servers: 'servers',
  pending: 'pending',
  runs: 'runs',
  keys: 'keys',
  settings: 'settings',
};

type Overlay = 'palette' | 'shortcuts' | null;

export function Frame({ children }: { readonly children: ReactNode }) {
  const [overlay, setOverlay] = useState<Overlay>(null);
  useFrameShortcuts({ openPalette: () => setOverlay('palette'), openShortcuts: () => setOverlay('shortcuts') });
  const connection = useConnection();
  return (
    <div className="frame">
      <a className="skip" href="#main" onClick={event => skip(event)}>
        {texts.frame.skip}
      </a>
      <Sidebar openPalette={() => setOverlay('palette')} openShortcuts={() => setOverlay('shortcuts')} />
      <main className="main" id="main" tabIndex={-1}>
        {connection === 'lost' && (
          <p className="connection-lost" role="alert">
            <Icon name="warning" /> {texts.connection.reconnecting}
          </p>
        )}
        {children}
        <div id={tooltipContainer} />
      </main>
      <StatusBar />
      <Toasts />
      {overlay === 'palette' && (
        <CommandPalette onClose={() => setOverlay(null)} openShortcuts={() => setOverlay('shortcuts')} />
      )}
      {overlay === 'shortcuts' && <ShortcutList onClose={() => setOverlay(null)} />}
    </div>
  );
}

// The address holds the screen, so that this link must not change it.
function skip(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Sidebar(props: { readonly openPalette: () => void; readonly openShortcuts: () => void }) {
  const { screen } = useRoute();
  const { pending } = usePending();
  const isRunning = useWork(work => Boolean(work.tasks.run));
  return (
    <header className="sidebar">
      <div className="brand">
        <Seal />
        <span>{texts.appName}</span>
      </div>
      <button type="button" className="palette-button" onClick={props.openPalette}>
        <Icon name="search" />
        <span>{texts.frame.commands}</span>
        <kbd>{texts.keys.command}</kbd>
      </button>
      <nav aria-label={texts.frame.navigation}>
        <ul>
          {screens.map(name => (
            <li key={name}>
              <a href={address(name)} className="nav-link" aria-current={screen === name ? 'page' : undefined}>
                <Icon name={icons[name]} />
                <span>{texts.screens[name]}</span>
                {name === 'pending' && pending.length > 0 && <span className="nav-count">{count(pending.length)}</span>}
                {name === 'runs' && isRunning && <span className="nav-running">{texts.frame.running}</span>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <button type="button" className="sidebar-foot" onClick={props.openShortcuts}>
        {texts.frame.shortcuts} <kbd>?</kbd>
      </button>
    </header>
  );
}

function Seal() {
  return (
    <svg className="seal" viewBox="0 0 20 20" aria-hidden="true">
      <rect className="seal-ground" width="20" height="20" rx="4.5" />
      <path className="seal-letter" d="M4.800 6.200h10.400v7.300H4.800zM5 6.400l5 4 5-4" />
      <circle className="seal-wax" cx="14.200" cy="13.200" r="3.600" />
    </svg>
  );
}
