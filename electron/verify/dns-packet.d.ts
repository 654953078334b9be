/** The part of dns-packet (which ships no types) that is used. `decode` throws for what is no DNS message. */
declare module 'dns-packet' {
  export const AUTHORITATIVE_ANSWER: number;
  export const RECURSION_DESIRED: number;

  export interface PacketQuestion {
    readonly name: string;
    readonly type: string;
    readonly class?: string;
  }
  export interface PacketRecord {
    readonly name: string;
    readonly type: string;
    readonly class?: string;
    readonly ttl?: number;
    readonly data?: unknown;
  }
  export interface OptRecord {
    readonly type: 'OPT';
    readonly name: '.';
    readonly udpPayloadSize: number;
    readonly flags: number;
    readonly options: readonly never[];
  }
  export interface Message {
    readonly type: 'query' | 'response';
    readonly id: number;
    /** The low four bits are the RCODE of a response. */
    readonly flags: number;
    readonly questions: readonly PacketQuestion[];
    readonly answers?: readonly PacketRecord[];
    readonly authorities?: readonly PacketRecord[];
    readonly additionals?: readonly OptRecord[];
  }
  export interface Packet {
    readonly id: number;
    readonly type: 'query' | 'response';
    readonly rcode: string;
    readonly flag_aa: boolean;
    readonly flag_tc: boolean;
    readonly questions: readonly PacketQuestion[];
    readonly answers: readonly PacketRecord[];
    readonly authorities: readonly PacketRecord[];
    readonly additionals: readonly PacketRecord[];
  }
  /** With the two octets of length that DNS over TCP has (RFC 1035, 4.2.2). */
  export function streamEncode(message: Message): Buffer;
  export function decode(message: Buffer): Packet;
}
