/** The lines of the SigningTable that make a domain signed: put there, taken away. A refused edit has changed nothing. */
import { printable } from '../../../../shared/text.ts';
import type { Problem } from '../../../../shared/problem.ts';
import type { Draft } from './draft.ts';
import type { KeyEntry } from './key-table.ts';
import { algorithmProblem, at, refuse, signingFile } from './refusal.ts';
import { mostSignatures } from './lookup.ts';
import { keyFault } from './safety.ts';
import { keyFor, selectorsOf, signsAs } from './signing.ts';
import type { Entry } from './table.ts';
import { namedDomains } from './view.ts';

/** The key that each selector stands for, if mail can be signed with it. */
function usableKeys(draft: Draft, domain: string, selectors: readonly string[]): readonly KeyEntry[] | Problem {
  const found: KeyEntry[] = [];
  for (const selector of selectors) {
    const named = draft.tables.keyIndex.of(domain, selector);
    const entry = named.find(each => draft.usesOf(each.name) > 0) ?? named[0];
    if (entry === undefined) {
      const message = `the KeyTable has no key with the selector ${selector} for ${domain}`;
      return refuse(draft, domain, 'key-not-installed', message, 'Install the key first.');
    }
    const key = draft.keys.get(entry.path) ?? null;
    if (key === null) {
      const message = `the key file ${printable(entry.path)} is not there: OpenDKIM would defer the mail`;
      return refuse(draft, domain, 'key-file-missing', message, 'Put the key there, or take a new one.', entry.path);
    }
    const algorithm = key.sha256 !== null ? algorithmProblem(draft, domain, selector, key.algorithm) : null;
    if (algorithm !== null) return algorithm;
    const fault = key.sha256 !== null ? keyFault(draft.facts, key) : null;
    if (fault !== null && (fault.code === 'key-unreadable' || draft.model.safeKeys)) {
      const message = `${printable(fault.path)} ${fault.reason}: OpenDKIM would refuse the key and defer the mail`;
      return refuse(draft, domain, fault.code, message, 'Correct owner and mode.', fault.path);
    }
    found.push(entry);
  }
  return found;
}

function isOwnSigner(draft: Draft, domain: string, entry: Entry): boolean {
  return signsAs(keyFor(draft.tables, entry, domain), domain);
}

/** A shared pattern that signs the domain as itself, whatever is done about the domain's own lines. */
function sharedSigner(draft: Draft, domain: string, wanted: ReadonlySet<string>): Entry | null {
  const own = new Set(draft.tables.lookup.owned(domain));
  const every = draft.tables.lookup.all(domain).filter(entry => !own.has(entry));
  return (
    every.find(entry => {
      const key = keyFor(draft.tables, entry, domain);
      return signsAs(key, domain) && !wanted.has(key.name);
    }) ?? null
  );
}

/** Turning MultipleSignatures on changes what other domains are signed with where several lines match them. */
function multipleProblem(draft: Draft, domain: string): Problem | null {
  const { tables } = draft;
  const masked = Object.values(draft.facts.configs).find(config => config?.masked === true);
  if (masked !== undefined && masked !== null) {
    const message = `two keys for ${domain} need "MultipleSignatures yes", but ${masked.path} holds a password and is not edited`;
    return refuse(draft, domain, 'config-holds-secret', message, 'Set it by hand, once.', masked.path);
  }
  const hint = 'Take the line that must not sign out, or use one key.';
  const shared = tables.lookup.shared();
  if (shared.length > 1) {
    const message = `MultipleSignatures would let several patterns of ${printable(signingFile(draft))} sign the same mail`;
    return refuse(draft, domain, 'multiple-signatures-side-effect', message, hint, signingFile(draft));
  }
  for (const other of namedDomains(tables)) {
    if (other === domain) continue;
    const [first, second] = tables.lookup.all(other);
    if (first === undefined || second === undefined) continue;
    const message = `MultipleSignatures would sign mail of ${other} by ${at(draft, second)} too`;
    return refuse(draft, domain, 'multiple-signatures-side-effect', message, hint, signingFile(draft));
  }
  return null;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(each => b.includes(each));
}

