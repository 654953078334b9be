/** What is wrong with the key files, which `opendkim -n` does not look at. */
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { info, warning } from '../../kit/problems.ts';
import type { KeyFact, OpenDkimFacts } from './facts.ts';
import { isKeyPath, readKeyEntry, type KeyEntry } from './key-table.ts';
import type { Model } from './model.ts';
import { keyFault } from './safety.ts';
import type { Signing } from './signing.ts';

/** RFC 8301, 3.2 */
const mustBits = 1024;
const shouldBits = 2048;

function nameOf(entry: KeyEntry): string {
  return `${printable(entry.selector)}._domainkey.${printable(entry.domain)}`;
}

function lintSafety(facts: OpenDkimFacts, model: Model, key: KeyFact, said: Set<string>): Problem | null {
  const fault = keyFault(facts, key);
  if (fault === null || said.has(fault.path)) return null;
  said.add(fault.path);
  const path = printable(fault.path);
  const refuses = fault.code === 'key-unreadable' || model.safeKeys;
  const effect = refuses
    ? 'OpenDKIM refuses the keys behind it, and defers the mail'
    : 'OpenDKIM only warns, for RequireSafeKeys is off';
  const hint =
    fault.code === 'unsafe-key-parent'
      ? `Run: chown root ${path}; chmod go-w ${path}`
      : `Keys belong to ${facts.user.name}:${facts.user.group} with mode 0600, in directories with mode 0700.`;
  return (refuses ? warning : info)(fault.code, `${path} ${fault.reason}: ${effect}`, hint, { file: path });
}

function lintKey(model: Model, entry: KeyEntry, key: KeyFact): Problem | null {
  const path = printable(entry.path);
  const where = { domain: printable(entry.domain), file: path };
  if (key.algorithm === 'unknown') {
    return warning('key-unusable', `${path} holds no RSA or Ed25519 private key`, 'Install a key there.', where);
  }
  if (key.algorithm !== model.algorithm) {
    const message = `${nameOf(entry)} is an ${key.algorithm} key (${path}), but this OpenDKIM signs with ${model.algorithm} only: such mail leaves unsigned`;
    return warning(
      'key-algorithm',
      message,
      'SignatureAlgorithm is one for the whole of OpenDKIM: use a key that fits it.',
      where,
    );
  }
  if (key.algorithm !== 'rsa' || key.bits === null || key.bits >= shouldBits) return null;
  const message = `${nameOf(entry)} has only ${key.bits} bits (${path})`;
  const rule =
    key.bits < mustBits
      ? `Receivers ignore keys below ${mustBits} bits (RFC 8301).`
      : `Keys should have ${shouldBits} bits (RFC 8301).`;
  return warning('weak-key', message, `${rule} Replace it.`, where);
}

export function lintKeys(facts: OpenDkimFacts, model: Model, tables: Signing): readonly Problem[] {
  const problems: Problem[] = [];
  const said = new Set<string>();
  for (const entry of tables.keys.entries()) {
    const named = readKeyEntry(entry);
    if (named === null || !isKeyPath(named.path)) continue;
    const key = facts.keys[named.path];
    if (key === undefined) continue;
    if (key === null) {
      const path = printable(named.path);
      const message = `the key file ${path} of ${nameOf(named)} is not there or cannot be read: mail that it would sign is deferred`;
      problems.push(
        warning('key-file-missing', message, 'Put the key there, or take its entries out.', {
          file: path,
          domain: printable(named.domain),
        }),
      );
      continue;
    }
    for (const problem of [lintSafety(facts, model, key, said), lintKey(model, named, key)]) {
      if (problem !== null) problems.push(problem);
    }
  }
  return problems;
}
