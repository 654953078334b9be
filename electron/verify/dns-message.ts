/** DNS messages (RFC 1035, 6891) in the few shapes that verification needs. Whatever comes in is hostile until it is one of them. */
import { decode, RECURSION_DESIRED, streamEncode } from 'dns-packet';
import type { Packet, PacketRecord } from 'dns-packet';
import { isIP } from 'node:net';
import { normalizeName } from '../../shared/dns/txt.ts';
import type { Unanswered } from './api.ts';

export interface Question {
  /** Absolute, lower case, without the final dot. */
  readonly name: string;
  readonly type: 'SOA' | 'NS' | 'A' | 'AAAA' | 'TXT';
  /** Asked of a resolver, not of an authoritative server. */
  readonly recursive: boolean;
}

interface DnsRecord {
  readonly name: string;
  readonly type: string;
  /** TXT: the joined strings, as a byte string; NS and CNAME: a name; A and AAAA: an address; SOA: empty. */
  readonly value: string;
}

export type Answer =
  | {
      readonly kind: 'records';
      readonly authoritative: boolean;
      readonly records: readonly DnsRecord[];
      /** Where the records stand, when the name is an alias. */
      readonly alias: string | null;
    }
  | { readonly kind: 'cname'; readonly authoritative: boolean; readonly target: string }
  | {
      readonly kind: 'nxdomain' | 'nodata';
      readonly authoritative: boolean;
      readonly authority: readonly DnsRecord[];
    }
  | Unanswered;

export interface Reply {
  readonly id: number;
  readonly packet: Packet;
}

const payloadSize = 1232;
const longestAliasChain = 16;

export function encodeQuestion(id: number, question: Question, edns: boolean): Buffer {
  return streamEncode({
    type: 'query',
    id,
    flags: question.recursive ? RECURSION_DESIRED : 0,
    questions: [{ name: question.name === '' ? '.' : question.name, type: question.type }],
    additionals: edns ? [{ type: 'OPT', name: '.', udpPayloadSize: payloadSize, flags: 0, options: [] }] : [],
  });
}

/** null: not a DNS response. */
export function decodeReply(message: Buffer): Reply | null {
  try {
    const packet = decode(message);
    return packet.type === 'response' ? { id: packet.id, packet } : null;
  } catch {
    return null;
  }
}

function valueOf(record: PacketRecord): string | null {
  const { data } = record;
  switch (record.type) {
    case 'TXT': {
      const strings: unknown[] = Array.isArray(data) ? data : [data];
      return strings.every(string => Buffer.isBuffer(string)) ? Buffer.concat(strings).toString('latin1') : null;
    }
    case 'NS':
    case 'CNAME':
      return typeof data === 'string' ? normalizeName(data) : null;
    case 'A':
    case 'AAAA':
      return typeof data === 'string' && isIP(data) !== 0 ? data : null;
    case 'SOA':
      return '';
    default:
      return null;
  }
}

function recordsOf(records: readonly PacketRecord[]): readonly DnsRecord[] {
  return records.flatMap(record => {
    const value = record.class === undefined || record.class === 'IN' ? valueOf(record) : null;
    return value === null ? [] : [{ name: normalizeName(record.name), type: record.type, value }];
  });
}

export function answersQuestion(packet: Packet, question: Question): boolean {
  const [asked, ...others] = packet.questions;
  // a server that refuses may leave the question out
  if (asked === undefined) return packet.rcode !== 'NOERROR' && packet.rcode !== 'NXDOMAIN';
  return others.length === 0 && asked.type === question.type && normalizeName(asked.name) === question.name;
}

/** Whether the server fell over the EDNS option (RFC 6891, 7). */
export function refusesEdns(packet: Packet): boolean {
  return packet.rcode === 'FORMERR' || packet.rcode === 'NOTIMP';
}

export function readAnswer(packet: Packet, question: Question): Answer {
  if (packet.rcode === 'REFUSED' || packet.rcode === 'NOTAUTH') return { kind: 'refused' };
  if (packet.rcode === 'SERVFAIL') return { kind: 'servfail' };
  if (packet.rcode !== 'NOERROR' && packet.rcode !== 'NXDOMAIN') return { kind: 'malformed', detail: packet.rcode };
  if (packet.flag_tc) return { kind: 'malformed', detail: 'it is cut short' };
  const authoritative = packet.flag_aa;
  const answers = recordsOf(packet.answers);
  let name = question.name;
  for (let step = 0; step < longestAliasChain; step += 1) {
    const records = answers.filter(record => record.name === name && record.type === question.type);
    const alias = name === question.name ? null : name;
    if (records.length > 0) return { kind: 'records', authoritative, records, alias };
    const next = answers.find(record => record.name === name && record.type === 'CNAME');
    if (next === undefined) {
      if (alias !== null) return { kind: 'cname', authoritative, target: alias };
      const authority = recordsOf(packet.authorities);
      return { kind: packet.rcode === 'NXDOMAIN' ? 'nxdomain' : 'nodata', authoritative, authority };
    }
    name = next.value;
  }
  return { kind: 'malformed', detail: 'its aliases have no end' };
}
