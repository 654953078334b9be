/** From facts and edits to steps, and to the facts as they will be. Pure. */
import type { CommandStep, FileStep } from '../../../../shared/model.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable, toContent, type ByteString } from '../../../../shared/text.ts';
import type { DriverPlan, FileFact, InstallKey, SignerEdit } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { stop } from '../../kit/problems.ts';
import { reloadCommand, runningCommand } from '../../kit/service.ts';
import type { DomainKeysFacts, KeyFact } from './facts.ts';
import { keyPath, paths, service } from './places.ts';
import { tableEntries, withEntries } from './table.ts';
import { keysOf, unavailable } from './view.ts';

type Plan = DriverPlan<DomainKeysFacts>;

const keyMode = 0o600;
const smallest = 1024;
/** RFC 4870, 3.2.3: no verifier need take longer ones. */
const largest = 2048;

/** The longest file name of Linux, less what is put around it while it is written. */
const longestName = 230;

export function planDomainKeys(facts: DomainKeysFacts, edits: readonly SignerEdit[]): Plan {
  const draft = new Draft(facts);
  for (const edit of edits) draft.apply(edit);
  return draft.plan();
}

/** What stands in a table and in a path is a name. */
function nameFault(edit: SignerEdit, domain: string): Problem | null {
  const selectors =
    edit.kind === 'install'
      ? [edit.key.selector]
      : edit.kind === 'activate'
        ? edit.selectors
        : edit.kind === 'remove'
          ? [edit.selector]
          : [];
  const isName = (name: string) => name.length <= 253 && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(name);
  const bad = [domain, ...selectors].find(name => !isName(name));
  if (bad === undefined) return null;
  return stop(
    'name-invalid',
    `"${printable(bad, 80)}" is no name of a domain or a selector`,
    'Letters, digits, hyphens and dots.',
  );
}

class Draft {
  readonly #facts: DomainKeysFacts;
  readonly #steps: FileStep[] = [];
  readonly #keys: Record<string, KeyFact | null>;
  readonly #before: FileFact | null;
  readonly #requires = new Map<string, string>();
  readonly #refused: Plan['refused'][number][] = [];
  #table: ByteString;

  constructor(facts: DomainKeysFacts) {
    this.#facts = facts;
    this.#keys = { ...facts.keys };
    this.#before = facts.files[paths.table] ?? null;
    this.#table = this.#before?.content ?? '';
  }

  apply(edit: SignerEdit): void {
    const domain = edit.kind === 'install' ? edit.key.domain : edit.domain;
    const blocked = edit.kind === 'install' || edit.kind === 'activate' ? unavailable(this.#facts) : null;
    const problem = nameFault(edit, domain) ?? blocked ?? this.#do(edit);
    if (problem === null) return;
    this.#refused.push({ subject: domain, problem: { ...problem, domain: printable(domain) } });
  }

  #do(edit: SignerEdit): Problem | null {
    switch (edit.kind) {
      case 'install':
        return this.#install(edit.key);
      case 'activate':
        return this.#activate(edit.domain, edit.selectors);
      case 'deactivate':
        this.#table = withEntries(this.#table, edit.domain, []);
        return null;
      case 'remove':
        return this.#remove(edit.domain, edit.selector);
    }
  }

  #find(domain: string, selector: string) {
    return keysOf(this.#now()).find(key => key.domain === domain && key.selector === selector);
  }

  /** The facts as the edits so far leave them. */
  #now(): DomainKeysFacts {
    const table = this.#before === null ? null : { ...this.#before, content: this.#table, sha256: sha256(this.#table) };
    return { ...this.#facts, keys: this.#keys, files: { ...this.#facts.files, [paths.table]: table } };
  }

