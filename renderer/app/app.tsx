import { useEffect } from 'react';
import { DomainsScreen } from '../features/domains/domains-screen.tsx';
import { KeysScreen } from '../features/keys/keys-screen.tsx';
import { PendingScreen } from '../features/pending/pending-screen.tsx';
import { RunsScreen } from '../features/runs/runs-screen.tsx';
import { ServersScreen } from '../features/servers/servers-screen.tsx';
import { SettingsScreen } from '../features/settings/settings-screen.tsx';
import { assertNever } from '../../shared/assert.ts';
import { useConnection, useEngine } from './engine.tsx';
import { Frame } from './frame.tsx';
import type { Screen } from './router.ts';
import { useRoute } from './router.ts';
import { RefusedScreen } from './refused-screen.tsx';
import { applyTheme } from './theme.ts';

function ScreenOf({ screen }: { readonly screen: Screen }) {
  switch (screen) {
    case 'domains':
      return <DomainsScreen />;
    case 'servers':
      return <ServersScreen />;
    case 'pending':
      return <PendingScreen />;
    case 'runs':
      return <RunsScreen />;
    case 'keys':
      return <KeysScreen />;
    case 'settings':
      return <SettingsScreen />;
    default:
      return assertNever(screen);
  }
}

export function App() {
  const { screen } = useRoute();
  const connection = useConnection();
  const settings = useEngine('settings.get', {}).data;
  useEffect(() => {
    if (settings) applyTheme(settings.theme);
  }, [settings]);
  if (connection === 'refused') return <RefusedScreen />;
  return (
    <Frame>
      <ScreenOf screen={screen} />
    </Frame>
  );
}
