import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { askServed } from '../../../electron/verify/authoritative.ts';
import { findZones } from '../../../electron/verify/delegation.ts';
import { createDnsClient } from '../../../electron/verify/dns.ts';
import { checkGates } from '../../../electron/verify/gates.ts';
import { keyRecord } from '../../../shared/dkim/key-record.ts';
import type { Gate } from '../../../shared/model.ts';
import type { Behaviour, Reply } from './dns-peer.ts';
import { answering, createPeers, record, soa, txt } from './dns-peer.ts';

const resolver = '192.0.2.53';
const publicKey = generateKeyPairSync('rsa', { modulusLength: 1024 })
  .publicKey.export({ type: 'spki', format: 'der' })
  .toString('base64');
const expected = keyRecord({ algorithm: 'rsa', publicKey });
const name = 's1._domainkey.example.com';

const zones: Readonly<Record<string, readonly string[]>> = {
  'example.com': ['ns1.example.net', 'ns2.example.net'],
  'sub.example.com': ['ns3.example.net'],
  com: ['a.gtld.example'],
};
const addresses: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'ns1.example.net': { A: '192.0.2.1', AAAA: '2001:db8::1' },
  'ns2.example.net': { A: '192.0.2.2' },
  'ns3.example.net': { A: '192.0.2.3' },
};

function zoneOf(asked: string): string {
  const found = Object.keys(zones).filter(zone => asked === zone || asked.endsWith(`.${zone}`));
  return found.sort((a, b) => b.length - a.length)[0] ?? '';
}

/** A resolver that knows the zones above. `bare`: it leaves the SOA out of negative answers. */
function resolving(bare = false): Behaviour {
  return answering((asked, type): Reply => {
    const zone = asked.endsWith('unregistered.com') ? 'com' : zoneOf(asked);
    const negative: Reply = bare ? {} : { authorities: [soa(zone)] };
    if (type === 'SOA') return asked === zone ? { answers: [soa(zone)] } : { rcode: 'NXDOMAIN', ...negative };
    if (type === 'NS') return { answers: (zones[asked] ?? []).map(host => record(asked, 'NS', host)) };
    const address = addresses[asked]?.[type];
    return address === undefined ? negative : { answers: [record(asked, type as 'A', address)] };
  });
}

const serving = (...values: readonly string[]): Behaviour =>
  answering(asked =>
    asked === name && values.length > 0
      ? { answers: values.map(value => txt(asked, ...(value.match(/.{1,255}/gs) ?? ['']))) }
      : { rcode: 'NXDOMAIN', authorities: [soa('example.com')] },
  );
const refuse: Behaviour = answering(() => ({ rcode: 'REFUSED' }));

const gate = (expect: string | null, compare: Gate['compare'] = 'key', at = name): Gate => ({
  domain: 'example.com',
  zone: 'example.com',
  name: at,
  compare,
  expect,
  via: 'mx1',
  external: true,
});

function setup(behaviours: Readonly<Record<string, Behaviour>>) {
  const peers = createPeers({ [resolver]: resolving(), ...behaviours });
  return { peers, client: createDnsClient(peers.connect, { timeoutMs: 1000 }) };
}

async function check(one: Behaviour, two: Behaviour, wish: Gate) {
  const { client } = setup({ '192.0.2.1': one, '192.0.2.2': two });
  const [result] = await checkGates(client, [resolver], [wish]);
  return { passed: result?.passed, message: result?.message };
}

describe('findZones', () => {
  it('finds the cut, every server, and both kinds of address', async () => {
    const { client, peers } = setup({});
    const found = await findZones(client, [resolver], [name, 'example.com', 'x.sub.example.com', 'a.unregistered.com']);
    expect(found.get(name)).toEqual({
      zone: 'example.com',
      servers: [
        { name: 'ns1.example.net', address: '192.0.2.1' },
        { name: 'ns1.example.net', address: '2001:db8::1' },
        { name: 'ns2.example.net', address: '192.0.2.2' },
      ],
      unresolved: [],
    });
    expect(found.get('example.com')?.zone).toBe('example.com');
    expect(found.get('x.sub.example.com')?.zone).toBe('sub.example.com');
    expect(found.get('a.unregistered.com')).toBeNull();
    expect(peers.connections.get(resolver)).toBe(1);
  });
  it('walks up where a resolver leaves the SOA out', async () => {
    const { client } = setup({ [resolver]: resolving(true) });
    const found = await findZones(client, [resolver], ['a.b.sub.example.com']);
    expect(found.get('a.b.sub.example.com')?.zone).toBe('sub.example.com');
  });
  it('asks the next resolver what the first cannot answer', async () => {
    const { client } = setup({ '192.0.2.52': refuse });
    const found = await findZones(client, ['192.0.2.52', resolver], [name]);
    expect(found.get(name)?.zone).toBe('example.com');
  });
  it('blames no parent for a zone that fails', async () => {
    const failing = answering((asked, type) =>
      asked === 'broken.example.com' ? { rcode: 'SERVFAIL' } : type === 'SOA' ? { answers: [soa(asked)] } : {},
    );
    const { client } = setup({ [resolver]: failing });
    const found = await findZones(client, [resolver], ['broken.example.com']);
    expect(found.get('broken.example.com')).toBeNull();
  });
  it('knows nothing without a resolver', async () => {
    const { client } = setup({});
    expect((await findZones(client, [], [name])).get(name)).toBeNull();
  });
});

