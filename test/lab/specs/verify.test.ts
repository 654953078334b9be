/** Verification against real servers: authoritative DNS and the signer of mx1, through SSH. Reads only; no mail is sent. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTransport } from '../../../electron/transport/ssh.ts';
import type { Session, Transport } from '../../../electron/transport/api.ts';
import { askServed } from '../../../electron/verify/authoritative.ts';
import { findZones } from '../../../electron/verify/delegation.ts';
import type { DnsClient } from '../../../electron/verify/dns.ts';
import { createDnsClient } from '../../../electron/verify/dns.ts';
import { checkGates } from '../../../electron/verify/gates.ts';
import { probeDomains } from '../../../electron/verify/probe.ts';
import { keyRecord, parseKeyRecord } from '../../../shared/dkim/key-record.ts';
import { keyInfo } from '../../../shared/dkim/public-key.ts';
import type { Gate } from '../../../shared/model.ts';

import { useHosts } from '../../tools/hosts.ts';
import { lab, labServer } from '../../tools/lab.ts';

const resolvers = ['10.99.0.53'];
const signer = { host: '127.0.0.1', port: 8891 };
const nothing = async () => null;

let transport: Transport;
let session: Session;
let client: DnsClient;

useHosts('mx1', 'mx2', 'ns1');

beforeAll(async () => {
  const { config } = await labServer('mx1');
  const secrets = { password: nothing, passphrase: nothing, sudoPassword: nothing };
  transport = createTransport({ secrets, servers: () => undefined });
  session = await transport.open(config);
  client = createDnsClient((target, signal) => session.connect(target, signal));
});

afterAll(() => {
  client.close();
  session.close();
  transport.close();
});

/** The published half of the key that mx1 signs with, taken from the private key itself. */
async function publicKey(domain: string, selector: string): Promise<string> {
  const file = `/etc/opendkim/keys/${domain}/${selector}.private`;
  return (await lab.sh('mx1', `openssl rsa -in ${file} -pubout -outform DER 2>/dev/null | base64 -w0`)).trim();
}

const gate = (name: string, zone: string, expect: string | null, compare: Gate['compare'] = 'key'): Gate => ({
  domain: zone,
  zone,
  name,
  compare,
  expect,
  via: 'mx1',
  external: false,
});

describe('zones', () => {
  test('are found with every server and address, below the apex too', async () => {
    const names = [
      'zaci.skola.example',
      'skola.example',
      'knihy.example',
      'obchod.example',
      'reklama.example',
      'nikde.example',
    ];
    const found = await findZones(client, resolvers, [...names, 's1._domainkey.zaci.skola.example']);
    const summary = Object.fromEntries(
      [...found].map(([name, delegation]) => [
        name,
        delegation && [delegation.zone, ...delegation.servers.map(server => server.address).sort()],
      ]),
    );
    expect(summary).toEqual({
      'zaci.skola.example': ['skola.example', '10.99.0.11'],
      's1._domainkey.zaci.skola.example': ['skola.example', '10.99.0.11'],
      'skola.example': ['skola.example', '10.99.0.11'],
      'knihy.example': ['knihy.example', '10.99.0.11', '10.99.0.21'],
      'obchod.example': ['obchod.example', '10.99.0.11', '10.99.0.21'],
      'reklama.example': ['reklama.example', '10.99.0.54'],
      'nikde.example': null,
    });
  });

  test('cost a number of channels that does not grow with the number of names', async () => {
    const channels = async (count: number) => {
      // what the test before used is closed with the next turn of the event loop
      await setTimeout(50);
      const before = session.roundTrips;
      const names = Array.from({ length: count }, (_, i) => `s${i}._domainkey.tovarna.example`);
      const found = await findZones(client, resolvers, names);
      expect([...found.values()].every(delegation => delegation?.zone === 'tovarna.example')).toBe(true);
      return session.roundTrips - before;
    };
    expect(await channels(1)).toBe(1);
    expect(await channels(500)).toBe(1);
  });
});

