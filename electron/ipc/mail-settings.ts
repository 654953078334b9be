/** Mail settings of a server, staged with what they take along. */
import { randomUUID } from 'node:crypto';
import type { Parsed, StageResult } from '../../shared/contract.ts';
import type { PendingChange } from '../../shared/model.ts';
import { stageSettings } from '../planning/stage-settings.ts';
import type { Engine, Handlers } from './engine.ts';
import { rowsOf } from './rows.ts';
import { pendingRow, planningContext, serverConfig } from './views.ts';

type Wish = Parsed<'mailSettings.stage'>;

function staging(engine: Engine, wish: Wish, idOf: () => string) {
  serverConfig(engine, wish.server);
  const createdAt = engine.now().toISOString();
  const plan = stageSettings(
    planningContext(engine),
    rowsOf(engine, wish.server),
    engine.store.pending.list(),
    { ...wish, graceHours: wish.graceHours ?? engine.store.settings.get().graceHours },
    engine.now(),
  );
  const offs = plan.additions.flatMap(({ domain, server, intent }): readonly PendingChange[] =>
    intent.kind === 'signing-off' ? [{ id: idOf(), domain, server, createdAt, intent }] : [],
  );
  const own: readonly PendingChange[] =
    plan.intent === null ? [] : [{ id: idOf(), domain: null, server: wish.server, createdAt, intent: plan.intent }];
  const put = [...own, ...offs];
  const result: StageResult = {
    staged: put.map(pendingRow),
    cancelled: plan.cancelled.map(({ domain, server }) => ({ domain, server })),
    unchanged: plan.unchanged,
    refused: plan.refused,
    keys: 0,
  };
  return { put, drops: plan.drops, result };
}

export const mailSettingsHandlers: Handlers = {
  'mailSettings.preview': (engine, wish) => staging(engine, wish, () => '').result,
  'mailSettings.stage': (engine, wish) => {
    const { put, drops, result } = staging(engine, wish, randomUUID);
    if (put.length > 0 || drops.length > 0) {
      engine.store.pending.edit({ drop: drops, put });
      engine.emit({ type: 'changed', what: 'pending' });
    }
    return result;
  },
};
