/** Carries out one edit on a draft, or says why it cannot be done. A refused edit has changed nothing. */
import { assertNever } from '../../../../shared/assert.ts';
import { parseDomain, parseSelector } from '../../../../shared/dkim/domain.ts';
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import type { SignerEdit } from '../../api.ts';
import type { Draft } from './draft.ts';
import { install, remove } from './edit-keys.ts';
import { activate, deactivate } from './edit-signing.ts';
import { refuse } from './refusal.ts';

function nameProblem(draft: Draft, domain: string, selectors: readonly string[]): Problem | null {
  const parsed = parseDomain(domain);
  const good = parsed.ok && parsed.value.ascii === domain && selectors.every(selector => parseSelector(selector).ok);
  if (good) return null;
  return refuse(
    draft,
    printable(domain),
    'name-invalid',
    'the domain or the selector is not a valid name',
    'Write letters, digits, hyphens and dots only.',
  );
}

export function applyEdit(draft: Draft, edit: SignerEdit): Problem | null {
  switch (edit.kind) {
    case 'install':
      return nameProblem(draft, edit.key.domain, [edit.key.selector]) ?? install(draft, edit.key);
    case 'activate':
      return nameProblem(draft, edit.domain, edit.selectors) ?? activate(draft, edit.domain, edit.selectors);
    case 'deactivate':
      return nameProblem(draft, edit.domain, []) ?? deactivate(draft, edit.domain);
    case 'remove':
      return nameProblem(draft, edit.domain, [edit.selector]) ?? remove(draft, edit.domain, edit.selector);
    default:
      return assertNever(edit);
  }
}
