/** From a pending change to its goal. Pure: one function a kind of intent. */
import { assertNever } from '../../shared/assert.ts';
import { keyRecord } from '../../shared/dkim/key-record.ts';
import type {
  Gate,
  DomainChange,
  KeyScheme,
  PolicyIntent,
  RecordEffect,
  RetireIntent,
  SigningOffIntent,
  SigningOnIntent,
} from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { ServerFacts } from '../drivers/api.ts';
import type { Signing } from './fleet.ts';
import { schemeUnavailable, signedWith, signingOf, signingUnavailable } from './fleet.ts';
import type { GoalOutcome, PlanningContext } from './goals.ts';
import type { Location } from './location.ts';
import { locate } from './location.ts';
import { isStrict, policyGoal } from './policies.ts';
import { keyPublication, policyGates, unpublication } from './publication.ts';
import { rotateGoal } from './rotate-goal.ts';
import { undoGoal } from './undo-goal.ts';

export function goalOf(context: PlanningContext, pending: DomainChange): GoalOutcome {
  const { domain, server, intent } = pending;
  const facts = context.fleet.servers.get(server);
  const where = { domain, server, severity: 'stop' as const };
  if (facts === undefined) {
    return {
      refused: {
        code: 'not-scanned',
        message: `${server} has not been scanned yet.`,
        hint: `Scan it: signet scan ${server}`,
        ...where,
      },
    };
  }
  const outdated = outdatedServer(context, facts, domain);
  if (outdated !== null) {
    return {
      refused: {
        code: 'facts-outdated',
        message: `${outdated} was changed by run ${context.fleet.servers.get(outdated)?.changedSince ?? ''}, and could not be read since.`,
        hint: `Read it: signet scan ${outdated}`,
        ...where,
      },
    };
  }
  const location = locate(context.fleet, domain, server);
  const broken =
    location.kind === 'broken' ? { refused: { ...location.reason, severity: 'stop' as const, domain } } : null;
  const signer = signingOf(facts);
  if (intent.kind === 'rotate' && intent.replaces.length === 0) {
    return broken ?? rotateGoal(context, pending, intent, signer, location);
  }
  if (signer === null) {
    return {
      refused: { ...(signingUnavailable(facts) ?? gone(pending)), domain },
    };
  }
  if (broken !== null) return broken;
  switch (intent.kind) {
    case 'signing-on':
      return signingOn(context, pending, intent, signer, location);
    case 'signing-off':
      return signingOff(context, pending, intent, signer, location);
    case 'policy':
      return policyOnly(context, pending, intent, signer, location);
    case 'rotate':
      return rotateGoal(context, pending, intent, signer, location);
    case 'retire':
      return retire(context, pending, intent, signer, location);
    case 'undo':
      return undoGoal(context, pending, intent, signer, location);
    default:
      return assertNever(intent);
  }
}

/** The mail server or the name server of a domain, if what is known of it is older than the last run there. */
function outdatedServer(context: PlanningContext, facts: ServerFacts, domain: string): string | null {
  if (facts.changedSince !== undefined) return facts.server;
  const location = locate(context.fleet, domain, facts.server);
  const server = location.kind === 'managed' ? location.server : facts.server;
  return context.fleet.servers.get(server)?.changedSince === undefined ? null : server;
}

function gone(pending: DomainChange): Problem {
  return {
    code: 'no-signer',
    message: `${pending.server} has no signer any more.`,
    hint: 'Scan it again, or drop the pending change.',
    severity: 'stop',
  };
}

const empty = {
  records: [],
  installs: [],
  selectors: null,
  removals: [],
  gates: [],
  policyGates: [],
  probe: null,
  retire: [],
  problems: [],
} as const;

function signingOn(
  context: PlanningContext,
  pending: DomainChange,
  intent: SigningOnIntent,
  signer: Signing,
  location: Location,
): GoalOutcome {
  const { domain, server } = pending;
  const facts = context.fleet.servers.get(server);
  const known = new Map(signer.keys.filter(key => key.domain === domain).map(key => [key.selector, key]));
  const schemes = new Set(
    [...intent.keys, ...intent.adopt.flatMap(selector => known.get(selector) ?? [])].map(key => key.scheme),
  );
  const [unavailable = null] =
    facts === undefined ? [] : [...schemes].flatMap(scheme => schemeUnavailable(facts, scheme) ?? []);
  if (unavailable !== null) return { refused: { ...unavailable, domain } };
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
  for (const selector of intent.adopt) {
    const key = known.get(selector);
    if (key === undefined || key.publicKey === null || key.algorithm === 'unknown') {
      return {
        refused: {
          code: 'adopted-key-gone',
          message: `${domain} on ${server}: the key ${selector}, which was to be used, is not there or cannot be read.`,
          hint: 'Drop the pending change and switch signing on with a new key.',
          severity: 'stop',
          domain,
          server,
        },
      };
    }
    const record = keyRecord({ algorithm: key.algorithm, publicKey: key.publicKey });
    const outcome = keyPublication(context, pending, location, selector, record, key.scheme);
    if ('refused' in outcome) return outcome;
    if (outcome.record !== null) records.push(outcome.record);
    gates.push(outcome.gate);
  }
  const policies = policyGoal(context, location, domain, server, { ...intent, signing: true });
  if ('refused' in policies) return policies;
  const after = [...intent.adopt, ...intent.keys.map(key => key.selector)];
  const before = signedWith(signer, domain);
  return {
    goal: {
      ...empty,
      pending,
      location,
      records: [...records, ...policies.records],
      installs: intent.keys,
      selectors: { before, after },
      gates,
      probe: { domain, selectors: after },
      problems: [...problems, ...policies.problems],
    },
  };
}

