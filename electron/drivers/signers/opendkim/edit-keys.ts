/** Keys and their entries in the KeyTable: put there, taken away. A refused edit has changed nothing. */
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import type { InstallKey } from '../../api.ts';
import type { Draft } from './draft.ts';
import { algorithmProblem, refuse, signingFile } from './refusal.ts';
import { parentFault } from './safety.ts';

export function install(draft: Draft, key: InstallKey): Problem | null {
  const { domain, selector } = key;
  const { keyIndex } = draft.tables;
  if (key.scheme !== 'dkim') {
    return refuse(
      draft,
      domain,
      'scheme-not-possible',
      'OpenDKIM does not sign DomainKeys',
      'Sign DomainKeys with a milter of its own.',
    );
  }
  const algorithm = algorithmProblem(draft, domain, selector, key.algorithm);
  if (algorithm !== null) return algorithm;
  const [existing] = keyIndex.of(domain, selector);
  if (existing !== undefined) {
    if (draft.keys.get(existing.path)?.publicKey === key.publicKey) return null;
    const message = `the selector ${selector} of ${domain} is in use on ${draft.facts.server} with another key (${printable(existing.path)})`;
    return refuse(draft, domain, 'selector-in-use', message, 'Take another selector, or adopt the key.', existing.path);
  }
  const path = draft.places.pathFor(domain, selector);
  if (draft.facts.present.includes(path) || draft.keys.get(path) !== undefined) {
    const message = `${path} is there already, but no entry of the KeyTable names it`;
    return refuse(
      draft,
      domain,
      'key-file-exists',
      message,
      'Take another selector, or move the file away: it is never overwritten.',
      path,
    );
  }
  const fault = draft.model.safeKeys ? parentFault(draft.facts, path) : null;
  if (fault !== null) {
    const message = `${printable(fault.path)} ${fault.reason}: OpenDKIM would refuse a key below it`;
    return refuse(
      draft,
      domain,
      fault.code,
      message,
      `Run: chown root ${fault.path}; chmod go-w ${fault.path}`,
      fault.path,
    );
  }
  const free = (candidate: string) => keyIndex.named(candidate) === null;
  const name = [draft.places.nameFor(domain, selector), `${selector}._domainkey.${domain}`].find(free);
  if (name === undefined) {
    const message = `the KeyTable has another key under the name ${selector}._domainkey.${domain}`;
    return refuse(draft, domain, 'key-name-in-use', message, 'Take another selector.');
  }
  draft.addKeyEntry(name, `${domain}:${selector}:${path}`);
  draft.installations.push({ key, path });
  draft.keys.set(path, {
    path,
    real: path,
    mode: 0o600,
    owner: draft.facts.user.name,
    group: draft.facts.user.group,
    sha256: null,
    algorithm: key.algorithm,
    bits: key.bits,
    publicKey: key.publicKey,
  });
  return null;
}

export function remove(draft: Draft, domain: string, selector: string): Problem | null {
  const entries = draft.tables.keyIndex.of(domain, selector);
  const used = entries.find(entry => draft.usesOf(entry.name) > 0);
  if (used !== undefined) {
    const message = `the SigningTable (${printable(signingFile(draft))}) still names the key ${printable(used.name)}`;
    return refuse(draft, domain, 'key-in-use', message, 'Take those lines out first.', signingFile(draft));
  }
  for (const entry of entries) {
    draft.removeKeyEntry(entry);
    const key = draft.keys.get(entry.path);
    if (draft.tables.keyIndex.uses(entry.path) > 0 || key === undefined || key === null) continue;
    draft.removals.push(key);
    draft.keys.delete(entry.path);
  }
  return null;
}
