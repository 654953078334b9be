/** Name servers in memory, behind the port that the DNS client takes: real DNS messages over real streams. */
import { decode, streamEncode } from 'dns-packet';
import type { Packet, PacketRecord } from 'dns-packet';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { Connect } from '../../../electron/verify/api.ts';

const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const authoritativeBit = 0x0400;
const truncatedBit = 0x0200;

export interface Reply {
  readonly rcode?: keyof typeof rcodes;
  readonly answers?: readonly PacketRecord[];
  readonly authorities?: readonly PacketRecord[];
  readonly lame?: boolean;
  readonly truncated?: boolean;
}

export function encodeReply(query: Packet, reply: Reply, id = query.id): Buffer {
  return streamEncode({
    type: 'response',
    id,
    flags:
      rcodes[reply.rcode ?? 'NOERROR'] |
      (reply.lame === true ? 0 : authoritativeBit) |
      (reply.truncated === true ? truncatedBit : 0),
    questions: query.questions,
    answers: reply.answers ?? [],
    authorities: reply.authorities ?? [],
  });
}

/** What a server does with each message that comes; it writes to the stream itself. */
export type Behaviour = (query: Packet, stream: Duplex, connection: number) => void;

export interface Peers {
  readonly connect: Connect;
  /** Connections made so far, by address. */
  readonly connections: ReadonlyMap<string, number>;
  /** The largest number of connections open at a time. */
  readonly most: () => number;
}

export function createPeers(behaviours: Readonly<Record<string, Behaviour>>): Peers {
  const connections = new Map<string, number>();
  let open = 0;
  let most = 0;
  const connect: Connect = async target => {
    if ('path' in target) throw new Error('a DNS client wants an address');
    const behaviour = behaviours[target.host];
    if (behaviour === undefined || target.port !== 53) throw new Error('connection refused \u001b[31m');
    const number = (connections.get(target.host) ?? 0) + 1;
    connections.set(target.host, number);
    const [near, far] = duplexPair();
    open += 1;
    most = Math.max(most, open);
    near.on('close', () => {
      open -= 1;
      far.destroy();
    });
    far.on('error', () => {});
    let received = Buffer.alloc(0);
    far.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2 && !far.destroyed) {
        const end = received.readUInt16BE(0) + 2;
        const message = received.subarray(2, end);
        received = received.subarray(end);
        behaviour(decode(message), far, number);
      }
    });
    return near;
  };
  return { connect, connections, most: () => most };
}

/** A server that answers each question as `find` says. */
export function answering(find: (name: string, type: string) => Reply): Behaviour {
  return (query, stream) => {
    const [question] = query.questions;
    stream.write(encodeReply(query, find(question?.name ?? '', question?.type ?? '')));
  };
}

export function txt(name: string, ...strings: readonly string[]): PacketRecord {
  return { name, type: 'TXT', class: 'IN', ttl: 60, data: strings.map(string => Buffer.from(string, 'latin1')) };
}

export function soa(zone: string): PacketRecord {
  const data = { mname: `ns.${zone}`, rname: `h.${zone}`, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 };
  return { name: zone, type: 'SOA', class: 'IN', ttl: 60, data };
}

export function record(name: string, type: 'A' | 'AAAA' | 'NS' | 'CNAME', data: string): PacketRecord {
  return { name, type, class: 'IN', ttl: 60, data };
}
