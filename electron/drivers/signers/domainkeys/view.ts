/** The driver-independent reading of the milter's facts. Pure. */
import type { Problem } from '../../../../shared/problem.ts';
import { printable } from '../../../../shared/text.ts';
import type { SignerKey, SignerView } from '../../api.ts';
import { stop, warning } from '../../kit/problems.ts';
import { readConfig } from './config.ts';
import type { DomainKeysFacts, KeyFact } from './facts.ts';
import { endpoint, keyNamed, paths, service } from './places.ts';
import { malformedLines, tableEntries, type TableEntry } from './table.ts';

const domainForm = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** Keys by what they are for: those in the table, and those that wait in the directory. */
export function keysOf(facts: DomainKeysFacts): readonly (TableEntry & { readonly key: KeyFact | null })[] {
  const named = tableEntries(facts.files[paths.table]?.content ?? '');
  const used = new Set(named.map(({ path }) => path));
  const waiting = Object.keys(facts.keys).flatMap(path => {
    const name = keyNamed(path);
    return name === null || used.has(path) ? [] : [{ ...name, path }];
  });
  return [...named, ...waiting].map(entry => ({ ...entry, key: facts.keys[entry.path] ?? null }));
}

export function unavailable(facts: DomainKeysFacts): Problem | null {
  const { server } = facts;
  const config = facts.files[paths.config] ?? null;
  const table = facts.files[paths.table] ?? null;
  if (config === null || table === null) {
    const file = config === null ? paths.config : paths.table;
    return stop('config-missing', `${file} is not there or cannot be read`, 'Set the milter up again.', {
      server,
      file,
    });
  }
  const [line] = malformedLines(table.content);
  if (line !== undefined) {
    const message = `${paths.table}:${line} is not of the form DOMAIN SELECTOR PATH: the milter keeps the table that it had`;
    return stop('key-entry-malformed', message, 'Correct the line.', { server, file: paths.table });
  }
  if (!readConfig(config.content).sign) {
    const message = `The DomainKeys milter on ${server} verifies only: signing is not allowed`;
    const hint = `Allow it: signet mail-settings ${server} --allow-signing on --scheme domainkeys`;
    return stop('signer-mode', message, hint, { server, file: paths.config });
  }
  if (facts.running) return null;
  return stop('signer-not-running', `${service} does not run on ${server}`, `Start it: systemctl start ${service}.`, {
    server,
  });
}

function problemsOf(facts: DomainKeysFacts): readonly Problem[] {
  return keysOf(facts).flatMap(({ domain, selector, path, key }): readonly Problem[] => {
    const where = { domain: printable(domain), file: printable(path) };
    const name = `${printable(selector)} of ${printable(domain)}`;
    if (key === null) {
      const message = `the key file ${printable(path)} of ${name} is not there or cannot be read: mail that it would sign is deferred`;
      return [warning('key-file-missing', message, 'Put the key there, or take its line out.', where)];
    }
    if (key.algorithm !== 'rsa') {
      const message = `${printable(path)} holds no RSA private key: mail that it would sign is deferred`;
      return [warning('key-unusable', message, 'DomainKeys knows RSA alone: install such a key.', where)];
    }
    if ((key.mode & 0o077) !== 0) {
      const message = `${printable(path)} can be read by others than ${service}`;
      return [warning('unsafe-key', message, `Run: chown ${service}:${service} FILE; chmod 600 FILE`, where)];
    }
    if ((key.bits ?? 0) < 1024) {
      const message = `${name} has only ${key.bits ?? 0} bits (${printable(path)})`;
      return [warning('weak-key', message, 'Receivers do not take keys below 1024 bits. Replace it.', where)];
    }
    return [];
  });
}

export function viewDomainKeys(facts: DomainKeysFacts): SignerView {
  const config = readConfig(facts.files[paths.config]?.content ?? '');
  const entries = keysOf(facts).filter(({ domain }) => domainForm.test(domain));
  const signs = new Map<string, string[]>();
  const active = tableEntries(facts.files[paths.table]?.content ?? '').filter(({ domain }) => domainForm.test(domain));
  for (const { domain, selector } of config.sign ? active : []) {
    const found = signs.get(domain);
    if (found === undefined) signs.set(domain, [printable(selector)]);
    else found.push(printable(selector));
  }
  return {
    name: 'DomainKeys milter',
    version: null,
    can: ['domainkeys', 'adopt', ...(config.verify ? (['verifyIncoming'] as const) : [])],
    keys: entries.map(({ domain, selector, path, key }): SignerKey => ({
      domain,
      selector: printable(selector),
      path: printable(path),
      algorithm: key?.algorithm ?? 'unknown',
      bits: key?.bits ?? null,
      publicKey: key?.publicKey ?? null,
      scheme: 'domainkeys',
    })),
    signs: Object.fromEntries(signs),
    unavailable: unavailable(facts),
    verifiesIncoming: config.verify && facts.running,
    failing: config.failing,
    policies: config.policies,
    allowsSigning: config.sign,
    endpoint,
    problems: problemsOf(facts),
  };
}