describe('served records', () => {
  test('match the keys that the signer has', async () => {
    const tovarna = await publicKey('tovarna.example', 'mail2023');
    const lesnik = await publicKey('lesnik.example', 'default');
    expect([keyInfo(tovarna, 'rsa')?.bits, keyInfo(lesnik, 'rsa')?.bits]).toEqual([2048, 1024]);
    const gates = [
      gate(
        'mail2023._domainkey.tovarna.example',
        'tovarna.example',
        keyRecord({ algorithm: 'rsa', publicKey: tovarna }),
      ),
      gate('default._domainkey.lesnik.example', 'lesnik.example', keyRecord({ algorithm: 'rsa', publicKey: lesnik })),
      gate('default._domainkey.lesnik.example', 'lesnik.example', keyRecord({ algorithm: 'rsa', publicKey: tovarna })),
      gate('new._domainkey.knihy.example', 'knihy.example', keyRecord({ algorithm: 'rsa', publicKey: tovarna })),
      gate('new._domainkey.knihy.example', 'knihy.example', null),
      gate('k1._domainkey.knihy.example', 'knihy.example', keyRecord({ algorithm: 'rsa', publicKey: tovarna })),
      gate('neznamy.spolek.example', 'spolek.example', keyRecord({ algorithm: 'rsa', publicKey: tovarna })),
      gate('_dmarc.spolek.example', 'spolek.example', 'v=DMARC1; p=none', 'dmarc'),
    ];
    const results = await checkGates(client, resolvers, gates);
    expect(results.map(result => result.passed)).toEqual([true, true, false, false, true, false, false, false]);
    const messages = results.map(result => result.message);
    expect(messages[2]).toMatch(/^default\._domainkey\.lesnik\.example: \S+ \(10\.99\.0\.11\) serves something else$/);
    expect(messages[3]).toMatch(/\(10\.99\.0\.\d+\) does not serve it yet$/);
    expect(messages[4]).toMatch(/all 2 name servers of knihy\.example no longer serve it/);
    expect(messages[5]).toMatch(/alias/);
    expect(messages[6]).toMatch(/; a wildcard answers there$/);
    expect(messages[7]).toMatch(/serves something else$/);
  });

  test('are told for the scan', async () => {
    const { served, delegations } = await askServed(client, resolvers, [
      'mail2023._domainkey.tovarna.example',
      '_dmarc.pekarna.example',
      'x._domainkey.reklama.example',
      'x.nikde.example',
    ]);
    const key = served.get('mail2023._domainkey.tovarna.example');
    expect(key?.state === 'agreed' && key.values?.map(value => parseKeyRecord(value)?.keyType)).toEqual(['rsa']);
    expect(served.get('_dmarc.pekarna.example')).toMatchObject({ values: [expect.stringMatching(/^v=DMARC1/)] });
    expect(served.get('x._domainkey.reklama.example')).toEqual({ state: 'agreed', values: null, alias: null });
    expect(delegations.get('x._domainkey.reklama.example')?.servers[0]?.address).toBe('10.99.0.54');
    expect(served.get('x.nikde.example')).toMatchObject({ state: 'unknown' });
  });
});

describe('the probe', () => {
  const lookup = async (name: string) => {
    const { served } = await askServed(client, resolvers, [name]);
    const found = served.get(name);
    return found?.state === 'agreed' ? found.values : null;
  };

  test('proves signatures with the key as served, and their absence', async () => {
    const results = await probeDomains(
      session,
      [signer],
      [
        { domain: 'tovarna.example', selectors: ['mail2023'] },
        { domain: 'lesnik.example', selectors: ['default'] },
        { domain: 'pekarna.example', selectors: [], unsigned: true },
        { domain: 'pekarna.example', selectors: ['x'] },
        { domain: 'tovarna.example', selectors: ['other'] },
        { domain: 'tovarna.example', selectors: [], unsigned: true },
      ],
      lookup,
      { connections: 2 },
    );
    const signed = (domain: string, selector: string) => ({
      ok: true,
      signedAs: 'local',
      signatures: [{ domain, selector, algorithm: 'rsa', verified: true, reason: null }],
      problem: null,
    });
    expect(results).toMatchObject([
      signed('tovarna.example', 'mail2023'),
      signed('lesnik.example', 'default'),
      { ok: true, signedAs: null, signatures: [], problem: null },
      { ok: false, problem: { code: 'probe-not-signed', server: 'mx1', domain: 'pekarna.example' } },
      { ok: false, problem: { code: 'probe-other-selector' } },
      { ok: false, problem: { code: 'probe-still-signed' } },
    ]);
  });

  test('does not take a signature whose key is another or not served', async () => {
    const wish = { domain: 'tovarna.example', selectors: ['mail2023'] };
    const other = keyRecord({ algorithm: 'rsa', publicKey: await publicKey('lesnik.example', 'default') });
    const wrong = await probeDomains(session, [signer], [wish], async () => [other]);
    expect(wrong[0]).toMatchObject({ ok: false, problem: { code: 'probe-bad-signature' } });
    const missing = await probeDomains(session, [signer], [wish], nothing);
    expect(missing[0]?.problem?.message).toMatch(/no key record is served at mail2023\._domainkey\.tovarna\.example/);
  });

  test('says that nothing listens', async () => {
    const [result] = await probeDomains(
      session,
      [{ host: '127.0.0.1', port: 9 }],
      [{ domain: 'tovarna.example', selectors: ['mail2023'] }],
      lookup,
    );
    expect(result).toMatchObject({ ok: false, problem: { code: 'signer-unreachable', server: 'mx1' } });
  });
});