export function activate(draft: Draft, domain: string, selectors: readonly string[]): Problem | null {
  const wanted = [...new Set(selectors.map(selector => selector.toLowerCase()))];
  if (wanted.length === 0) return deactivate(draft, domain);
  if (sameSet(selectorsOf(draft.tables, domain, draft.multiple), wanted)) return null;
  const keys = usableKeys(draft, domain, wanted);
  if ('code' in keys) return keys;
  const { signing, lookup } = draft.tables;
  const names = new Set(keys.map(key => key.name));
  const becomesMultiple = draft.multiple || keys.length > 1;
  if (keys.length > 1 && signing.kind !== 'refile') {
    const message = `${printable(signingFile(draft))} is a table of the type file:, which gives a domain one key only`;
    return refuse(
      draft,
      domain,
      'dual-sign-needs-patterns',
      message,
      'Make it a refile: table ("*@DOMAIN" instead of "DOMAIN").',
      signingFile(draft),
    );
  }
  if (becomesMultiple || signing.kind !== 'refile') {
    const shared = becomesMultiple ? sharedSigner(draft, domain, names) : null;
    if (shared !== null) return patternProblem(draft, domain, shared);
  }
  const others = lookup
    .all(domain)
    .filter(entry => !lookup.owned(domain).includes(entry) || !isOwnSigner(draft, domain, entry));
  if (becomesMultiple && keys.length + others.length > mostSignatures) {
    const message = `OpenDKIM makes no more than ${mostSignatures} signatures: of ${keys.length + others.length} lines that match mail of ${domain} only the first and the last would sign`;
    return refuse(
      draft,
      domain,
      'signature-limit',
      message,
      'Take the lines out that need not sign.',
      signingFile(draft),
    );
  }
  if (becomesMultiple && !draft.multiple) {
    const problem = multipleProblem(draft, domain);
    if (problem !== null) return problem;
  }
  const exact = lookup.exact(domain);
  const own = exact.filter(entry => isOwnSigner(draft, domain, entry));
  const foreign = exact.find(entry => !own.includes(entry));
  if (signing.kind !== 'refile' && foreign !== undefined) {
    const message = `${at(draft, foreign)} gives mail of ${domain} another domain's key`;
    return refuse(draft, domain, 'signed-by-other-key', message, 'Take that line out first.', signingFile(draft));
  }
  draft.multiple = becomesMultiple;
  draft.switched.add(domain);
  place(draft, domain, keys, own);
  return null;
}

/**
 * Lines of the domain that name a wanted key stay, the others are rewritten or go, and what is missing is put beside them,
 * before any line that would match first.
 */
function place(draft: Draft, domain: string, keys: readonly KeyEntry[], own: readonly Entry[]): void {
  const { signing, lookup } = draft.tables;
  const patterns = signing.kind === 'refile';
  const key = patterns ? `*@${domain}` : domain;
  const other = lookup.all(domain).find(entry => !own.includes(entry)) ?? null;
  const isReached = (entry: Entry) =>
    draft.multiple || !patterns || other === null || signing.compare(entry, other) < 0;
  const mine: Entry[] = [];
  const missing = new Set(keys.map(({ name }) => name));
  const stale: Entry[] = [];
  for (const entry of own) {
    const name = keyFor(draft.tables, entry, domain)?.name ?? '';
    if (isReached(entry) && missing.delete(name)) mine.push(entry);
    else stale.push(entry);
  }
  for (const name of missing) {
    const old = stale.findIndex(isReached);
    const [entry] = old < 0 ? [] : stale.splice(old, 1);
    if (entry !== undefined) {
      mine.push(draft.replaceSigning(entry, name));
      continue;
    }
    const last = mine.at(-1);
    const before = patterns && other !== null ? { before: other } : null;
    mine.push(draft.addSigning(key, name, last === undefined ? before : { after: last }));
  }
  for (const entry of stale) draft.removeSigning(entry);
}

function patternProblem(draft: Draft, domain: string, entry: Entry): Problem {
  const message = `${at(draft, entry)} signs mail of ${domain} together with that of other domains: it is not cut`;
  return refuse(
    draft,
    domain,
    'signed-by-pattern',
    message,
    'Name the domains in lines of their own instead of the pattern.',
    signingFile(draft),
  );
}

/** Lines for single users of the domain go too: from now on no mail of the domain is signed as the domain. */
export function deactivate(draft: Draft, domain: string): Problem | null {
  const shared = sharedSigner(draft, domain, new Set());
  if (shared !== null) return patternProblem(draft, domain, shared);
  const own = draft.tables.lookup.owned(domain).filter(entry => isOwnSigner(draft, domain, entry));
  if (own.length === 0) return null;
  draft.switched.add(domain);
  for (const entry of own) draft.removeSigning(entry);
  return null;
}
