/** The domain table, and signing staged for its rows. */
import type { Parsed } from '../../shared/contract.ts';
import type { DomainRow } from '../../shared/model.ts';
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
      scheme: wish.scheme ?? (wish.action === 'off' ? 'both' : 'dkim'),
      policy: wish.policy,
      adsp: wish.adsp,
      dmarc: wish.dmarc,
      graceHours: wish.graceHours ?? settings.graceHours,
    },
    engine.now(),
  );
  return { plan, refused: [...refused, ...plan.refused] };
}

function withoutPublicKeys(row: DomainRow): DomainRow {
  return row.keys.length === 0 ? row : { ...row, keys: row.keys.map(key => ({ ...key, publicKey: null })) };
}

export const domainHandlers: Handlers = {
  'domains.list': (engine, { server, publicKeys }) => {
    if (server !== undefined) serverConfig(engine, server);
    const rows = rowsOf(engine, server);
    return publicKeys ? rows : rows.map(withoutPublicKeys);
  },
  'signing.preview': (engine, wish) => previewAll(engine, staging(engine, wish)),
  'signing.stage': (engine, wish, context) => stageAll(engine, staging(engine, wish), wish.strict, context),
};
