/**
 * Drives a message through a milter as Postfix 3.7 does for mail that the server itself submits, and collects what the milter
 * would have the MTA change. Nothing is delivered: an MTA is not involved.
 */
import type { Duplex } from 'node:stream';
import type { Header } from './milter-draft.ts';
import { Draft } from './milter-draft.ts';
import type { Packet } from './milter-packet.ts';
import {
  allActions,
  chunkSize,
  createPacketStream,
  MilterError,
  offeredProtocol,
  packet,
  protocol,
  protocolVersion,
  stringsOf,
  uint32,
} from './milter-packet.ts';

export interface MilterMessage {
  readonly sender: string;
  readonly recipient: string;
  readonly queueId: string;
  readonly headers: readonly Header[];
  /** With CRLF line ends. */
  readonly body: Buffer;
  /** Name of the user who logged in; null: submitted by the server itself. */
  readonly user: string | null;
}

export interface MilterOutcome {
  /** The message as the MTA would send it on. */
  readonly headers: readonly Header[];
  readonly body: Buffer;
  /** `refused`: it was rejected, deferred or discarded; `reply` says how. */
  readonly verdict: 'accepted' | 'refused';
  readonly reply: string | null;
}

export interface MilterConnection {
  /** One message after the other. Rejects with a MilterError; the connection is of no use then. */
  send(message: MilterMessage): Promise<MilterOutcome>;
  /** Says good-bye and closes. */
  close(): void;
}

export interface MilterTimes {
  /** Milliseconds for one answer. */
  readonly replyMs: number;
  /** Milliseconds for the answer to the end of a message: the signer may ask DNS. */
  readonly messageMs: number;
}

/** More changes than any filter makes; beyond it the message is given up. */
const changeLimit = 500;
const changeBytes = 8 * 1024 * 1024;

const replies = {
  continue: 'c',
  accept: 'a',
  reject: 'r',
  discard: 'd',
  tempfail: 't',
  code: 'y',
  progress: 'p',
  skip: 's',
};
const finals = new Set(['c', 'a', 'r', 'd', 't', 'y', 's', '4', 'f']);

interface Stage {
  readonly macroStage: string;
  readonly omit: number;
  readonly silent: number;
}

const stages = {
  connect: { macroStage: 'C', omit: protocol.noConnect, silent: protocol.noReplyConnect },
  helo: { macroStage: 'H', omit: protocol.noHelo, silent: protocol.noReplyHelo },
  mail: { macroStage: 'M', omit: protocol.noMail, silent: protocol.noReplyMail },
  recipient: { macroStage: 'R', omit: protocol.noRecipient, silent: protocol.noReplyRecipient },
  data: { macroStage: 'T', omit: protocol.noData, silent: protocol.noReplyData },
  header: { macroStage: 'L', omit: protocol.noHeaders, silent: protocol.noReplyHeader },
  endOfHeaders: { macroStage: 'N', omit: protocol.noEndOfHeaders, silent: protocol.noReplyEndOfHeaders },
  body: { macroStage: 'B', omit: protocol.noBody, silent: protocol.noReplyBody },
} as const satisfies Record<string, Stage>;

type Macros = readonly (readonly [name: string, value: string])[];

function macroPacket(stage: string, macros: Macros): Buffer {
  return packet('D', stage, macros.map(([name, value]) => `${name}\0${value}\0`).join(''));
}

function verdictOf(reply: Packet): Pick<MilterOutcome, 'verdict' | 'reply'> {
  switch (reply.command) {
    case replies.reject:
      return { verdict: 'refused', reply: 'reject' };
    case replies.discard:
      return { verdict: 'refused', reply: 'discard' };
    case replies.tempfail:
      return { verdict: 'refused', reply: 'try again later' };
    case replies.code:
      return { verdict: 'refused', reply: stringsOf(Buffer.concat([reply.data, Buffer.from([0])]))[0] ?? 'reject' };
    case '4':
    case 'f':
      return { verdict: 'refused', reply: 'the signer wants the connection closed' };
    default:
      return { verdict: 'accepted', reply: null };
  }
}

/** What the MTA says of itself and of the client: mail from the server itself. */
const hostMacros: Macros = [
  ['j', 'localhost.localdomain'],
  ['{daemon_name}', 'localhost.localdomain'],
  ['{daemon_addr}', '127.0.0.1'],
  ['v', 'Postfix 3.7'],
  ['_', 'localhost [127.0.0.1]'],
  ['{client_addr}', '127.0.0.1'],
  ['{client_name}', 'localhost'],
  ['{client_ptr}', 'localhost'],
  ['{client_port}', '0'],
  ['{client_connections}', '0'],
];

function mailMacros(message: MilterMessage): Macros {
  const domain = message.sender.slice(message.sender.lastIndexOf('@') + 1);
  const login: Macros =
    message.user === null
      ? []
      : [
          ['{auth_type}', 'PLAIN'],
          ['{auth_authen}', message.user],
          ['{auth_author}', message.sender],
        ];
  return [
    ['i', message.queueId],
    ...login,
    ['{mail_addr}', message.sender],
    ['{mail_host}', domain],
    ['{mail_mailer}', 'smtp'],
  ];
}

