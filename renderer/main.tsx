import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { I18nProvider } from 'react-aria-components';
import { App } from './app/app.tsx';
import { EngineProvider } from './app/engine.tsx';
import { applyTheme } from './app/theme.ts';
import { createClient } from './client.ts';
import './app/tokens.css';
import './app/base.css';

applyTheme();
const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <I18nProvider locale="en-GB">
        <EngineProvider client={createClient()}>
          <App />
        </EngineProvider>
      </I18nProvider>
    </StrictMode>,
  );
