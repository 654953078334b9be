/**
 * Proves what a signer does: a synthetic message of a domain is driven through it as the MTA would, and the signature that
 * comes back is verified with the key as served. No mail is sent.
 */
import { randomBytes } from 'node:crypto';
import { keyName } from '../../shared/dkim/names.ts';
import { printable } from '../../shared/text.ts';
import type { ConnectTarget, Session } from '../transport/api.ts';
import type { LookupTxt, ProbeResult, ProbeWish } from './api.ts';
import type { MilterConnection, MilterMessage, MilterOutcome } from './milter.ts';
import { openMilter } from './milter.ts';
import type { Header } from './milter-draft.ts';
import { MilterError } from './milter-packet.ts';
import type { ProbePlace } from './probe-verdict.ts';
import { brokenProbe, judge } from './probe-verdict.ts';
import { signaturesOf, verifySignatures } from './signatures.ts';

export interface ProbeOptions {
  /** Connections to the signer at a time. Default 3: each is an SSH channel. */
  readonly connections?: number;
  /** Milliseconds for the signer's answer to one command. Default 10 s. */
  readonly replyMs?: number;
  /** Milliseconds for its answer to the end of a message. Default 30 s. */
  readonly messageMs?: number;
  /** The clock, for the Date field. */
  readonly now?: () => Date;
}

/** What breaks weak signers and verifiers: 8-bit text, trailing blanks, a line that begins with a dot, blank lines at the end. */
const body = Buffer.from(
  [
    'Žluťoučký kůň: a probe of Signet. It is never sent.',
    'trailing blanks  \t ',
    '.',
    'tab\tand  two blanks',
    '',
    '',
    '',
  ].join('\r\n'),
  'utf8',
);

/** RFC 5322, 3.3 in UTC. */
function dateField(date: Date): string {
  return date.toUTCString().replace(/GMT$/, '+0000');
}

function messageFor(domain: string, user: string | null, now: Date): MilterMessage {
  const sender = `probe@${domain}`;
  const id = randomBytes(8).toString('hex');
  const fields: readonly (readonly [string, string])[] = [
    ['From', `Signet probe <${sender}>`],
    ['To', 'probe@localhost.localdomain'],
    ['Subject', 'Signet probe (never sent)'],
    ['Date', dateField(now)],
    ['Message-ID', `<${id}@${domain}>`],
    ['MIME-Version', '1.0'],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Transfer-Encoding', '8bit'],
  ];
  const headers = fields.map(([name, value]): Header => ({ name, value: ` ${value}` }));
  return { sender, recipient: 'probe@localhost.localdomain', queueId: `signet${id}`, headers, body, user };
}

function describe(target: ConnectTarget): string {
  return 'path' in target ? target.path : `${target.host}:${target.port}`;
}

/** One connection to the signer that is made when needed, and made anew once when it breaks (a signer that reloads). */
class Line {
  readonly #open: () => Promise<MilterConnection>;
  #connection: MilterConnection | null = null;
  constructor(open: () => Promise<MilterConnection>) {
    this.#open = open;
  }

  async send(message: MilterMessage): Promise<MilterOutcome> {
    const used = this.#connection !== null;
    try {
      return await this.#once(message);
    } catch (error) {
      if (!used || !(error instanceof MilterError)) throw error;
      return this.#once(message);
    }
  }

  async #once(message: MilterMessage): Promise<MilterOutcome> {
    this.#connection ??= await this.#open();
    try {
      return await this.#connection.send(message);
    } catch (error) {
      this.#connection = null;
      throw error;
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }
}

/** Failures in a row, each after a second try, after which the signer is not bothered again. */
const patience = 3;

/** What the signer made of the message of one domain. */
interface Driven {
  readonly signedAs: ProbeResult['signedAs'];
  readonly headers: readonly Header[];
  readonly body: Buffer;
  readonly refusal: string | null;
}

