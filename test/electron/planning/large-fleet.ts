/** Facts and pending changes of a large fleet: the real drivers' scan of hosts in memory. */
import type { PendingChange } from '../../../shared/model.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import { World } from './fleet-world.ts';

export interface LargeFleet {
  readonly facts: readonly ServerFacts[];
  /** Signing is to be switched on for every domain. */
  readonly pending: readonly PendingChange[];
}

export async function largeFleet(servers: number, domainsEach: number): Promise<LargeFleet> {
  const [key] = await generateKeys([{ algorithm: 'rsa', bits: 2048 }]);
  if (key === undefined) throw new Error('no key');
  const plans = Array.from({ length: servers }, (_server, s) => {
    const zones = Array.from({ length: domainsEach }, (_domain, d) => `firm${d}-of-${s}.example`);
    return { name: `mx${s}`, zones, domains: zones.map(name => ({ name, signed: false, policy: false })) };
  });
  const facts = await new World(plans, key, new Map()).facts();
  const pending = plans.flatMap(({ name: server, zones }) =>
    zones.map((domain): PendingChange => ({
      id: `${domain}@${server}`,
      domain,
      server,
      createdAt: '2026-11-24T00:00:00Z',
      intent: {
        kind: 'signing-on',
        scheme: 'dkim',
        adopt: [],
        policy: 'keep',
        dmarc: 'keep',
        keys: [
          {
            ref: { secret: `key of ${domain}` },
            domain,
            server,
            selector: 's1',
            algorithm: 'rsa',
            bits: 2048,
            publicKey: key.publicKey,
          },
        ],
      },
    })),
  );
  return { facts, pending };
}
