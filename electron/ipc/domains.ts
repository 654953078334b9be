/** The domain table, and signing staged for its rows. */
import type { Parsed } from '../../shared/contract.ts';
import { isDomainChange } from '../../shared/model.ts';
import { stage } from '../planning/stage.ts';
import type { Engine, Handlers } from './engine.ts';
import { rowsOf } from './rows.ts';
import type { Staging } from './staging.ts';
import { previewAll, stageAll, targeted } from './staging.ts';
import { planningContext, serverConfig } from './views.ts';

function staging(engine: Engine, wish: Parsed<'signing.stage'>): Staging {
  const { rows, refused } = targeted(engine, wish);
  const settings = engine.store.settings.get();
  const plan = stage(
    planningContext(engine),
    rows,
    engine.store.pending.list().filter(isDomainChange),
    {
      action: wish.action,
      key: wish.key ?? settings.keySpec,
      selector: wish.selector,
      scheme: wish.scheme,
      policy: wish.policy,
      dmarc: wish.dmarc,
      graceHours: wish.graceHours ?? settings.graceHours,
    },
    engine.now(),
  );
  return { plan, refused: [...refused, ...plan.refused] };
}

export const domainHandlers: Handlers = {
  'domains.list': (engine, { server }) => {
    if (server !== undefined) serverConfig(engine, server);
    return rowsOf(engine, server);
  },
  'signing.preview': (engine, wish) => previewAll(engine, staging(engine, wish)),
  'signing.stage': (engine, wish, context) => stageAll(engine, staging(engine, wish), wish.strict, context),
};
