/** A home that knows the server mx1 and what was read of it: two domains, none signed. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { openStore } from '../../../electron/store/store.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import { World } from '../planning/fleet-world.ts';

export async function factsOfServer(): Promise<readonly ServerFacts[]> {
  const [old] = await generateKeys([{ algorithm: 'rsa', bits: 1024 }]);
  if (old === undefined) throw new Error('no key');
  const domains = ['one.example', 'two.example'].map(name => ({ name, signed: false, policy: false }));
  return new World([{ name: 'mx1', domains, zones: ['one.example', 'two.example'] }], old, new Map()).facts();
}

export const fingerprint = `SHA256:${'A'.repeat(43)}`;

/** `port`: nobody answers at the default one. */
export function rememberServer(home: string, facts: readonly ServerFacts[], port = 1): void {
  const store = openStore(home);
  store.servers.put({
    name: 'mx1',
    host: '127.0.0.1',
    port,
    user: 'root',
    login: { method: 'password' },
    sudo: 'none',
    jump: null,
    hostKeys: [{ fingerprint, type: null }],
    givenDomains: [],
  });
  for (const each of facts) store.facts<ServerFacts>().put(each);
  store.close();
}

/** A server that takes connections and says nothing: whoever comes waits for it. */
export async function muteServer(): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
