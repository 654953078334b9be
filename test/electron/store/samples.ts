/** Small things to put into a store. */
import type { Change, PendingChange, Plan, ServerConfig, StagedKey } from '../../../shared/model.ts';

export function server(name: string, jump: string | null = null): ServerConfig {
  return {
    name,
    host: `${name}.example.net`,
    port: 22,
    user: 'root',
    login: { method: 'agent' },
    sudo: 'none',
    jump,
    hostKeys: [{ fingerprint: `SHA256:${'A'.repeat(43)}`, type: 'ssh-ed25519' }],
    givenDomains: [],
  };
}

export function key(id: string, domain = 'example.com'): StagedKey {
  return {
    ref: { secret: id },
    domain,
    server: 'mx1',
    selector: 's1',
    algorithm: 'rsa',
    bits: 2048,
    publicKey: 'AAAA',
    scheme: 'dkim',
  };
}

export function on(id: string, domain: string, keys: readonly StagedKey[] = []): PendingChange {
  const intent = { kind: 'signing-on', scheme: 'dkim', keys, adopt: [], policy: 'keep', dmarc: 'keep' } as const;
  return { id, domain, server: 'mx1', createdAt: '2026-01-01T00:00:00.000Z', intent };
}

export function retire(id: string, domain: string, selector: string): PendingChange {
  const intent = { kind: 'retire', selector, notBefore: '2026-02-01T00:00:00.000Z' } as const;
  return { id, domain, server: 'mx1', createdAt: '2026-01-01T00:00:00.000Z', intent };
}

function change(id: string): Change {
  return {
    id,
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
    reason: 'because',
  };
}

export function plan(id: string, changes: readonly string[] = ['install@mx1', 'switch@mx1']): Plan {
  return {
    id,
    createdAt: '2026-01-01T00:00:00.000Z',
    basis: [],
    effects: [],
    changes: changes.map(change),
    manual: [],
    problems: [],
  };
}
