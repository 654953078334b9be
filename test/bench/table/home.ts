/**
 * A home of Signet with the facts of a large fleet, as if it had been scanned: `home.mjs HOME ROWS`. Then writes the rows
 * that the engine makes of them to ROWS, for the page that is the floor. One server is scanned by the real drivers, the others are
 * like it with names and keys of their own.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { startEngine } from '../../../electron/compose.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { openStore } from '../../../electron/store/store.ts';
import { generateKeys } from '../../../electron/vault/generate.ts';
import { World } from '../../electron/planning/fleet-world.ts';

const servers = 50;
const domainsEach = 2000;

const [home = '', rowsFile = ''] = process.argv.slice(2);
const [key] = await generateKeys([{ algorithm: 'rsa', bits: 2048 }]);
if (key === undefined) throw new Error('no key');
const { publicKey } = key;

const zones = Array.from({ length: domainsEach }, (_domain, at) => `firm${at}-of-0.example`);
const domains = zones.map((name, at) => ({ name, signed: at % 10 !== 0, policy: at % 4 === 1 }));
const [pattern] = await new World([{ name: 'mx0', zones, domains }], key, new Map()).facts();
if (pattern === undefined) throw new Error('no facts');

/** Another key for each record and file: nothing is to be won by compressing one and the same. */
function withOwnKeys(facts: ServerFacts): ServerFacts {
  const made = new Map<string, string>();
  const keyOf = (domain: string): string => {
    const known = made.get(domain) ?? publicKey.slice(0, 44) + randomBytes(256).toString('base64').slice(0, 348);
    made.set(domain, known);
    return known;
  };
  const own = <T>(value: T, domain: string): T =>
    JSON.parse(JSON.stringify(value).replaceAll(publicKey, () => keyOf(domain))) as T;
  const domainOf = (name: string): string => name.split('._domainkey.').at(-1) ?? name;
  return {
    ...facts,
    signers: facts.signers.map(signer => ({
      ...signer,
      view: { ...signer.view, keys: signer.view.keys.map(one => own(one, one.domain)) },
    })),
    dns: facts.dns.map(dns => ({
      ...dns,
      view: {
        ...dns.view,
        zones: dns.view.zones.map(zone => ({ ...zone, txt: zone.txt.map(set => own(set, domainOf(set.name))) })),
      },
    })),
    served: Object.fromEntries(
      Object.entries(facts.served)
        // some are not published
        .filter(([name]) => !/^old\._domainkey\.firm\d*77-/.test(name))
        .map(([name, values]) => [name, own(values, domainOf(name))]),
    ),
  };
}

mkdirSync(home, { recursive: true, mode: 0o700 });
const store = openStore(home);
for (let at = 0; at < servers; at += 1) {
  const text = JSON.stringify(pattern).replaceAll('-of-0.', `-of-${at}.`).replaceAll('mx0', `mx${at}`);
  store.servers.put({
    name: `mx${at}`,
    host: `192.0.2.${at + 1}`,
    port: 22,
    user: 'root',
    login: { method: 'agent' },
    sudo: 'none',
    jump: null,
    hostKeys: [],
    givenDomains: [],
  });
  store.facts<ServerFacts>().put(withOwnKeys(JSON.parse(text) as ServerFacts));
}
store.close();

const engine = await startEngine({ home, command: 'bench' });
const rows = await engine.call('domains.list', { publicKeys: false });
await engine.close();
if (rows.length !== servers * domainsEach) throw new Error(`${rows.length} rows`);
writeFileSync(rowsFile, JSON.stringify(rows));
