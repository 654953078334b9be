/** What a server as a whole does with mail: what it does now, and what of it each signer is to do. Pure. */
import type { MailSettings, MailSettingsIntent } from '../../shared/mail-settings.ts';
import type { ServerChange, PendingChange } from '../../shared/model.ts';
import { endsSigning } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Drivers, ServerFacts, SettingsWish, SignerDriver, SignerView } from '../drivers/api.ts';
import { inPath } from './fleet.ts';

const shown = 3;

/** What one signer is to do. Whoever stops signing goes in the last phase, whoever begins to do something in the first. */
export interface SettingsPart {
  readonly driver: SignerDriver;
  readonly wish: SettingsWish;
  readonly phase: 'prepare' | 'dismantle';
}

export interface SettingsGoal {
  readonly pending: ServerChange;
  readonly before: MailSettings;
  readonly after: MailSettings;
  readonly parts: readonly SettingsPart[];
}

type Outcome = { readonly goal: SettingsGoal } | { readonly refused: Problem };

function officeOf(view: SignerView): 'dkim' | 'domainkeys' {
  return view.can.includes('domainkeys') ? 'domainkeys' : 'dkim';
}

function maySign(facts: ServerFacts, view: SignerView): boolean {
  return view.allowsSigning !== false && view.unavailable === null && inPath(facts, view);
}

/** As the configuration says it; null: no mail server. Of several signers that verify, the strictest counts. */
export function mailSettingsOf(facts: ServerFacts): MailSettings | null {
  if (facts.mta === null) return null;
  const signing = facts.signers.filter(({ view }) => maySign(facts, view)).map(({ view }) => officeOf(view));
  const verifying = facts.signers
    .filter(({ view }) => view.verifiesIncoming && inPath(facts, view))
    .map(({ view }) => ({ failing: view.failing ?? ('tag' as const), policies: view.policies ?? false }))
    .sort((one, other) => Number(other.policies) - Number(one.policies));
  return {
    signing: [...new Set(signing)].sort(),
    verifying: verifying.find(({ failing }) => failing !== 'tag') ?? verifying[0] ?? null,
  };
}

/** What is to be, given what is. */
export function settingsAfter(before: MailSettings, intent: MailSettingsIntent): MailSettings {
  const { allowSigning, scheme, verifyIncoming, failing, policies } = intent;
  const schemes = scheme === 'both' ? (['dkim', 'domainkeys'] as const) : [scheme];
  const on = [...new Set([...before.signing, ...schemes])].sort();
  return {
    signing: allowSigning === null ? before.signing : allowSigning === 'on' ? on : [],
    verifying: verifyIncoming === null ? before.verifying : verifyIncoming === 'on' ? { failing, policies } : null,
  };
}

export function settingsGoal(
  drivers: Drivers,
  facts: ServerFacts | undefined,
  change: ServerChange,
  pending: readonly PendingChange[],
): Outcome {
  const { server, intent } = change;
  const stop = (code: string, message: string, hint: string): Outcome => ({
    refused: { code, message, hint, severity: 'stop', server },
  });
  if (facts === undefined) {
    return stop('not-scanned', `${server} has not been scanned yet.`, `Scan it: signet scan ${server}`);
  }
  if (facts.changedSince !== undefined) {
    return stop(
      'facts-outdated',
      `${server} was changed by run ${facts.changedSince}, and could not be read since.`,
      `Read it: signet scan ${server}`,
    );
  }
  const before = mailSettingsOf(facts);
  if (before === null) {
    return stop(
      'no-mta',
      `${server} has no mail server that Signet knows.`,
      'Mail settings are for servers that run Postfix.',
    );
  }
  if (intent.kind === 'undo' && intent.effect.settings === undefined) {
    return stop('nothing-to-undo', `${server}: the run changed no mail settings.`, 'Drop this change.');
  }
  const after = intent.kind === 'undo' ? (intent.effect.settings?.before ?? before) : settingsAfter(before, intent);
  const missing = missingDriver(drivers, after);
  if (missing !== null) return { refused: { ...missing, server } };
  const parts = partsOf(drivers, facts, before, after);
  for (const part of parts) {
    const signed = part.phase === 'dismantle' ? stillSigned(facts, part.driver, pending) : [];
    if (signed.length === 0 || part.wish.sign) continue;
    const rest = signed.length > shown ? ` and ${signed.length - shown} more` : '';
    return stop(
      'domains-signed',
      `${server}: mail of ${signed.slice(0, shown).join(', ')}${rest} is signed, and its signing is not switched off in this plan.`,
      `Switch it off in the same step: signet mail-settings ${server} --allow-signing off`,
    );
  }
  return { goal: { pending: change, before, after, parts } };
}

