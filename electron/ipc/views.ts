/** What lists show, made from what is stored. */
import type { PendingRow, ServerRow } from '../../shared/contract.ts';
import type { PendingChange, Plan, RotateIntent, ServerConfig, StagedKey } from '../../shared/model.ts';
import { newKeysOf } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { SignerKey } from '../drivers/api.ts';
import { refused } from '../../shared/problem.ts';
import { assertNever } from '../../shared/assert.ts';
import type { MailSettingsIntent } from '../../shared/mail-settings.ts';
import { domainsOf, indexFleet, sharers, signersOf } from '../planning/fleet.ts';
import type { PlanningInput } from '../planning/plan.ts';
import { isDue, managedKey } from '../planning/plan.ts';
import type { PlanningContext } from '../planning/goals.ts';
import { mailSettingsOf } from '../planning/settings.ts';
import { publicKeyFingerprint } from '../store/fingerprint.ts';
import type { Engine } from './engine.ts';

export function serverConfig(engine: Engine, name: string): ServerConfig {
  const server = engine.store.servers.get(name);
  if (server === null) {
    throw refused(
      'unknown-server',
      `There is no server ${name}.`,
      'See signet server list; add it with signet server add.',
      {
        server: name,
      },
    );
  }
  return server;
}

export function serverRow(engine: Engine, server: ServerConfig): ServerRow {
  const facts = engine.facts.get(server.name);
  const signers = facts === null ? [] : signersOf(facts);
  const attempt = engine.attempts.get(server.name);
  const problems: Problem[] = attempt ? [attempt] : [];
  for (const problem of facts?.problems ?? []) problems.push(problem);
  for (const part of [facts?.mta ?? null, ...(facts?.signers ?? []), ...(facts?.dns ?? [])]) {
    for (const problem of part?.view.problems ?? []) problems.push(problem);
  }
  return {
    name: server.name,
    host: server.host,
    port: server.port,
    user: server.user,
    login: server.login.method,
    sudo: server.sudo,
    jump: server.jump,
    hostKey: server.hostKeys[0]?.fingerprint ?? null,
    roles: [
      ...(facts !== null && facts.mta !== null ? (['mail'] as const) : []),
      ...(facts !== null && facts.dns.length > 0 ? (['dns'] as const) : []),
    ],
    mta: facts?.mta === null || facts === null ? null : versioned(facts.mta.view),
    signer: signers.length === 0 ? null : signers.map(({ view }) => versioned(view)).join(', '),
    dns: facts === null || facts.dns.length === 0 ? null : facts.dns.map(dns => versioned(dns.view)).join(', '),
    os: facts?.host.os.name ?? null,
    domains: facts === null ? server.givenDomains.length : domainsOf(facts, server).length,
    givenDomains: server.givenDomains.length,
    mailSettings: facts === null ? null : mailSettingsOf(facts),
    lastScan: facts?.scannedAt ?? null,
    reachable: attempt === undefined ? null : attempt === null,
    problems,
  };
}

function versioned(view: { readonly name: string; readonly version: string | null }): string {
  return view.version === null ? view.name : `${view.name} ${view.version}`;
}

export function pendingRow(change: PendingChange): PendingRow {
  const { intent } = change;
  const keys = newKeysOf(intent);
  return {
    id: change.id,
    intent: intent.kind,
    domain: change.domain,
    server: change.server,
    createdAt: change.createdAt,
    summary: summaryOf(change),
    notBefore: intent.kind === 'retire' ? intent.notBefore : null,
    selectors: [
      ...(intent.kind === 'signing-on' ? intent.adopt : intent.kind === 'retire' ? [intent.selector] : []),
      ...keys.map(key => key.selector),
    ],
    fingerprints: keys.map(key => publicKeyFingerprint(key.publicKey)),
    ...(intent.kind === 'mail-settings' && { mailSettings: intent }),
  };
}

const schemeWords = { dkim: 'DKIM', domainkeys: 'DomainKeys', both: 'DKIM and DomainKeys' } as const;

function summaryOf({ intent }: PendingChange): string {
  switch (intent.kind) {
    case 'signing-on': {
      const keys = intent.keys.map(keyWords);
      const adopted = intent.adopt.map(selector => `key ${selector}, which is there already`);
      return ['Sign', [...adopted, ...keys].join(' and '), ...policyWords(intent)]
        .join(', ')
        .replace('Sign, ', 'Sign with ');
    }
    case 'signing-off':
      return [
        intent.scheme === undefined ? 'Stop signing' : `Stop signing with ${schemeWords[intent.scheme]}`,
        intent.graceHours === 0 ? 'retire the key at once' : `keep the key served for ${intent.graceHours} hours`,
        ...policyWords(intent),
      ].join(', ');
    case 'policy':
      return ['Change policies', ...policyWords(intent)].join(': ');
    case 'rotate':
      return rotationWords(intent);
    case 'mail-settings':
      return settingsWords(intent);
    case 'retire':
      return `Retire the key ${intent.selector}: take its record out of DNS and remove it`;
    case 'undo':
      return `Take back run ${intent.run}`;
    default:
      return assertNever(intent);
  }
}

