/** Facts of OpenDKIM as the rest of the engine sees them. */
import { parseDomain } from '../../../../shared/dkim/domain.ts';
import { printable } from '../../../../shared/text.ts';
import type { SignerAbility, SignerKey, SignerView } from '../../api.ts';
import { availability } from './availability.ts';
import type { OpenDkimFacts } from './facts.ts';
import { readKeyEntry } from './key-table.ts';
import { lintConfig } from './lint-config.ts';
import { lintKeys } from './lint-keys.ts';
import { lintTables } from './lint-tables.ts';
import { ownDomain } from './lookup.ts';
import { failingOf } from './own-config.ts';
import { readModel, type Model } from './model.ts';
import { readSigning, selectorsOf, type Signing } from './signing.ts';
import { readSocket } from './socket.ts';

/** Stands for a domain that no table names. */
const unnamed = 'unnamed.invalid';

function isName(domain: string): boolean {
  const parsed = parseDomain(domain);
  return parsed.ok && parsed.value.ascii === domain;
}

/** Domains that the tables name; a pattern may sign more. */
export function namedDomains(tables: Signing): readonly string[] {
  const domains = new Set<string>();
  for (const entry of tables.signing.entries()) {
    const own = ownDomain(entry.key, tables.signing.kind);
    if (own !== null) domains.add(own);
  }
  for (const entry of tables.keys.entries()) {
    const domain = readKeyEntry(entry)?.domain;
    if (domain !== undefined) domains.add(domain);
  }
  return [...domains].filter(isName);
}

function viewKeys(facts: OpenDkimFacts, tables: Signing): readonly SignerKey[] {
  return tables.keys.entries().flatMap(entry => {
    const named = readKeyEntry(entry);
    if (named === null || !isName(named.domain)) return [];
    const key = facts.keys[named.path] ?? null;
    const { domain, selector, path } = named;
    return [
      {
        domain,
        selector: printable(selector.toLowerCase()),
        path,
        scheme: 'dkim' as const,
        algorithm: key?.algorithm ?? ('unknown' as const),
        bits: key?.bits ?? null,
        publicKey: key?.publicKey ?? null,
      },
    ];
  });
}

/**
 * Several keys a domain need patterns (other tables give one value for a host), and all of them are of one algorithm:
 * SignatureAlgorithm is one for the whole daemon.
 */
function abilities(model: Model, tables: Signing): readonly SignerAbility[] {
  const can: SignerAbility[] = ['dkim', 'adopt'];
  const willBePatterns = model.signingTable === null || tables.signing.kind === 'refile';
  if (willBePatterns) can.push('dualSign');
  if (model.algorithm === 'ed25519') can.push('ed25519');
  if (model.mode.includes('v')) can.push('verifyIncoming');
  return can;
}

export function viewOpenDkim(facts: OpenDkimFacts): SignerView {
  const model = readModel(facts);
  const tables = readSigning(model);
  const signs: Record<string, readonly string[]> = {};
  for (const domain of namedDomains(tables)) {
    const selectors = selectorsOf(tables, domain, model.multiple);
    if (selectors.length > 0) signs[domain] = selectors.map(selector => printable(selector));
  }
  return {
    name: 'OpenDKIM',
    version: facts.version,
    can: abilities(model, tables),
    keys: viewKeys(facts, tables),
    signs,
    signsOthers: selectorsOf(tables, unnamed, model.multiple).map(selector => printable(selector)),
    unavailable: availability(facts, model),
    // with v in Mode it at least notes the result in an Authentication-Results field
    verifiesIncoming: model.mode.includes('v'),
    failing: failingOf(model),
    allowsSigning: model.mode.includes('s'),
    endpoint: readSocket(model.socket ?? ''),
    problems: [...lintConfig(facts, model), ...lintTables(tables, model), ...lintKeys(facts, model, tables)],
  };
}
