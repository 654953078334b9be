/** The form of a server's mail settings: what it shows, and what OK asks for. Pure. */
import type { Input } from '../../../shared/contract.ts';
import type { FailingMail, MailSettings, MailSettingsIntent } from '../../../shared/mail-settings.ts';
import type { Scheme } from '../../../shared/model.ts';

export interface SettingsForm {
  readonly allowSigning: boolean;
  readonly scheme: Scheme;
  readonly verifyIncoming: boolean;
  readonly failing: FailingMail;
  readonly policies: boolean;
}

function schemeOf(signing: MailSettings['signing']): Scheme {
  if (signing.length > 1) return 'both';
  return signing[0] ?? 'dkim';
}

/** As it will be once what is staged is applied. Where nothing is verified yet, the form offers to reject, policies too. */
export function formOf(now: MailSettings, staged: MailSettingsIntent | null): SettingsForm {
  const allow = staged?.allowSigning ?? null;
  const verify = staged?.verifyIncoming ?? null;
  return {
    allowSigning: allow === null ? now.signing.length > 0 : allow === 'on',
    scheme: allow === 'on' && staged ? staged.scheme : schemeOf(now.signing),
    verifyIncoming: verify === null ? now.verifying !== null : verify === 'on',
    failing: verify === 'on' && staged ? staged.failing : (now.verifying?.failing ?? 'reject'),
    policies: verify === 'on' && staged ? staged.policies : (now.verifying?.policies ?? true),
  };
}

const onOff = (isOn: boolean) => (isOn ? 'on' : 'off');

/** What differs; null: nothing does. */
export function settingsWish(
  server: string,
  before: SettingsForm,
  wanted: SettingsForm,
): Input<'mailSettings.stage'> | null {
  const { allowSigning, scheme, verifyIncoming, failing, policies } = wanted;
  const allows = allowSigning !== before.allowSigning || (allowSigning && scheme !== before.scheme);
  const isJudgedAnew = verifyIncoming && (failing !== before.failing || policies !== before.policies);
  const verifies = verifyIncoming !== before.verifyIncoming || isJudgedAnew;
  if (!allows && !verifies) return null;
  return {
    server,
    ...(allows && { allowSigning: onOff(allowSigning), ...(allowSigning && { scheme }) }),
    ...(verifies && { verifyIncoming: onOff(verifyIncoming), ...(verifyIncoming && { failing, policies }) }),
  };
}

/** What signing can be allowed with: what it is allowed with already stays. */
export function schemesToChoose(now: MailSettings): readonly Scheme[] {
  if (now.signing.length > 1) return ['both'];
  const [only] = now.signing;
  return only === undefined ? ['dkim', 'domainkeys', 'both'] : [only, 'both'];
}
