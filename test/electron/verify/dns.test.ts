import type { Packet } from 'dns-packet';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDnsClient } from '../../../electron/verify/dns.ts';
import type { Question } from '../../../electron/verify/dns-message.ts';
import { decodeReply, encodeQuestion, readAnswer } from '../../../electron/verify/dns-message.ts';
import type { Behaviour, Reply } from './dns-peer.ts';
import { answering, createPeers, encodeReply, record, soa, txt } from './dns-peer.ts';

const server = { address: '192.0.2.1' };
const ask = (...names: readonly string[]): readonly Question[] =>
  names.map(name => ({ name, type: 'TXT', recursive: false }));
const many = ask(...Array.from({ length: 300 }, (_, i) => `n${i}.example.com`));
const echo = (name: string): Reply => ({ answers: [txt(name, name)] });
const valuesOf = (answers: readonly unknown[]) =>
  answers.map(answer => (answer as { records?: { value: string }[] }).records?.[0]?.value);

function clientOf(behaviour: Behaviour, options = {}) {
  const peers = createPeers({ '192.0.2.1': behaviour });
  return { client: createDnsClient(peers.connect, { timeoutMs: 1000, ...options }), peers };
}

describe('the DNS client', () => {
  it('asks everything over one connection and takes answers in any order', async () => {
    const held: (() => void)[] = [];
    const { client, peers } = clientOf((query, stream) => {
      held.push(() => stream.write(encodeReply(query, echo(query.questions[0]?.name ?? ''))));
      setImmediate(() => held.pop()?.());
    });
    const answers = await client.query(server, many);
    expect(valuesOf(answers)).toEqual(many.map(question => question.name));
    expect(peers.connections.get('192.0.2.1')).toBe(1);
  });

  it('joins strings, keeps bytes, and offers EDNS', async () => {
    let edns = false;
    const { client } = clientOf((query, stream) => {
      edns = query.additionals.some(additional => additional.type === 'OPT');
      stream.write(encodeReply(query, { answers: [txt('a.example.com', 'v=DK', 'IM1; p=\u00e9')] }));
    });
    const answers = await client.query(server, ask('a.example.com'));
    expect(valuesOf(answers)).toEqual(['v=DKIM1; p=\u00e9']);
    expect(edns).toBe(true);
  });

  it('asks a server that knows no EDNS again without it', async () => {
    const { client } = clientOf((query, stream) => {
      const reply: Reply = query.additionals.length > 0 ? { rcode: 'FORMERR' } : echo('a.example.com');
      stream.write(encodeReply(query, reply));
    });
    expect(valuesOf(await client.query(server, ask('a.example.com')))).toEqual(['a.example.com']);
  });

  it('tells what kind of answer it got', async () => {
    const replies: Readonly<Record<string, Reply>> = {
      'nx.example.com': { rcode: 'NXDOMAIN', authorities: [soa('example.com')] },
      'empty.example.com': { authorities: [soa('example.com')] },
      'refused.example.com': { rcode: 'REFUSED' },
      'broken.example.com': { rcode: 'SERVFAIL' },
      'away.example.com': { answers: [record('away.example.com', 'CNAME', 'x.example.net')] },
      'alias.example.com': {
        answers: [record('alias.example.com', 'CNAME', 'B.example.com'), txt('b.example.com', 'v')],
      },
      'loop.example.com': {
        answers: [
          record('loop.example.com', 'CNAME', 'pool.example.com'),
          record('pool.example.com', 'CNAME', 'loop.example.com'),
        ],
      },
      'cut.example.com': { truncated: true },
      'other.example.com': { answers: [txt('elsewhere.example.com', 'v')] },
    };
    const { client } = clientOf(answering(name => replies[name] ?? {}));
    const answers = await client.query(server, ask(...Object.keys(replies)));
    expect(answers).toMatchObject([
      { kind: 'nxdomain', authoritative: true, authority: [{ name: 'example.com', type: 'SOA' }] },
      { kind: 'nodata' },
      { kind: 'refused' },
      { kind: 'servfail' },
      { kind: 'cname', target: 'x.example.net' },
      { kind: 'records', alias: 'b.example.com' },
      { kind: 'malformed' },
      { kind: 'malformed', detail: 'it is cut short' },
      { kind: 'nodata' },
    ]);
  });

  it('asks again what a server had not answered when it closed, with every connection that brings it further', async () => {
    let answered = 0;
    const { client, peers } = clientOf((query, stream, connection) => {
      answered += 1;
      if (answered > connection * 100) stream.destroy();
      else stream.write(encodeReply(query, echo(query.questions[0]?.name ?? '')));
    });
    const answers = await client.query(server, many);
    expect(valuesOf(answers)).toEqual(many.map(question => question.name));
    expect(peers.connections.get('192.0.2.1')).toBeLessThan(10);
  });

  it('gives up on a server that closes twice without an answer', async () => {
    const { client, peers } = clientOf((_, stream) => stream.destroy());
    const answers = await client.query(server, many);
    expect(new Set(answers.map(answer => answer.kind))).toEqual(new Set(['unreachable']));
    expect(peers.connections.get('192.0.2.1')).toBe(2);
  });

  it('gives up a silent server once for all questions', async () => {
    const { client } = clientOf(() => {}, { timeoutMs: 200 });
    const start = Date.now();
    const answers = await client.query(server, many);
    expect(new Set(answers.map(answer => answer.kind))).toEqual(new Set(['timeout']));
    // once, not once for each question
    expect(Date.now() - start).toBeLessThan((many.length * 200) / 2);
  });

  it('waits for one slow answer without losing the others', async () => {
    const { client } = clientOf((query, stream) => {
      const name = query.questions[0]?.name ?? '';
      if (name !== 'n7.example.com') setTimeout(() => stream.write(encodeReply(query, echo(name))), 20);
    });
    const answers = await client.query(server, many);
    expect(answers.filter(answer => answer.kind === 'timeout')).toHaveLength(1);
    expect(answers[7]).toEqual({ kind: 'timeout' });
  });

  it('bounds the whole call', async () => {
    const { client } = clientOf(
      (query, stream) => setTimeout(() => stream.write(encodeReply(query, echo(query.questions[0]?.name ?? ''))), 90),
      { timeoutMs: 150, totalMs: 250 },
    );
    const start = Date.now();
    const answers = await client.query(server, many);
    expect(Date.now() - start).toBeLessThan(5000);
    expect(answers.some(answer => answer.kind === 'timeout')).toBe(true);
    expect(answers[0]?.kind).toBe('records');
  });

  it.each<[string, Behaviour]>([
    ['garbage', (_, stream) => void stream.write(Buffer.from('\u0000\u0005hello'))],
    ['an empty message', (_, stream) => void stream.write(Buffer.from([0, 0]))],
    ['a question instead of an answer', (query, stream) => void stream.write(encodeReply(query, {}).fill(0, 4, 5))],
    [
      'an endless stream of replies to nothing',
      (query, stream) => {
        for (let i = 0; i < 100; i += 1) stream.write(encodeReply(query, {}, (query.id + 1 + i) % 0x10000));
      },
    ],
    [
      'the answer to another question',
      (query, stream) => {
        const other = { ...query, questions: [{ name: 'evil.example.com', type: 'TXT' }] };
        stream.write(encodeReply(other, { answers: [txt('a.example.com', 'evil')] }));
      },
    ],
  ])('is not fooled by %s', async (_, behaviour) => {
    const { client } = clientOf(behaviour);
    const [answer] = await client.query(server, ask('a.example.com'));
    expect(answer?.kind).toBe('malformed');
  });

  it('says why there is no connection, in printable text', async () => {
    const { client } = clientOf(() => {});
    const [answer] = await client.query({ address: '192.0.2.99' }, ask('a.example.com'));
    expect(answer).toEqual({ kind: 'unreachable', detail: 'connection refused \\u{1b}[31m' });
  });

  it('gives up a connection that is never made, and closes it if it comes late', async () => {
    let late: (() => void) | undefined;
    const { peers } = clientOf(answering(echo));
    const client = createDnsClient(
      async target => {
        await new Promise<void>(resolve => {
          late = resolve;
        });
        return peers.connect(target);
      },
      { timeoutMs: 50 },
    );
    expect(await client.query(server, ask('a.example.com'))).toEqual([{ kind: 'timeout' }]);
    late?.();
    await expect.poll(() => peers.connections.get('192.0.2.1')).toBe(1);
    await expect.poll(() => peers.most()).toBe(1);
  });

  it('keeps to its number of connections, and lets every server have its turn', async () => {
    const addresses = Array.from({ length: 20 }, (_, i) => `192.0.2.${i + 1}`);
    const peers = createPeers(Object.fromEntries(addresses.map(address => [address, answering(echo)])));
    const client = createDnsClient(peers.connect, { connections: 3 });
    const answers = await Promise.all(addresses.map(address => client.query({ address }, many.slice(0, 5))));
    expect(answers.flat().every(answer => answer.kind === 'records')).toBe(true);
    expect(peers.most()).toBe(3);
  });

  it('ends everything when it is closed', async () => {
    const { client } = clientOf(() => {}, { timeoutMs: 5000 });
    const asked = client.query(server, ask('a.example.com'));
    await new Promise(setImmediate);
    client.close();
    expect(await asked).toMatchObject([{ kind: 'unreachable' }]);
  });
});

