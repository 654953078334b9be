/** Packets of the milter protocol, version 6 (libmilter/docs and include/libmilter/mfdef.h of sendmail 8.17; Postfix src/milter/milter8.c). */
import type { Duplex } from 'node:stream';

export const protocolVersion = 6;

/** What the MTA lets a filter change. All that Postfix 3.7 offers. */
export const allActions = 0x1ff;

/** What a filter may ask not to be sent, or not to have to answer. */
export const protocol = {
  noConnect: 0x1,
  noHelo: 0x2,
  noMail: 0x4,
  noRecipient: 0x8,
  noBody: 0x10,
  noHeaders: 0x20,
  noEndOfHeaders: 0x40,
  noReplyHeader: 0x80,
  noUnknown: 0x100,
  noData: 0x200,
  skip: 0x400,
  rejectedRecipients: 0x800,
  noReplyConnect: 0x1000,
  noReplyHelo: 0x2000,
  noReplyMail: 0x4000,
  noReplyRecipient: 0x8000,
  noReplyData: 0x10000,
  noReplyUnknown: 0x20000,
  noReplyEndOfHeaders: 0x40000,
  noReplyBody: 0x80000,
  headerLeadingSpace: 0x100000,
} as const;

/** All that this side can honour. */
export const offeredProtocol = Object.values(protocol).reduce((bits, bit) => bits | bit, 0);

/** Longest body packet (MILTER_CHUNK_SIZE). */
export const chunkSize = 65_535;
/** A filter sends headers, hardly more; a longer packet is an attack or another protocol. */
const longestPacket = 1024 * 1024;

export interface Packet {
  readonly command: string;
  readonly data: Buffer;
}

/** The connection ended, timed out, or what came is no milter packet. The message is for people, without hostile text. */
export class MilterError extends Error {
  override readonly name = 'MilterError';
}

export function packet(command: string, ...data: readonly (string | Buffer)[]): Buffer {
  const parts = [command, ...data].map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part));
  const body = Buffer.concat(parts);
  return Buffer.concat([uint32(body.length), body]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Strings that end with NUL, from `offset` on. */
export function stringsOf(data: Buffer, offset = 0): readonly string[] {
  const parts = data.subarray(offset).toString('latin1').split('\0');
  parts.pop();
  return parts;
}

export interface PacketStream {
  write(bytes: Buffer): void;
  /** Rejects with a MilterError after `timeoutMs`, when the connection ends, and for a packet that is too long. */
  read(timeoutMs: number): Promise<Packet>;
  end(): void;
}

export function createPacketStream(stream: Duplex): PacketStream {
  let received: Buffer = Buffer.alloc(0);
  let ended: MilterError | null = null;
  let wake: (() => void) | null = null;

  function fail(message: string): void {
    ended ??= new MilterError(message);
    stream.destroy();
    wake?.();
  }

  stream.on('error', () => fail('the connection to the signer broke'));
  stream.on('end', () => fail('the signer closed the connection'));
  stream.on('close', () => fail('the signer closed the connection'));
  stream.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    if (received.length > 2 * longestPacket) fail('the signer sends more than was asked for');
    wake?.();
  });

  function next(): Packet | null {
    if (received.length < 5) return null;
    const length = received.readUInt32BE(0);
    if (length === 0 || length > longestPacket) {
      fail('the signer does not speak the milter protocol (impossible packet length)');
      return null;
    }
    if (received.length < 4 + length) return null;
    const body = received.subarray(4, 4 + length);
    received = received.subarray(4 + length);
    return { command: body.toString('latin1', 0, 1), data: body.subarray(1) };
  }

  return {
    write: bytes => {
      if (ended === null) stream.write(bytes);
    },
    read: async timeoutMs => {
      const timer = setTimeout(() => fail('the signer does not answer in time'), timeoutMs);
      try {
        for (;;) {
          const found = next();
          if (found !== null) return found;
          if (ended !== null) throw ended;
          await new Promise<void>(resolve => {
            wake = resolve;
          });
          wake = null;
        }
      } finally {
        clearTimeout(timer);
      }
    },
    end: () => {
      ended ??= new MilterError('the connection was closed');
      stream.end();
      setTimeout(() => stream.destroy(), 500).unref();
    },
  };
}
