/** Facts and pending changes of a large fleet: the real drivers' scan of hosts in memory. */
import type { PendingChange, StagedKey } from '../../../shared/model.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import { World } from './fleet-world.ts';

export interface LargeFleet {
  readonly facts: readonly ServerFacts[];
  /** For every domain: signing is to be switched on, or its key rotated. */
  readonly pending: readonly PendingChange[];
}

export async function largeFleet(
  servers: number,
  domainsEach: number,
  wish: 'signing-on' | 'rotate' = 'signing-on',
): Promise<LargeFleet> {
  const signed = wish === 'rotate';
  const [key] = await generateKeys([{ algorithm: 'rsa', bits: 2048 }]);
  if (key === undefined) throw new Error('no key');
  const plans = Array.from({ length: servers }, (_server, s) => {
    const zones = Array.from({ length: domainsEach }, (_domain, d) => `firm${d}-of-${s}.example`);
    return { name: `mx${s}`, zones, domains: zones.map(name => ({ name, signed, policy: false })) };
  });
  const facts = await new World(plans, key, new Map()).facts();
  const newKey = (domain: string, server: string): StagedKey => ({
    ref: { secret: `key of ${domain}` },
    domain,
    server,
    selector: 's1',
    algorithm: 'rsa',
    bits: 2048,
    publicKey: key.publicKey,
    scheme: 'dkim',
  });
  const pending = plans.flatMap(({ name: server, zones }) =>
    zones.map((domain): PendingChange => ({
      id: `${domain}@${server}`,
      domain,
      server,
      createdAt: '2026-11-24T00:00:00Z',
      intent:
        wish === 'rotate'
          ? { kind: 'rotate', keys: [newKey(domain, server)], replaces: ['old'], graceHours: 48, compromised: [] }
          : {
              kind: 'signing-on',
              scheme: 'dkim',
              adopt: [],
              policy: 'keep',
              dmarc: 'keep',
              keys: [newKey(domain, server)],
            },
    })),
  );
  return { facts, pending };
}