describe('a gate', () => {
  it('passes when every server serves it, however it is written', async () => {
    const other = `p=${publicKey} ; k=rsa`;
    expect(await check(serving(expected), serving(other), gate(expected))).toEqual({
      passed: true,
      message: `${name}: all 2 name servers of example.com serve it`,
    });
  });
  it.each([
    ['does not serve it yet', serving()],
    ['serves something else', serving(expected.slice(0, -8))],
    ['serves several records there: receivers may take any of them', serving(expected, 'v=spf1 -all')],
    ['serves the key as revoked (empty p=)', serving('v=DKIM1; p=')],
    ['serves it in test mode (t=y): receivers ignore it', serving(expected.replace('p=', 't=y; p='))],
    ['serves a record there that is no key record', serving('hello')],
    ['refuses to answer', refuse],
    ['fails to answer (SERVFAIL)', answering(() => ({ rcode: 'SERVFAIL' }))],
    ['does not answer as an authority for the zone', answering(() => ({ lame: true, answers: [txt(name, expected)] }))],
    ['does not answer in time', () => {}],
    [
      'serves an alias (CNAME) of s1.provider.example instead, which another zone holds',
      answering(() => ({ answers: [record(name, 'CNAME', 's1.provider.example')] })),
    ],
  ] as const)('names the one server that %s', async (text, second) => {
    expect(await check(serving(expected), second, gate(expected))).toEqual({
      passed: false,
      message: `${name}: ns2.example.net (192.0.2.2) ${text}`,
    });
  });
  it('takes an alias inside the zone for what it leads to', async () => {
    const alias = answering(() => ({
      answers: [
        record(name, 'CNAME', 'k.example.com'),
        txt('k.example.com', expected.slice(0, 200), expected.slice(200)),
      ],
    }));
    expect((await check(alias, alias, gate(expected))).passed).toBe(true);
  });
  it('names a wildcard', async () => {
    const wild = answering(asked => ({ answers: [txt(asked, 'v=spf1 -all')] }));
    expect((await check(wild, wild, gate(expected))).message).toMatch(/no key record; a wildcard answers there$/);
  });
  it.each([
    ['is gone', serving(), true],
    ['is revoked', serving('v=DKIM1; p='), true],
    ['something else stands there', serving('v=spf1 -all'), true],
    ['is still there', serving(expected), false],
    ['nobody knows', refuse, false],
  ])('that expects nothing: %s', async (_, second, passed) => {
    expect((await check(serving(), second, gate(null))).passed).toBe(passed);
  });
  it('compares policies by what they mean', async () => {
    const spaced = serving('v=DMARC1;p=reject;sp=reject');
    const plain = serving('v=spf1 -all', 'v=DMARC1; p=reject');
    expect((await check(spaced, plain, gate('v=DMARC1; p=reject', 'dmarc'))).passed).toBe(true);
    expect((await check(spaced, plain, gate(null, 'dmarc'))).passed).toBe(false);
    expect((await check(serving('o=-; n=x'), serving('o=-'), gate('o=-', 'policy'))).passed).toBe(true);
    expect((await check(serving('o=~'), serving('o=-'), gate('o=-', 'policy'))).passed).toBe(false);
    expect((await check(serving('v=spf1 -all'), serving(), gate(null, 'policy'))).passed).toBe(true);
  });
  it('does not pass while the address of a name server cannot be found', async () => {
    const half: Behaviour = (query, stream, connection) => {
      const [question] = query.questions;
      if (question?.name === 'ns2.example.net') refuse(query, stream, connection);
      else resolving()(query, stream, connection);
    };
    const { client } = setup({ [resolver]: half, '192.0.2.1': serving(expected) });
    const [result] = await checkGates(client, [resolver], [gate(expected)]);
    expect(result).toMatchObject({
      passed: false,
      message: `${name}: the address of ns2.example.net cannot be found now`,
    });
  });
  it('shares questions and connections with all others', async () => {
    let questions = 0;
    const counting: Behaviour = (query, stream, connection) => {
      questions += 1;
      serving(expected)(query, stream, connection);
    };
    const { client, peers } = setup({ '192.0.2.1': counting, '192.0.2.2': serving(expected) });
    const gates = Array.from({ length: 100 }, () => gate(expected));
    const results = await checkGates(client, [resolver], gates);
    expect(results.every(result => result.passed)).toBe(true);
    expect(questions).toBe(1);
    expect([...peers.connections.values()]).toEqual([1, 1, 1]);
  });
});

describe('askServed', () => {
  const served = async (one: Behaviour, two: Behaviour, at = name) => {
    const { client } = setup({ '192.0.2.1': one, '192.0.2.2': two });
    return (await askServed(client, [resolver], [at])).served.get(at);
  };
  it('tells what all servers agree on', async () => {
    expect(await served(serving(expected), serving(expected))).toEqual({
      state: 'agreed',
      values: [expected],
      alias: null,
    });
    expect(
      await served(
        serving(),
        answering(() => ({})),
      ),
    ).toEqual({ state: 'agreed', values: null, alias: null });
  });
  it('tells that they differ', async () => {
    expect(await served(serving(expected), serving())).toMatchObject({ state: 'differs' });
  });
  it('passes over the silent, unless all are', async () => {
    expect(await served(serving(expected), refuse)).toMatchObject({ state: 'agreed', values: [expected] });
    expect(await served(refuse, refuse)).toMatchObject({
      state: 'unknown',
      reason: 'ns1.example.net (192.0.2.1) refuses to answer',
    });
  });
  it('knows nothing of a domain that is not delegated', async () => {
    expect(await served(refuse, refuse, 'a.unregistered.com')).toMatchObject({ state: 'unknown' });
  });
});