describe('hostile messages', () => {
  it('never do more harm than to be malformed', () => {
    const question: Question = { name: 'a.example.com', type: 'TXT', recursive: false };
    const query = encodeQuestion(7, question, true).subarray(2);
    const packet: Packet = {
      id: 7,
      type: 'query',
      rcode: 'NOERROR',
      flag_aa: false,
      flag_tc: false,
      questions: [question],
      answers: [],
      authorities: [],
      additionals: [],
    };
    const reply = encodeReply(packet, {
      answers: [record('a.example.com', 'CNAME', 'b.example.com'), txt('b.example.com', 'x'.repeat(200), 'y')],
      authorities: [soa('example.com'), record('example.com', 'NS', 'ns.example.com')],
    }).subarray(2);
    const places = fc.array(fc.tuple(fc.nat(reply.length - 1), fc.nat(255)), { maxLength: 6 });
    const mutated = fc.tuple(places, fc.nat(reply.length)).map(([changes, length]) => {
      const bytes = Buffer.from(reply);
      for (const [at, value] of changes) bytes[at] = value;
      return length % 3 === 0 ? bytes.subarray(0, length) : bytes;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 }).map(Buffer.from)), bytes => {
        const decoded = decodeReply(Buffer.from(bytes));
        const kind = decoded === null ? 'none' : readAnswer(decoded.packet, question).kind;
        expect(kind).toMatch(/^(none|records|cname|nxdomain|nodata|refused|servfail|malformed)$/);
      }),
      { numRuns: 3000 },
    );
    expect(decodeReply(query)).toBeNull();
  });
});