  #install(key: InstallKey): Problem | null {
    const { domain, selector, publicKey, algorithm, bits } = key;
    const { server } = this.#facts;
    if (key.scheme !== 'domainkeys' || algorithm !== 'rsa' || bits < smallest || bits > largest) {
      const message = `the milter signs with DomainKeys and RSA keys of ${smallest} to ${largest} bits alone`;
      return stop('key-unsupported', message, 'Use another key: --key rsa2048.', { server });
    }
    const known = this.#find(domain, selector);
    if (known !== undefined) {
      if (known.key?.publicKey === publicKey) return null;
      const message = `the selector ${selector} of ${domain} is in use on ${server} with another key (${printable(known.path)})`;
      return stop('selector-in-use', message, 'Take another selector, or adopt the key.', { server });
    }
    const path = keyPath(selector, domain);
    if (path.length - paths.keys.length > longestName) {
      const message = `the name of the key file of ${domain} would be too long`;
      return stop('name-too-long', message, 'Use a shorter selector: --selector s1', { server });
    }
    this.#steps.push({
      kind: 'file',
      path,
      before: null,
      old: null,
      after: key.secret,
      mode: keyMode,
      owner: `${service}:${service}`,
    });
    const owner = { owner: service, group: service };
    this.#keys[path] = { path, real: path, mode: keyMode, ...owner, sha256: null, algorithm, bits, publicKey };
    return null;
  }

  #activate(domain: string, selectors: readonly string[]): Problem | null {
    const keys = selectors.map(selector => ({ selector, found: this.#find(domain, selector) }));
    for (const { selector, found } of keys) {
      if (found?.key?.algorithm === 'rsa') continue;
      const message = `${domain}: the milter has no usable key ${selector}`;
      return stop('key-missing', message, 'Install it first.', { server: this.#facts.server });
    }
    const wanted = keys.flatMap(({ selector, found }) =>
      found === undefined ? [] : [{ domain, selector, path: found.path }],
    );
    const after = withEntries(this.#table, domain, wanted);
    if (after === this.#table) return null;
    this.#table = after;
    for (const { found } of keys) {
      const key = found?.key;
      if (key !== undefined && key !== null && key.sha256 !== null) this.#requires.set(key.real, key.sha256);
    }
    return null;
  }

  #remove(domain: string, selector: string): Problem | null {
    const found = this.#find(domain, selector);
    if (found === undefined) return null;
    if (tableEntries(this.#table).some(entry => entry.path === found.path)) {
      const message = `${domain} on ${this.#facts.server} is signed with ${selector}`;
      return stop('key-in-use', message, 'Switch signing off, or to another key, first.');
    }
    if (found.key === null || found.key.sha256 === null) return null;
    const { real, sha256: before, mode, owner, group } = found.key;
    const step = {
      kind: 'file',
      path: real,
      before,
      old: null,
      after: null,
      mode,
      owner: `${owner}:${group}`,
    } as const;
    this.#steps.push(step);
    delete this.#keys[found.path];
    return null;
  }

  plan(): Plan {
    const refused = this.#refused;
    const table = this.#before;
    const written = table !== null && table.content !== this.#table;
    if (!written && this.#steps.length === 0) return { steps: [], requires: [], after: this.#facts, refused };
    const requires = [...this.#requires].map(([path, before]) => ({ path, before }));
    if (table !== null && !written) requires.push({ path: table.real, before: table.sha256 });
    const files = written ? [...this.#steps, tableStep(table, this.#table)] : this.#steps;
    return {
      steps: [...files, ...(written ? tableCommands(this.#facts, table.real) : [])],
      requires,
      after: this.#now(),
      refused,
    };
  }
}

export function tableStep(table: FileFact, after: ByteString): FileStep {
  return {
    kind: 'file',
    path: table.real,
    before: table.sha256,
    old: toContent(table.content),
    after: toContent(after),
    mode: table.mode,
    owner: `${table.owner}:${table.group}`,
  };
}

/** The milter reads a changed table at the next message; the reload only makes it say so in the log. */
export function tableCommands({ init }: DomainKeysFacts, written: string): readonly CommandStep[] {
  return [
    { kind: 'command', phase: 'check', argv: [paths.program, '-n', paths.config, `{new:${written}}`] },
    { kind: 'command', phase: 'activate', argv: reloadCommand(init, service), timeout: 30 },
    { kind: 'command', phase: 'verify', argv: runningCommand(init, service, service.slice(0, 15)), timeout: 30 },
  ];
}
