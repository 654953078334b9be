/** Rows and plans for the tests of the window, with what a test does not care about filled in. */
import type { PendingRow, PlanView } from '../../shared/contract.ts';
import type { Change, DomainKey, DomainRow } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import type { RunRecord } from '../../shared/run.ts';

export function key(part: Partial<DomainKey> = {}): DomainKey {
  return {
    selector: 'mx1-202611',
    algorithm: 'rsa',
    bits: 2048,
    scheme: 'dkim',
    published: 'match',
    managed: true,
    inUse: true,
    publicKey: null,
    path: '/etc/dkimkeys/k.private',
    ...part,
  };
}

export function row(part: Partial<DomainRow> = {}): DomainRow {
  return {
    domain: 'example.com',
    server: 'mx1',
    mta: 'postfix',
    signer: 'opendkim',
    signing: 'off',
    allowSigning: true,
    verifyIncoming: true,
    keys: [],
    zone: { kind: 'bind', server: 'ns1', name: 'example.com' },
    policy: { domainkeys: null, adsp: null, dmarc: null },
    probe: null,
    pending: [],
    problems: [],
    scannedAt: '2026-11-24T06:00:00.000Z',
    ...part,
  };
}

export function signed(part: Partial<DomainRow> = {}): DomainRow {
  return row({ signing: 'on', keys: [key()], probe: { signed: true, at: '2026-11-24T06:00:00.000Z' }, ...part });
}

export function problem(part: Partial<Problem> = {}): Problem {
  return { code: 'some-problem', message: 'it is so', hint: 'do this', severity: 'warning', ...part };
}

export function pendingRow(part: Partial<PendingRow> = {}): PendingRow {
  return {
    id: 'p1',
    intent: 'signing-on',
    domain: 'example.com',
    server: 'mx1',
    createdAt: '2026-11-24T06:00:00.000Z',
    summary: 'RSA 2048',
    notBefore: null,
    selectors: [],
    fingerprints: [],
    ...part,
  };
}

export function change(part: Partial<Change> = {}): Change {
  return {
    id: 'install@mx1',
    intent: 'signing-on',
    server: 'mx1',
    phase: 'install',
    pending: ['p1'],
    domains: ['example.com'],
    dependsOn: [],
    gates: [],
    requires: [],
    steps: [],
    probes: [],
    reason: '',
    ...part,
  };
}

export function plan(changes: readonly Change[], problems: readonly Problem[] = []): PlanView {
  return {
    id: 'plan',
    createdAt: '2026-11-24T06:00:00.000Z',
    basis: [],
    effects: [],
    changes,
    manual: [],
    problems,
    later: [],
  };
}

export function runRecord(changes: readonly Change[], part: Partial<RunRecord> = {}): RunRecord {
  return {
    id: 'run',
    startedAt: '2026-11-24T06:00:00.000Z',
    finishedAt: null,
    outcome: 'running',
    plan: plan(changes),
    changes: changes.map(({ id, domains, pending }) => ({
      id,
      state: 'planned',
      domains,
      pending,
      finishedAt: null,
      problem: null,
    })),
    problems: [],
    ...part,
  };
}
