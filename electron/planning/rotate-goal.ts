/** New keys for a signed domain: published, gated, switched to; the old ones retired after a while, or revoked at once. Pure. */
import { keyRecord } from '../../shared/dkim/key-record.ts';
import type { Gate, DomainChange, RecordEffect, RotateIntent } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Signing } from './fleet.ts';
import { signedWith } from './fleet.ts';
import type { GoalOutcome, PlanningContext } from './goals.ts';
import type { Location } from './location.ts';
import { keyPublication, mailUnderWay, revocation, unpublication } from './publication.ts';

type Fail = { readonly refused: Problem };

/** `signer`: null on a server that only holds a record of a compromised key. */
export function rotateGoal(
  context: PlanningContext,
  pending: DomainChange,
  intent: RotateIntent,
  signer: Signing | null,
  location: Location,
): GoalOutcome {
  const { domain } = pending;
  const now = signer === null ? [] : signedWith(signer, domain);
  const switched = selectorsAfter(context, pending, intent, now);
  if ('refused' in switched) return switched;
  const records: RecordEffect[] = [];
  const gates: Gate[] = [];
  const problems: Problem[] = [];
  for (const key of intent.keys) {
    const outcome = keyPublication(context, pending, location, key.selector, keyRecord(key), key.scheme);
    if ('refused' in outcome) return outcome;
    if (outcome.record !== null) records.push(outcome.record);
    if (outcome.problem !== null) problems.push(outcome.problem);
    gates.push(outcome.gate);
  }
  const left =
    intent.compromised.length === 0
      ? retired(context, pending, intent, location)
      : revoked(context, pending, intent, signer, location);
  if ('refused' in left) return left;
  const rotates = intent.replaces.length > 0;
  return {
    goal: {
      pending,
      location,
      records: [...records, ...left.records],
      installs: intent.keys,
      selectors: rotates ? { before: now, after: switched.after } : null,
      removals: left.removals,
      gates,
      policyGates: [],
      probe: rotates ? { domain, selectors: switched.after } : null,
      retire: left.retire,
      problems: [...problems, ...left.problems],
    },
  };
}

/** What the domain will be signed with: what it is signed with now, the new keys in the place of those that they replace. */
function selectorsAfter(
  context: PlanningContext,
  { domain, server }: DomainChange,
  { keys, replaces, compromised }: RotateIntent,
  now: readonly string[],
): { readonly after: readonly string[] } | Fail {
  const fresh = keys.map(key => key.selector);
  const open = replaces.filter(selector => now.includes(selector));
  const where = { severity: 'stop' as const, domain, server };
  if (replaces.length > 0 && open.length === 0 && !fresh.every(selector => now.includes(selector))) {
    return {
      refused: {
        code: 'changed-since-staged',
        message: `${domain} on ${server} is signed with ${now.join(', ') || 'nothing'} now, and no longer with ${replaces.join(', ')}.`,
        hint: 'Drop this change, and rotate anew if you still want to.',
        ...where,
      },
    };
  }
  const leaving = new Set([...open, ...compromised.map(key => key.selector)]);
  const shared = [...leaving].find(selector => context.signedElsewhere(domain, server, selector));
  if (shared !== undefined) {
    return {
      refused: {
        code: 'key-shared',
        message: `${domain}: another server signs with the key ${shared} of ${server} too, and no change for it is in the plan.`,
        hint: `Rotate both in one step: signet rotate ${domain}`,
        ...where,
      },
    };
  }
  if (open.length === 0) return { after: now };
  return { after: [...now.filter(selector => !leaving.has(selector) && !fresh.includes(selector)), ...fresh] };
}

interface Left {
  readonly records: readonly RecordEffect[];
  readonly removals: readonly string[];
  readonly retire: readonly { readonly selector: string; readonly graceHours: number }[];
  readonly problems: readonly Problem[];
}

/** Old keys of ours go: after the grace time as due tasks, or in this plan. Those of others are named, and stay (law 5). */
function retired(
  context: PlanningContext,
  pending: DomainChange,
  { replaces, graceHours }: RotateIntent,
  location: Location,
): Left | Fail {
  const { domain, server } = pending;
  const ours = replaces.filter(selector => context.managed(domain, server, selector));
  const problems = replaces
    .filter(selector => !ours.includes(selector))
    .map(selector => notOurs(pending, selector, 'and its record stays served'));
  if (graceHours > 0) {
    return { records: [], removals: [], retire: ours.map(selector => ({ selector, graceHours })), problems };
  }
  const records: RecordEffect[] = [];
  for (const selector of ours) {
    const outcome = unpublication(context, location, pending, selector);
    if ('refused' in outcome) return outcome;
    if (outcome.record !== null) records.push(outcome.record);
  }
  if (ours.length > 0) problems.push(mailUnderWay(pending, `with ${ours.join(', ')}`));
  return { records, removals: ours, retire: [], problems };
}

/** Compromised keys: their records say so at once and for ever; the private halves of ours go. */
function revoked(
  context: PlanningContext,
  pending: DomainChange,
  { compromised }: RotateIntent,
  signer: Signing | null,
  location: Location,
): Left | Fail {
  const { domain, server } = pending;
  const records: RecordEffect[] = [];
  const removals: string[] = [];
  const problems = [mailUnderWay(pending, `with ${compromised.map(key => key.selector).join(', ')}`)];
  for (const key of compromised) {
    const outcome = revocation(context, location, pending, key);
    if ('refused' in outcome) return outcome;
    if (outcome.record !== null) records.push(outcome.record);
    const there = signer?.keys.some(one => one.domain === domain && one.selector === key.selector) === true;
    if (there && context.managed(domain, server, key.selector)) removals.push(key.selector);
    else if (there) problems.push(notOurs(pending, key.selector, 'although its record is revoked'));
  }
  return { records, removals, retire: [], problems };
}

function notOurs({ domain, server }: DomainChange, selector: string, also: string): Problem {
  return {
    code: 'key-not-ours',
    message: `${domain} on ${server}: Signet neither made nor adopted the key ${selector}: it is not removed, ${also}.`,
    hint: 'Remove it by hand once no mail under way needs it.',
    severity: 'info',
    domain,
    server,
  };
}
