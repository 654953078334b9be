/** What takes back the effect of a run on one domain. Pure. Undo is a plan like any other, in the order of law 2. */
import { keyRecord } from '../../shared/dkim/key-record.ts';
import type { Gate, DomainChange, RecordEffect, UndoIntent } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { keyPublication, mailUnderWay, policyGates } from './publication.ts';
import type { Signing } from './fleet.ts';
import { sameSelectors as same, signedWith } from './fleet.ts';
import type { GoalOutcome, PlanningContext } from './goals.ts';
import type { Location } from './location.ts';
import { presentAt } from './location.ts';

/** A record is taken back in the phase that mirrors its own: what was published last goes first. */
const mirrored: Readonly<Record<RecordEffect['phase'], RecordEffect['phase']>> = {
  withdraw: 'policy',
  publish: 'unpublish',
  policy: 'withdraw',
  unpublish: 'publish',
};

export function undoGoal(
  context: PlanningContext,
  pending: DomainChange,
  intent: UndoIntent,
  signer: Signing,
  location: Location,
): GoalOutcome {
  const { domain, server } = pending;
  const { effect } = intent;
  const stop = (code: string, message: string, hint: string): { readonly refused: Problem } => ({
    refused: { code, message, hint, severity: 'stop', domain, server },
  });
  const now = signedWith(signer, domain);
  if (effect.selectors !== null && !same(now, effect.selectors.after) && !same(now, effect.selectors.before)) {
    return stop(
      'changed-since-run',
      `${domain} on ${server} is signed with ${now.join(', ') || 'nothing'} now; the run left ${effect.selectors.after.join(', ') || 'nothing'}.`,
      'What came after the run is kept: drop this change, and switch signing as you want it.',
    );
  }
  const [revoked] = effect.revoked ?? [];
  if (revoked !== undefined) {
    return stop(
      'key-revoked',
      `${domain} on ${server}: the run revoked the key ${revoked}, which somebody else has: it never signs again.`,
      'Rotate once more if the new key is not wanted.',
    );
  }
  if (effect.removed.length > 0) {
    return stop(
      'key-retired',
      `${domain} on ${server}: the run removed the private key of ${effect.removed.join(', ')}; the laptop never had it.`,
      'Switch signing on with a new key instead.',
    );
  }
  const keep = intent.graceHours > 0;
  const records: RecordEffect[] = [];
  for (const record of effect.records) {
    const phase = mirrored[record.phase];
    if (phase === 'unpublish' && keep) continue;
    const present = presentAt(context.fleet, location, record.name, server);
    if ('problem' in present) return { refused: { ...present.problem, domain } };
    if (sameValues(present.rrset, record.before)) continue;
    if (!sameValues(present.rrset, record.after)) {
      return stop(
        'changed-since-run',
        `${record.name} was changed after the run: it is not what the run left there.`,
        'What came after the run is kept: drop this change, and edit the record as you want it.',
      );
    }
    records.push({
      phase,
      server: location.kind === 'managed' ? location.server : null,
      zone: location.zone,
      name: record.name,
      before: present.rrset,
      after: record.before,
    });
  }
  const gates: Gate[] = [...policyGates(records, pending, location)];
  const back = effect.selectors?.before ?? [];
  for (const selector of back) {
    const key = signer.keys.find(candidate => candidate.domain === domain && candidate.selector === selector);
    if (key === undefined || key.publicKey === null || key.algorithm === 'unknown') {
      return stop(
        'key-gone',
        `${domain} on ${server}: the key ${selector}, which signed before the run, is not there any more.`,
        'Switch signing on with a new key instead.',
      );
    }
    const record = keyRecord({ algorithm: key.algorithm, publicKey: key.publicKey });
    const outcome = keyPublication(context, pending, location, selector, record, key.scheme);
    if ('refused' in outcome) return outcome;
    const restored = records.some(candidate => candidate.name === outcome.gate.name);
    if (outcome.record !== null && !restored) records.push(outcome.record);
    gates.push(outcome.gate);
  }
  const installed = effect.installed.map(key => key.selector);
  const switched = effect.selectors !== null && !same(now, effect.selectors.before);
  return {
    goal: {
      pending,
      location,
      records,
      installs: [],
      selectors: switched ? { before: now, after: back } : null,
      removals: keep ? [] : installed,
      gates,
      policyGates: [],
      probe: switched ? { domain, selectors: back, ...(back.length === 0 ? { unsigned: true } : {}) } : null,
      retire: keep ? installed.map(selector => ({ selector, graceHours: intent.graceHours })) : [],
      problems: keep || !switched || installed.length === 0 ? [] : [mailUnderWay(pending, 'since the run')],
    },
  };
}

function sameValues(one: { readonly values: readonly string[] } | null, other: typeof one): boolean {
  return JSON.stringify(one?.values ?? null) === JSON.stringify(other?.values ?? null);
}