function missingDriver(drivers: Drivers, after: MailSettings): Problem | null {
  const able = drivers.signers.filter(driver => driver.settings !== undefined);
  const scheme = after.signing.find(wanted => !able.some(driver => driver.office?.signs === wanted));
  const judges = after.verifying?.policies === true ? 'policies' : 'signatures';
  const judge = after.verifying === null || able.some(driver => driver.office?.judges === judges);
  if (scheme === undefined && judge) return null;
  return {
    code: 'settings-unsupported',
    message: scheme === undefined ? `Nothing here verifies ${judges}.` : `Nothing here signs with ${scheme}.`,
    hint: 'See signet mail-settings --help for what there is.',
    severity: 'stop',
  };
}

function partsOf(
  drivers: Drivers,
  facts: ServerFacts,
  before: MailSettings,
  after: MailSettings,
): readonly SettingsPart[] {
  const judges = after.verifying?.policies === true ? 'policies' : 'signatures';
  return drivers.signers.flatMap((driver): readonly SettingsPart[] => {
    const { office } = driver;
    if (office === undefined || driver.settings === undefined) return [];
    const view = facts.signers.find(signer => signer.driver === driver.id)?.view ?? null;
    const does: SettingsWish = {
      sign: view !== null && maySign(facts, view),
      verify: view !== null && view.verifiesIncoming && inPath(facts, view) ? { failing: view.failing ?? 'tag' } : null,
    };
    const wish: SettingsWish = {
      sign: after.signing.includes(office.signs),
      verify: verifyWish(does, before, after, office.judges === judges),
    };
    if (JSON.stringify(wish) === JSON.stringify(does)) return [];
    const ends = (does.sign && !wish.sign) || (!wish.sign && wish.verify === null);
    return [{ driver, wish, phase: ends ? 'dismantle' : 'prepare' }];
  });
}

/** A signer that only notes what it finds may go on with it beside the one that is to verify: nobody is judged twice. */
function verifyWish(
  does: SettingsWish,
  before: MailSettings,
  after: MailSettings,
  isJudge: boolean,
): SettingsWish['verify'] {
  if (after.verifying === null) return null;
  if (JSON.stringify(before.verifying) === JSON.stringify(after.verifying)) return does.verify;
  if (isJudge) return { failing: after.verifying.failing };
  return does.verify?.failing === 'tag' ? does.verify : null;
}

/** Domains that are signed by the signer, and that no pending change switches off. */
function stillSigned(facts: ServerFacts, driver: SignerDriver, pending: readonly PendingChange[]): readonly string[] {
  const view = facts.signers.find(signer => signer.driver === driver.id)?.view;
  const ending = new Set(
    pending
      .filter(
        ({ server, intent }) =>
          server === facts.server &&
          (endsSigning(intent) ||
            (intent.kind === 'undo' &&
              intent.effect.selectors !== null &&
              intent.effect.selectors.before.length === 0)),
      )
      .map(({ domain }) => domain),
  );
  const named = Object.entries(view?.signs ?? {}).flatMap(([domain, selectors]) =>
    selectors.length > 0 && !ending.has(domain) ? [domain] : [],
  );
  return [...named, ...((view?.signsOthers ?? []).length > 0 ? ['every other domain'] : [])];
}