/** Negotiates, and tells the milter of a connection from localhost. `stream` is the socket that the MTA would connect to. */
export async function openMilter(stream: Duplex, times: MilterTimes): Promise<MilterConnection> {
  const wire = createPacketStream(stream);
  wire.write(packet('O', uint32(protocolVersion), uint32(allActions), uint32(offeredProtocol)));
  const agreed = await wire.read(times.replyMs);
  if (agreed.command !== 'O' || agreed.data.length < 12) {
    wire.end();
    throw new MilterError('the signer does not speak the milter protocol');
  }
  const version = agreed.data.readUInt32BE(0);
  if (version < 2 || version > protocolVersion) {
    wire.end();
    throw new MilterError(`the signer speaks version ${version} of the milter protocol`);
  }
  const bits = agreed.data.readUInt32BE(8) & offeredProtocol;
  const agreedTo = (bit: number) => (bits & bit) !== 0;
  const leadingSpace = agreedTo(protocol.headerLeadingSpace);
  /** The milter wants nothing to do with anything from this connection. */
  let waved: Packet | null = null;

  /** The next reply that is not "wait"; bounded by the time for one reply each, and a number of them. */
  async function reply(timeoutMs: number): Promise<Packet> {
    const until = Date.now() + times.messageMs;
    for (;;) {
      const got = await wire.read(Math.min(timeoutMs, Math.max(1, until - Date.now())));
      if (got.command !== replies.progress) return got;
    }
  }

  /** null: go on. Else the reply that ends the message. `skip` ends only the stage, and is given too. */
  async function step(
    stage: Stage,
    macros: Macros,
    command: string,
    ...data: readonly (string | Buffer)[]
  ): Promise<Packet | null> {
    if (agreedTo(stage.omit)) return null;
    const parts = macros.length > 0 ? [macroPacket(stage.macroStage, macros)] : [];
    wire.write(Buffer.concat([...parts, packet(command, ...data)]));
    if (agreedTo(stage.silent)) return null;
    const got = await reply(times.replyMs);
    if (!finals.has(got.command)) throw new MilterError('the signer answers out of turn');
    return got.command === replies.continue ? null : got;
  }

  async function sendBody(body: Buffer): Promise<Packet | null> {
    for (let at = 0; at < body.length; at += chunkSize) {
      const got = await step(stages.body, [], 'B', body.subarray(at, at + chunkSize));
      if (got?.command === replies.skip) return null;
      if (got !== null) return got;
    }
    return null;
  }

  async function sendHeaders(headers: readonly Header[], id: Macros): Promise<Packet | null> {
    for (const header of headers) {
      const value = header.value.replaceAll('\r\n', '\n');
      const sent = leadingSpace ? value : value.replace(/^ /, '');
      const got = await step(stages.header, id, 'L', `${header.name}\0`, `${sent}\0`);
      if (got !== null) return got;
    }
    return null;
  }

  async function upToBody(message: MilterMessage): Promise<Packet | null> {
    const id: Macros = [['i', message.queueId]];
    const recipient: Macros = [
      ...id,
      ['{rcpt_addr}', message.recipient],
      ['{rcpt_host}', 'localhost'],
      ['{rcpt_mailer}', 'smtp'],
    ];
    return (
      (await step(stages.mail, mailMacros(message), 'M', `<${message.sender}>\0`)) ??
      (await step(stages.recipient, recipient, 'R', `<${message.recipient}>\0`)) ??
      (await step(stages.data, id, 'T')) ??
      (await sendHeaders(message.headers, id)) ??
      (await step(stages.endOfHeaders, id, 'N')) ??
      (await sendBody(message.body))
    );
  }

  async function send(message: MilterMessage): Promise<MilterOutcome> {
    const unchanged = { headers: message.headers, body: message.body };
    if (waved !== null) return { ...unchanged, ...verdictOf(waved) };
    const early = await upToBody(message);
    if (early !== null) {
      wire.write(packet('A'));
      return { ...unchanged, ...verdictOf(early) };
    }
    const draft = new Draft(message.headers, message.body, leadingSpace);
    wire.write(Buffer.concat([macroPacket('E', [['i', message.queueId]]), packet('E')]));
    let bytes = 0;
    for (let count = 0; count < changeLimit && bytes < changeBytes; count += 1) {
      const got = await reply(times.messageMs);
      if (finals.has(got.command)) return { headers: draft.headers, body: draft.body, ...verdictOf(got) };
      bytes += got.data.length;
      draft.apply(got);
    }
    throw new MilterError('the signer makes changes without end');
  }

  try {
    const family = Buffer.from([0x34, 0, 0]);
    waved =
      (await step(stages.connect, hostMacros, 'C', 'localhost\0', family, '127.0.0.1\0')) ??
      (await step(stages.helo, [], 'H', 'localhost\0'));
  } catch (error) {
    wire.end();
    throw error;
  }
  return {
    send: async message => {
      try {
        return await send(message);
      } catch (error) {
        wire.end();
        throw error;
      }
    },
    close: () => {
      wire.write(packet('Q'));
      wire.end();
    },
  };
}