function signingOff(
  context: PlanningContext,
  pending: DomainChange,
  intent: SigningOffIntent,
  signer: Signing,
  location: Location,
): GoalOutcome {
  const { domain, server } = pending;
  const before = signedWith(signer, domain);
  const stays = before.filter(
    selector => intent.scheme !== undefined && schemeOf(signer, domain, selector) !== intent.scheme,
  );
  const policies = policyGoal(context, location, domain, server, { ...intent, signing: stays.length > 0 });
  if ('refused' in policies) return policies;
  const ends = before.filter(selector => !stays.includes(selector));
  const ours = ends.filter(selector => context.managed(domain, server, selector));
  const now = intent.graceHours === 0 ? ours : [];
  const removals = intent.removeKeys === true ? ours : now;
  const unpublish: RecordEffect[] = [];
  for (const selector of now) {
    const outcome = unpublication(context, location, pending, selector);
    if ('refused' in outcome) return outcome;
    if (outcome.record !== null) unpublish.push(outcome.record);
  }
  return {
    goal: {
      ...empty,
      pending,
      location,
      records: [...policies.records, ...unpublish],
      selectors: { before, after: stays },
      removals,
      gates: policyGates(policies.records, pending, location),
      probe: stays.length > 0 ? { domain, selectors: stays } : { domain, selectors: [], unsigned: true },
      retire: intent.graceHours === 0 ? [] : ours.map(selector => ({ selector, graceHours: intent.graceHours })),
      problems: policies.problems,
    },
  };
}

function policyOnly(
  context: PlanningContext,
  pending: DomainChange,
  intent: PolicyIntent,
  signer: Signing,
  location: Location,
): GoalOutcome {
  const { domain, server } = pending;
  const selectors = signedWith(signer, domain);
  const strict = isStrict(intent);
  if (strict && selectors.length === 0) {
    return {
      refused: {
        code: 'not-signed',
        message: `${domain} on ${server} is not signed: the policy would condemn its mail.`,
        hint: 'Switch signing on in the same step.',
        severity: 'stop',
        domain,
        server,
      },
    };
  }
  const policies = policyGoal(context, location, domain, server, { ...intent, signing: true });
  if ('refused' in policies) return policies;
  const gates: Gate[] = [];
  for (const selector of strict ? selectors : []) {
    const key = signer.keys.find(candidate => candidate.domain === domain && candidate.selector === selector);
    if (key === undefined || key.publicKey === null || key.algorithm === 'unknown') continue;
    const record = keyRecord({ algorithm: key.algorithm, publicKey: key.publicKey });
    const outcome = keyPublication(context, pending, location, selector, record, key.scheme);
    if ('refused' in outcome) return outcome;
    gates.push(outcome.gate);
  }
  return {
    goal: { ...empty, pending, location, records: policies.records, policyGates: gates, problems: policies.problems },
  };
}

function retire(
  context: PlanningContext,
  pending: DomainChange,
  intent: RetireIntent,
  signer: Signing,
  location: Location,
): GoalOutcome {
  const { domain, server } = pending;
  if (signedWith(signer, domain).includes(intent.selector)) {
    return {
      refused: {
        code: 'key-in-use',
        message: `${domain} on ${server} is signed with ${intent.selector} again: it cannot be retired.`,
        hint: 'Drop the due task, or switch signing off first.',
        severity: 'stop',
        domain,
        server,
      },
    };
  }
  const record = unpublication(context, location, pending, intent.selector);
  if ('refused' in record) return record;
  const there = signer.keys.some(key => key.domain === domain && key.selector === intent.selector);
  return {
    goal: {
      ...empty,
      pending,
      location,
      records: record.record === null ? [] : [record.record],
      removals: there ? [intent.selector] : [],
    },
  };
}

/** A selector that no key stands behind (a pattern for every domain) is one of DKIM. */
function schemeOf(signing: Signing, domain: string, selector: string): KeyScheme {
  return signing.keys.find(key => key.domain === domain && key.selector === selector)?.scheme ?? 'dkim';
}
