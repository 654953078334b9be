/** Quitting while a run is under way: asked about first, for the run would be stopped at its next safe points. */
import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import type { RunningEngine } from '../../compose.ts';

const question = {
  type: 'question' as const,
  message: 'A run is under way.',
  detail:
    'Quitting stops it: what is under way on a server is finished or taken back, the rest stays pending. ' +
    'Resume brings it to its end later.',
  buttons: ['Stop the run and quit', 'Go on with the run'],
  defaultId: 1,
  cancelId: 1,
  noLink: true,
};

/** `show`: opens the window, where the last one was closed. */
export function askBeforeLeaving(engine: RunningEngine, show: () => BrowserWindow): void {
  const underWay = new Set<string>();
  engine.subscribe(event => {
    if (event.type !== 'run') return;
    if (event.event.type === 'run') underWay.add(event.event.run);
    if (event.event.type === 'done') underWay.delete(event.event.run);
  });
  let agreed = false;
  let asking = false;
  app.on('before-quit', event => {
    if (agreed || underWay.size === 0) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    void (async () => {
      const { response } = await dialog.showMessageBox(show(), question);
      asking = false;
      agreed = response === 0;
      if (agreed) app.quit();
    })();
  });
}