async function drive(line: Line, domain: string, now: () => Date): Promise<Driven> {
  let refusal: string | null = null;
  for (const signedAs of ['local', 'authenticated'] as const) {
    const user = signedAs === 'local' ? null : `probe@${domain}`;
    const { headers, body, verdict, reply } = await line.send(messageFor(domain, user, now()));
    if (verdict === 'refused') refusal ??= printable(reply ?? 'reject');
    else if (signaturesOf(headers).some(signature => signature.domain === domain)) {
      return { signedAs, headers, body, refusal: null };
    }
  }
  return { signedAs: null, headers: [], body: Buffer.alloc(0), refusal };
}

/** Asks for all keys at once, each one time: asked together, they travel together. */
function gatherKeys(driven: readonly (Driven | Error)[], lookupTxt: LookupTxt): LookupTxt {
  const found = new Map<string, ReturnType<LookupTxt>>();
  const lookup: LookupTxt = name => {
    const known = found.get(name) ?? lookupTxt(name);
    found.set(name, known);
    return known;
  };
  for (const one of driven) {
    for (const { selector, domain } of one instanceof Error ? [] : signaturesOf(one.headers)) {
      // a failed look-up is told by the verification that needs it
      lookup(keyName(selector, domain)).catch(() => {});
    }
  }
  return lookup;
}

/**
 * Probes each domain through the milters at `endpoints`, each by itself: what counts is what they do together. Several messages
 * travel on a connection, and a few connections are open at a time.
 * Domains as A-labels. Results in the order of the wishes; what goes wrong is a problem in the result, and nothing rejects.
 * A domain that does not come back signed as mail from the server itself is tried once more as mail of a user who logged in.
 * `lookupTxt` is asked once for each key that a signature names, for all of them in one go; it is the only DNS that is used.
 */
export async function probeDomains(
  session: Pick<Session, 'server' | 'connect'>,
  endpoints: readonly ConnectTarget[],
  wishes: readonly ProbeWish[],
  lookupTxt: LookupTxt,
  options: ProbeOptions = {},
): Promise<readonly ProbeResult[]> {
  const { connections = 3, replyMs = 10_000, messageMs = 30_000, now = () => new Date() } = options;
  const place: ProbePlace = { server: session.server, endpoint: endpoints.map(describe).join(', ') };
  const driveAll = (endpoint: ConnectTarget) => {
    const open = async () =>
      openMilter(await session.connect(endpoint, AbortSignal.timeout(replyMs)), { replyMs, messageMs });
    return driveThrough(open, wishes, connections, now);
  };
  const driven = await Promise.all(endpoints.map(driveAll));
  const lookup = gatherKeys(driven.flat(), lookupTxt);
  const results: ProbeResult[] = [];
  for (const [index, wish] of wishes.entries()) {
    const own = driven.map(one => one[index] ?? new MilterError('nothing came back'));
    const messages: Driven[] = [];
    const broken: Error[] = [];
    for (const one of own) {
      if (one instanceof Error) broken.push(one);
      else messages.push(one);
    }
    if (broken[0] !== undefined) {
      results.push(brokenProbe(wish, place, broken[0]));
      continue;
    }
    const signatures = await Promise.all(messages.map(one => verifySignatures(one.headers, one.body, lookup)));
    results.push(
      judge(wish, place, {
        signedAs: messages.find(one => one.signedAs !== null)?.signedAs ?? null,
        signatures: signatures.flat(),
        refusal: messages.find(one => one.refusal !== null)?.refusal ?? null,
      }),
    );
  }
  return results;
}

/** What one milter makes of the message of each domain, in the order of the wishes. */
async function driveThrough(
  open: () => Promise<MilterConnection>,
  wishes: readonly ProbeWish[],
  connections: number,
  now: () => Date,
): Promise<readonly (Driven | Error)[]> {
  const driven: (Driven | Error)[] = [];
  const queue = wishes.entries();
  let failures = 0;
  const work = async (): Promise<void> => {
    const line = new Line(open);
    let last: Error = new MilterError('the signer failed several times in a row');
    for (const [index, wish] of queue) {
      try {
        if (failures >= patience) throw last;
        driven[index] = await drive(line, wish.domain, now);
        failures = 0;
      } catch (error) {
        last = error instanceof Error ? error : new MilterError(String(error));
        failures += 1;
        driven[index] = last;
      }
    }
    line.close();
  };
  await Promise.all(Array.from({ length: Math.min(connections, wishes.length) }, work));
  return driven;
}
