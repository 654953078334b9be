/** What staging mail settings of a server means: pure. The caller gives the pending changes their ids. */
import type { StageResult } from '../../shared/contract.ts';
import type { FailingMail, MailSettingsIntent } from '../../shared/mail-settings.ts';
import type { DomainRow, PendingChange, Scheme, ServerChange } from '../../shared/model.ts';
import { isDomainChange } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { PlanningContext } from './goals.ts';
import { mailSettingsOf, settingsAfter } from './settings.ts';
import { stage, type StagePlan } from './stage.ts';

/** What is left out stays as it is. */
export interface SettingsWishes {
  readonly server: string;
  readonly allowSigning?: 'on' | 'off' | undefined;
  readonly scheme: Scheme;
  readonly verifyIncoming?: 'on' | 'off' | undefined;
  readonly failing?: FailingMail | undefined;
  readonly policies?: boolean | undefined;
  /** For the domains whose signing goes with the server's. */
  readonly graceHours: number;
}

export interface SettingsStagePlan extends Pick<StageResult, 'cancelled' | 'unchanged' | 'refused'> {
  /** null: nothing of the server itself is staged. */
  readonly intent: MailSettingsIntent | null;
  /** Domains whose signing goes with it. */
  readonly additions: StagePlan['additions'];
  readonly drops: readonly string[];
}

/** `rows`: those of the server. All or nothing: what cannot be done for one domain keeps the rest from being staged. */
export function stageSettings(
  context: PlanningContext,
  rows: readonly DomainRow[],
  pending: readonly PendingChange[],
  wish: SettingsWishes,
  now: Date,
): SettingsStagePlan {
  const { server } = wish;
  const facts = context.fleet.servers.get(server);
  const before = facts === undefined ? null : mailSettingsOf(facts);
  const staged = pending.find((change): change is ServerChange => !isDomainChange(change) && change.server === server);
  if (facts === undefined) return refusing(server, 'not-scanned', 'has not been scanned yet', `signet scan ${server}`);
  if (before === null) {
    return refusing(server, 'no-mta', 'has no mail server that Signet knows', 'Mail settings are for Postfix servers.');
  }
  if (staged?.intent.kind === 'undo') {
    const hint = `Apply it, or drop it first: signet pending drop ${staged.id}`;
    return refusing(server, 'undo-staged', `is to have run ${staged.intent.run} taken back already`, hint);
  }
  const old = staged?.intent ?? null;
  const verifies = (old?.verifyIncoming ?? (before.verifying === null ? 'off' : 'on')) === 'on';
  const asksHow = wish.failing !== undefined || wish.policies !== undefined;
  if (asksHow && wish.verifyIncoming !== 'on' && (wish.verifyIncoming === 'off' || !verifies)) {
    const hint = `Switch it on in the same step: signet mail-settings ${server} --verify-incoming on`;
    return refusing(server, 'not-verified', 'does not verify incoming mail, so that none fails', hint);
  }
  const wanted: MailSettingsIntent = {
    kind: 'mail-settings',
    allowSigning: wish.allowSigning ?? old?.allowSigning ?? null,
    scheme: wish.allowSigning === undefined ? (old?.scheme ?? wish.scheme) : wish.scheme,
    verifyIncoming: wish.verifyIncoming ?? (asksHow ? 'on' : (old?.verifyIncoming ?? null)),
    failing: wish.failing ?? old?.failing ?? before.verifying?.failing ?? 'reject',
    policies: wish.policies ?? old?.policies ?? before.verifying?.policies ?? true,
  };
  const after = settingsAfter(before, wanted);
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const intent: MailSettingsIntent = {
    ...wanted,
    allowSigning: same(before.signing, after.signing) ? null : wanted.allowSigning,
    verifyIncoming: same(before.verifying, after.verifying) ? null : wanted.verifyIncoming,
  };
  if (old !== null && same(old, intent)) {
    return { ...empty, unchanged: [{ domain: null, server, reason: 'staged already' }] };
  }
  // signing that was to end only because the server's was
  const released =
    old?.allowSigning === 'off' && intent.allowSigning !== 'off'
      ? pending.filter(
          ({ server: at, intent: one }) => at === server && one.kind === 'signing-off' && one.removeKeys === true,
        )
      : [];
  const drops = [...(staged === undefined ? [] : [staged.id]), ...released.map(({ id }) => id)];
  if (intent.allowSigning === null && intent.verifyIncoming === null) {
    if (staged === undefined) return { ...empty, unchanged: [{ domain: null, server, reason: 'it is so already' }] };
    return { ...empty, drops, cancelled: [{ domain: null, server }, ...released] };
  }
  if (intent.allowSigning !== 'off') return { ...empty, intent, drops, cancelled: released };
  const going = signingGoes(context, rows, pending, wish, now);
  if (going.refused.length > 0) return { ...empty, refused: going.refused };
  return { ...going, intent, unchanged: [], drops: [...drops, ...going.drops] };
}

const empty = { intent: null, additions: [], drops: [], cancelled: [], unchanged: [], refused: [] } as const;

function refusing(server: string, code: string, what: string, hint: string): SettingsStagePlan {
  const problem: Problem = { code, message: `${server} ${what}.`, hint, severity: 'stop', server };
  return { ...empty, refused: [{ server, problem }] };
}

/** Every domain that is signed, or is to be: its signing ends in the same plan, policies first. */
function signingGoes(
  context: PlanningContext,
  rows: readonly DomainRow[],
  pending: readonly PendingChange[],
  { graceHours }: SettingsWishes,
  now: Date,
): StagePlan {
  const domains = pending.filter(isDomainChange);
  const starting = new Set(
    domains.filter(({ intent }) => intent.kind === 'signing-on').map(({ domain, server }) => `${domain}\n${server}`),
  );
  const signed = rows.filter(row => row.signing === 'on' || starting.has(`${row.domain}\n${row.server}`));
  // what is staged for a signed domain gives way: nothing of it can be done once the signer is gone
  const replaced = domains.filter(
    ({ domain, server, intent }) =>
      (intent.kind === 'signing-off' || intent.kind === 'rotate' || intent.kind === 'policy') &&
      signed.some(row => row.domain === domain && row.server === server),
  );
  const others = domains.filter(change => !replaced.includes(change));
  const plan = stage(
    context,
    signed,
    others,
    { action: 'off', key: 'rsa2048', scheme: 'both', policy: 'keep', dmarc: 'keep', graceHours },
    now,
  );
  return {
    ...plan,
    drops: [...plan.drops, ...replaced.map(({ id }) => id)],
    additions: plan.additions.map(addition =>
      addition.intent.kind === 'signing-off'
        ? { ...addition, intent: { ...addition.intent, removeKeys: true } }
        : addition,
    ),
  };
}
