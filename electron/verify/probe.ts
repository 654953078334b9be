/**
 * Proves what a signer does: a synthetic message of a domain is driven through it as the MTA would, and the signature that
 * comes back is verified with the key as served. No mail is sent.
 */
import { randomBytes } from 'node:crypto';
import type { Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { ConnectTarget, Session } from '../transport/api.ts';
import type { LookupTxt, ProbeResult, ProbeWish } from './api.ts';
import type { MilterConnection, MilterMessage, MilterOutcome } from './milter.ts';
import { openMilter } from './milter.ts';
import type { Header } from './milter-draft.ts';
import { MilterError } from './milter-packet.ts';
import { verifySignatures } from './signatures.ts';

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

function problem(code: string, domain: string, server: string, message: string, hint: string): Problem {
  return { code, message, hint, severity: 'stop', domain, server };
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

type Attempt = Pick<ProbeResult, 'signatures'> & { readonly refusal: string | null };

/** Failures in a row, each after a second try, after which the signer is not bothered again. */
const patience = 3;

interface Bench {
  readonly server: string;
  readonly endpoint: string;
  readonly lookupTxt: LookupTxt;
  readonly now: () => Date;
}

async function attempt(line: Line, bench: Bench, domain: string, user: string | null): Promise<Attempt> {
  const outcome = await line.send(messageFor(domain, user, bench.now()));
  if (outcome.verdict === 'refused') return { signatures: [], refusal: printable(outcome.reply ?? 'reject') };
  return { signatures: await verifySignatures(outcome.headers, outcome.body, bench.lookupTxt), refusal: null };
}

function judgeUnsigned(wish: ProbeWish, bench: Bench, result: Omit<ProbeResult, 'ok' | 'problem'>): ProbeResult {
  if (result.signedAs === null) return { ...result, ok: true, problem: null };
  const selectors = result.signatures
    .filter(signature => signature.domain === wish.domain)
    .map(({ selector }) => selector);
  const text = `mail of ${wish.domain} is still signed (selector ${selectors.join(', ')}) by the signer at ${bench.endpoint}`;
  const hint = 'Look for another entry that signs the domain, and whether the signer has read its configuration again.';
  return { ...result, ok: false, problem: problem('probe-still-signed', wish.domain, bench.server, text, hint) };
}

function judgeSigned(
  wish: ProbeWish,
  bench: Bench,
  result: Omit<ProbeResult, 'ok' | 'problem'>,
  refusal: string | null,
): ProbeResult {
  const fail = (code: string, message: string, hint: string): ProbeResult => ({
    ...result,
    ok: false,
    problem: problem(code, wish.domain, bench.server, message, hint),
  });
  if (result.signedAs === null) {
    if (refusal !== null) {
      const hint = 'The log of the signer says why; often a key that it may not read.';
      return fail(
        'probe-refused',
        `the signer at ${bench.endpoint} does not let mail of ${wish.domain} pass: ${refusal}`,
        hint,
      );
    }
    const hint =
      'The log of the signer says why: an entry that does not match, a key that it may not read, or old configuration.';
    return fail(
      'probe-not-signed',
      `mail of ${wish.domain} comes back unsigned from the signer at ${bench.endpoint}`,
      hint,
    );
  }
  const own = result.signatures.filter(signature => signature.domain === wish.domain);
  const good = own.filter(signature => signature.verified).map(signature => signature.selector);
  for (const selector of wish.selectors) {
    if (good.includes(selector)) continue;
    const bad = own.find(signature => signature.selector === selector);
    if (bad === undefined) {
      const text = `mail of ${wish.domain} is signed with ${own.map(signature => signature.selector).join(', ')}, not with ${selector}`;
      return fail(
        'probe-other-selector',
        text,
        'The signer may not have read its configuration again, or another entry comes first.',
      );
    }
    const text = `the signature of ${wish.domain} with selector ${selector} does not verify: ${bad.reason ?? 'unknown'}`;
    return fail('probe-bad-signature', text, 'Compare the key file with the published record.');
  }
  const [first] = own;
  if (good.length === 0 && first !== undefined) {
    const text = `the signature of ${wish.domain} with selector ${first.selector} does not verify: ${first.reason ?? 'unknown'}`;
    return fail('probe-bad-signature', text, 'Compare the key file with the published record.');
  }
  return { ...result, ok: true, problem: null };
}

async function probeOne(line: Line, bench: Bench, wish: ProbeWish): Promise<ProbeResult> {
  let refusal: string | null = null;
  for (const signedAs of ['local', 'authenticated'] as const) {
    const user = signedAs === 'local' ? null : `probe@${wish.domain}`;
    const tried = await attempt(line, bench, wish.domain, user);
    refusal ??= tried.refusal;
    if (tried.signatures.some(signature => signature.domain === wish.domain)) {
      const result = { domain: wish.domain, signedAs, signatures: tried.signatures };
      return wish.unsigned === true ? judgeUnsigned(wish, bench, result) : judgeSigned(wish, bench, result, null);
    }
  }
  const result = { domain: wish.domain, signedAs: null, signatures: [] };
  return wish.unsigned === true ? judgeUnsigned(wish, bench, result) : judgeSigned(wish, bench, result, refusal);
}

function failedProbe(wish: ProbeWish, bench: Bench, error: unknown): ProbeResult {
  const isProtocol = error instanceof MilterError;
  const text = printable(error instanceof Error ? error.message : String(error));
  const code = isProtocol ? 'probe-broken' : 'signer-unreachable';
  const message = isProtocol
    ? `the probe of ${wish.domain} at ${bench.endpoint} broke: ${text}`
    : `the signer at ${bench.endpoint} cannot be reached: ${text}`;
  const hint = isProtocol
    ? 'See the log of the signer, then probe again.'
    : 'Is the signer running, and is this its socket?';
  const failure = problem(code, wish.domain, bench.server, message, hint);
  return { domain: wish.domain, ok: false, signedAs: null, signatures: [], problem: failure };
}

/**
 * Probes each domain through the milter at `endpoint`, several messages on a connection and a few connections at a time.
 * Domains as A-labels. Results in the order of the wishes; what goes wrong is a problem in the result, and nothing rejects.
 * A domain that does not come back signed as mail from the server itself is tried once more as mail of a user who logged in.
 * `lookupTxt` is asked for the key record of each signature that comes back, and is the only DNS that is used: give it answers
 * that were fetched for all domains at once (askServed).
 */
export async function probeDomains(
  session: Pick<Session, 'server' | 'connect'>,
  endpoint: ConnectTarget,
  wishes: readonly ProbeWish[],
  lookupTxt: LookupTxt,
  options: ProbeOptions = {},
): Promise<readonly ProbeResult[]> {
  const { connections = 3, replyMs = 10_000, messageMs = 30_000, now = () => new Date() } = options;
  const bench: Bench = { server: session.server, endpoint: describe(endpoint), lookupTxt, now };
  const open = async () =>
    openMilter(await session.connect(endpoint, AbortSignal.timeout(replyMs)), { replyMs, messageMs });
  const results: ProbeResult[] = [];
  const queue = wishes.entries();
  let failures = 0;
  const work = async (): Promise<void> => {
    const line = new Line(open);
    let last: unknown;
    for (const [index, wish] of queue) {
      try {
        if (failures >= patience) throw last ?? new MilterError('the signer failed several times in a row');
        results[index] = await probeOne(line, bench, wish);
        failures = 0;
      } catch (error) {
        last = error;
        failures += 1;
        results[index] = failedProbe(wish, bench, error);
      }
    }
    line.close();
  };
  await Promise.all(Array.from({ length: Math.min(connections, wishes.length) }, work));
  return results;
}

/** One domain; see probeDomains. */
export async function probeDomain(
  session: Pick<Session, 'server' | 'connect'>,
  endpoint: ConnectTarget,
  wish: ProbeWish,
  lookupTxt: LookupTxt,
  options: ProbeOptions = {},
): Promise<ProbeResult> {
  const [result] = await probeDomains(session, endpoint, [wish], lookupTxt, { ...options, connections: 1 });
  return (
    result ??
    failedProbe(
      wish,
      { server: session.server, endpoint: describe(endpoint), lookupTxt, now: () => new Date() },
      new Error('no result'),
    )
  );
}