function settingsWords(intent: MailSettingsIntent): string {
  const { allowSigning, scheme, verifyIncoming, failing, policies } = intent;
  const becomes = { discard: 'discard what fails', reject: 'reject what fails', tag: 'tag what fails' };
  return [
    ...(allowSigning === 'on' ? [`allow signing outgoing mail with ${schemeWords[scheme]}`] : []),
    ...(allowSigning === 'off' ? ['allow no signing of outgoing mail'] : []),
    ...(verifyIncoming === 'on'
      ? [`verify incoming mail, ${becomes[failing]}${policies ? '' : ', signatures only'}`]
      : []),
    ...(verifyIncoming === 'off' ? ['verify no incoming mail'] : []),
  ]
    .join('; ')
    .replace(/^./, first => first.toUpperCase());
}

function keyWords({ algorithm, bits, selector }: StagedKey): string {
  return `new ${algorithm === 'rsa' ? `RSA ${bits}` : 'Ed25519'} key ${selector}`;
}

function rotationWords({ keys, replaces, graceHours, compromised }: RotateIntent): string {
  const rotates =
    replaces.length === 0 ? [] : [`Sign with ${keys.map(keyWords).join(' and ')} instead of ${replaces.join(' and ')}`];
  const revoked = compromised.map(key => key.selector).join(' and ');
  const then =
    revoked !== ''
      ? `${rotates.length === 0 ? 'Revoke' : 'revoke'} the compromised key ${revoked} at once`
      : graceHours === 0
        ? 'retire the old key at once'
        : `keep the old key served for ${graceHours} hours`;
  return [...rotates, then].join(', ');
}

function policyWords(intent: {
  readonly policy: string;
  readonly adsp?: string;
  readonly dmarc: string;
}): readonly string[] {
  return [
    ...(intent.policy === 'sign-all' ? ['publish "all mail is signed"'] : []),
    ...(intent.policy === 'none' ? ['withdraw "all mail is signed"'] : []),
    ...((intent.adsp ?? 'keep') === 'keep' ? [] : [`ADSP ${intent.adsp}`]),
    ...(intent.dmarc === 'keep' ? [] : [`DMARC p=${intent.dmarc}`]),
  ];
}

// ---------------------------------------------------------------- input of planning

export interface PlanSelection {
  readonly leaveOut?: readonly string[];
  readonly only?: readonly string[] | undefined;
  readonly servers?: readonly string[] | undefined;
}

export function planningInput(engine: Engine, selection: PlanSelection = {}): PlanningInput {
  const now = engine.now();
  const leaveOut = new Set(selection.leaveOut ?? []);
  const only = selection.only === undefined ? null : new Set(selection.only);
  const servers = selection.servers === undefined ? null : new Set(selection.servers);
  const pending = engine.store.pending
    .list()
    .filter(
      change =>
        isDue(change, now) &&
        !leaveOut.has(change.id) &&
        (only === null || only.has(change.id)) &&
        (servers === null || servers.has(change.server)),
    );
  const runs = new Set(pending.flatMap(({ intent }) => (intent.kind === 'undo' ? [intent.run] : [])));
  return {
    facts: engine.facts.list(),
    servers: engine.store.servers.list(),
    pending,
    runs: new Map([...runs].flatMap(id => fullyApplied(engine, id))),
    drivers: engine.drivers,
    managed: managedSet(engine),
    now,
  };
}

/** The plan of a run without the changes that were applied in part only. */
function fullyApplied(engine: Engine, id: string): readonly (readonly [string, Plan])[] {
  const run = engine.store.runs.get(id);
  if (run === null) return [];
  const applied = new Map(run.changes.filter(({ state }) => state === 'applied').map(change => [change.id, change]));
  const changes = run.plan.changes.filter(change => applied.get(change.id)?.pending.length === change.pending.length);
  return [[id, { ...run.plan, changes }]];
}

const fingerprints = new WeakMap<SignerKey, string>();

/** Facts are never changed in place, so each key's is computed once. */
function fingerprintOf(key: SignerKey): string | null {
  if (key.publicKey === null) return null;
  let fingerprint = fingerprints.get(key);
  if (fingerprint === undefined) {
    fingerprint = publicKeyFingerprint(key.publicKey);
    fingerprints.set(key, fingerprint);
  }
  return fingerprint;
}

/** Selectors of ours. One under which there is another key by now was taken over by somebody else (law 5). */
function managedSet(engine: Engine): ReadonlySet<string> {
  const managed = new Map(
    engine.store.managed
      .list()
      .map(({ domain, server, selector, fingerprint }) => [managedKey(domain, server, selector), fingerprint]),
  );
  for (const { server, signers } of engine.facts.list()) {
    for (const key of signers.flatMap(signer => signer.view.keys)) {
      const name = managedKey(key.domain, server, key.selector);
      const ours = managed.get(name);
      if (ours !== undefined && ours !== (fingerprintOf(key) ?? ours)) managed.delete(name);
    }
  }
  return new Set(managed.keys());
}

export function planningContext(engine: Engine): PlanningContext {
  const managed = managedSet(engine);
  const fleet = indexFleet(engine.facts.list(), engine.store.servers.list());
  return {
    fleet,
    signedElsewhere: (domain, server, selector) => sharers(fleet, domain, server, selector).length > 0,
    managed: (domain, server, selector) => managed.has(managedKey(domain, server, selector)),
    // staging decides nothing by it: only a plan, with all pending changes in view, does
    willSign: () => true,
  };
}
