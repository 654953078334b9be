/** Rotations staged for rows of the table, or for every place of a compromised key. */
import type { Parsed } from '../../shared/contract.ts';
import { isDomainChange } from '../../shared/model.ts';
import { refused, usage } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import { findKey, stageCompromised } from '../planning/compromised.ts';
import { stageRotation } from '../planning/rotate.ts';
import { publicKeyFingerprint } from '../store/fingerprint.ts';
import type { Engine, Handlers } from './engine.ts';
import { rowsOf } from './rows.ts';
import type { Staging } from './staging.ts';
import { previewAll, stageAll, targeted } from './staging.ts';
import { planningContext } from './views.ts';

type Wish = Parsed<'rotate.stage'>;

function staging(engine: Engine, wish: Wish): Staging {
  const graceHours = wish.graceHours ?? engine.store.settings.get().graceHours;
  const rotation = { key: wish.key ?? null, graceHours };
  if (wish.compromised !== undefined) return stagingCompromised(engine, wish, wish.compromised);
  const { rows, refused: unknown } = targeted(engine, wish);
  const plan = stageRotation(
    planningContext(engine),
    rows,
    engine.store.pending.list().filter(isDomainChange).filter(isDomainChange),
    rotation,
    engine.now(),
  );
  return { plan, refused: [...unknown, ...plan.refused] };
}

function stagingCompromised(engine: Engine, wish: Wish, named: string): Staging {
  if (wish.targets !== 'all' || wish.server !== undefined || (wish.graceHours ?? 0) > 0) {
    throw usage(
      'compromised-everywhere',
      'A compromised key goes from every server and zone at once.',
      'Name neither domains nor a server, and no grace time.',
    );
  }
  const context = planningContext(engine);
  const found = findKey(context.fleet, withoutColons(named), publicKeyFingerprint);
  if (found.length === 0) {
    throw refused(
      'unknown-key',
      `No server and no zone that Signet has scanned holds the key ${printable(named, 120)}.`,
      'Give the SHA-256 of its public key (64 hex digits), or a record that holds it: SELECTOR._domainkey.DOMAIN.',
    );
  }
  const rotation = { key: wish.key ?? null, graceHours: 0 };
  const pending = engine.store.pending.list().filter(isDomainChange).filter(isDomainChange);
  const plan = stageCompromised(context, rowsOf(engine), pending, found, rotation, engine.now());
  return { plan, refused: plan.refused };
}

/** "12:ab:..." as other tools print it. */
function withoutColons(named: string): string {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/i.test(named) ? named.replaceAll(':', '') : named;
}

export const rotationHandlers: Handlers = {
  'rotate.preview': (engine, wish) => previewAll(engine, staging(engine, wish)),
  'rotate.stage': (engine, wish, context) => stageAll(engine, staging(engine, wish), wish.strict, context),
};
