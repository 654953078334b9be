/** One sentence for each change: what it does, and why in this order. */
import type { Phase } from '../../shared/model.ts';
import type { Goal } from './goals.ts';
import type { SettingsGoal } from './settings.ts';

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

const isRevoking = ({ pending: { intent } }: Goal) => intent.kind === 'rotate' && intent.compromised.length > 0;

export function reasonOf(phase: Phase, goals: readonly Goal[]): string {
  const domains = countOf(new Set(goals.map(goal => goal.pending.domain)).size, 'domain');
  switch (phase) {
    case 'withdraw':
      return `Withdraws policies of ${domains} that would condemn mail without a signature, before signing ends.`;
    case 'install':
      return `Puts the private keys of ${domains} where the signer finds them. Nothing is signed with them yet.`;
    case 'publish':
      return `Publishes the key records of ${domains}. Signing waits until every authoritative server serves them.`;
    case 'switch': {
      const rotated = goals.filter(goal => goal.pending.intent.kind === 'rotate').length;
      const on = goals.filter(goal => (goal.selectors?.after.length ?? 0) > 0).length - rotated;
      const off = goals.length - on - rotated;
      const parts = [
        ...(rotated > 0 ? [`to new keys for ${countOf(rotated, 'domain')}`] : []),
        ...(on > 0 ? [`on for ${countOf(on, 'domain')}`] : []),
        ...(off > 0 ? [`off for ${countOf(off, 'domain')}`] : []),
      ];
      return `Switches signing ${parts.join(' and ')}, and proves it with a message driven through the signer.`;
    }
    case 'policy':
      return `Publishes the policies of ${domains}, now that their mail is proven to be signed.`;
    case 'unpublish':
      if (goals.every(isRevoking)) {
        return `Revokes compromised keys of ${domains}: their records stay, with an empty p=.`;
      }
      return `Takes away the key records of ${domains} that nothing is signed with any more.`;
    case 'prepare':
    case 'dismantle':
      return 'Changes what the server does with mail.';
    case 'remove':
      return `Removes the private keys of ${domains} that nothing is signed with any more.`;
  }
}

/** What a server does with mail afterwards that it did not before, in words. */
export function settingsReason({ before, after }: SettingsGoal, packages: readonly string[]): string {
  const names = { dkim: 'DKIM', domainkeys: 'DomainKeys' };
  const allowed = after.signing.filter(scheme => !before.signing.includes(scheme)).map(scheme => names[scheme]);
  const ended = before.signing.filter(scheme => !after.signing.includes(scheme)).map(scheme => names[scheme]);
  const verifies = JSON.stringify(before.verifying) !== JSON.stringify(after.verifying);
  const parts = [
    ...(packages.length > 0 ? [`installs ${packages.join(', ')} (which stay installed, whatever comes later)`] : []),
    ...(allowed.length > 0 ? [`allows signing with ${allowed.join(' and ')}; no domain is signed by that alone`] : []),
    ...(ended.length > 0
      ? [`allows no signing with ${ended.join(' and ')} any more, now that no domain is signed`]
      : []),
    ...(verifies && after.verifying !== null
      ? [`verifies incoming mail: what fails is ${fate[after.verifying.failing]}`]
      : []),
    ...(verifies && after.verifying === null ? ['verifies no incoming mail any more'] : []),
  ];
  const text = parts.length === 0 ? 'puts the mail settings back' : parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const fate = { discard: 'discarded', reject: 'rejected', tag: 'tagged' } as const;
