/** A signer in memory, at the port where an MTA would connect: the milter protocol as libmilter speaks it, and real signatures. */
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';

interface Command {
  readonly command: string;
  readonly data: Buffer;
}

export function frame(command: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(
    [command, ...parts].map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: string;
}

export interface SignerPeerOptions {
  readonly keys?: readonly SigningKey[];
  /** Protocol bits that it asks for. */
  readonly protocol?: number;
  readonly version?: number;
  /** Signs only for users who logged in. */
  readonly authenticatedOnly?: boolean;
  /** What to say to a command instead of "continue"; null: the connection ends. */
  readonly reply?: (command: string, count: number) => Buffer | null | undefined;
  /** Packets before the last reply of a message. */
  readonly changes?: readonly Buffer[];
}

const noReply: Readonly<Record<string, number>> = {
  L: 0x80,
  C: 0x1000,
  H: 0x2000,
  M: 0x4000,
  R: 0x8000,
  T: 0x10000,
  N: 0x40000,
  B: 0x80000,
};

export interface SignerPeer {
  readonly server: string;
  connect(): Promise<Duplex>;
  /** Every command that came, one list for each connection; macros as "D<stage>". */
  readonly seen: string[][];
  readonly macros: string[];
  /** "name:value" of every header that came. */
  readonly headers: string[];
}

export function createSignerPeer(options: SignerPeerOptions = {}): SignerPeer {
  const { keys = [], protocol = 0, version = 6, authenticatedOnly = false, changes = [] } = options;
  const seen: string[][] = [];
  const macros: string[] = [];
  const headers: string[] = [];
  const leadingSpace = (protocol & 0x100000) !== 0;

  function serve(stream: Duplex): void {
    const commands: string[] = [];
    seen.push(commands);
    let message: string[] = [];
    let body: Buffer[] = [];
    let sender = '';
    let authenticated = false;
    let received = Buffer.alloc(0);

    async function endOfMessage(): Promise<void> {
      const domain = sender.slice(sender.lastIndexOf('@') + 1, -1);
      const raw = Buffer.concat([Buffer.from(`${message.join('')}\r\n`, 'latin1'), ...body]);
      for (const key of keys.filter(one => one.domain === domain && (!authenticatedOnly || authenticated))) {
        const signed = await dkimSign(raw, {
          canonicalization: 'relaxed/simple',
          signingDomain: domain,
          selector: key.selector,
          privateKey: key.privateKey,
          signatureData: [{ signingDomain: domain, selector: key.selector, privateKey: key.privateKey }],
        });
        const value = signed.signatures.slice('DKIM-Signature:'.length).trimEnd().replaceAll('\r\n', '\n');
        stream.write(frame('i', uint32(0), 'DKIM-Signature\0', `${leadingSpace ? value : value.trimStart()}\0`));
      }
      for (const change of changes) stream.write(change);
      stream.write(options.reply?.('E', commands.length) ?? frame('c'));
    }

    async function take({ command, data }: Command): Promise<void> {
      const text = data.toString('latin1');
      commands.push(command === 'D' ? `D${text.slice(0, 1)}` : command);
      const reply = options.reply?.(command, commands.length);
      if (reply === null) {
        stream.destroy();
        return;
      }
      const [first = '', second = ''] = text.split('\0');
      if (command === 'D') {
        macros.push(text);
        if (text.startsWith('M')) authenticated = text.includes('{auth_authen}\0');
        return;
      }
      if (command === 'A' || command === 'Q') return;
      if (command === 'O') {
        stream.write(reply ?? frame('O', uint32(version), uint32(0x1ff), uint32(protocol)));
        return;
      }
      if (command === 'M') {
        sender = first;
        message = [];
        body = [];
      }
      if (command === 'L') {
        headers.push(`${first}:${second}`);
        message.push(`${first}:${leadingSpace ? '' : ' '}${second.replaceAll('\n', '\r\n')}\r\n`);
      }
      if (command === 'B') body.push(data);
      if (command === 'E') await endOfMessage();
      else if (((noReply[command] ?? 0) & protocol) === 0) stream.write(reply ?? frame('c'));
    }

    let turn = Promise.resolve();
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        const end = 4 + received.readUInt32BE(0);
        const packet = { command: received.toString('latin1', 4, 5), data: received.subarray(5, end) };
        received = received.subarray(end);
        turn = turn.then(() => take(packet));
      }
    });
  }

  return {
    server: 'mx1',
    seen,
    macros,
    headers,
    connect: async () => {
      const [near, far] = duplexPair();
      near.on('close', () => far.destroy());
      serve(far);
      return near;
    },
  };
}
