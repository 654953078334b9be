import { EmptyState } from '../components/basics.tsx';
import { texts } from '../texts.ts';

/** The address has no token, or one that was used: only the host can give a new one. */
export function RefusedScreen() {
  return (
    <main>
      <h1 className="visually-hidden">{texts.appName}</h1>
      <EmptyState icon="lock" title={texts.connection.refused.title} text={texts.connection.refused.text} />
    </main>
  );
}
