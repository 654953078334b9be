/** JSON in the database: what does not read as what Signet wrote is `store-corrupt`, never a TypeError later on. */
import { createHash } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { z } from 'zod';
import type { ZodType } from 'zod';
import type { Effect, PendingChange, ServerConfig, StagedKey } from '../../shared/model.ts';
import { phases } from '../../shared/model.ts';
import { failingMail } from '../../shared/mail-settings.ts';
import type { Problem } from '../../shared/problem.ts';
import type { RunChange, RunEvent } from '../../shared/run.ts';
import type { StoredProbe } from './api.ts';
import type { Database, Row } from './database.ts';
import { printable } from '../../shared/text.ts';

export type Schema<T> = ZodType<T>;

const text = z.string();
const whole = z.int();

const login = z.discriminatedUnion('method', [
  z.object({ method: z.literal('agent') }),
  z.object({ method: z.literal('key'), identity: text }),
  z.object({ method: z.literal('password') }),
]);

export const serverSchema: Schema<ServerConfig> = z.looseObject({
  name: text,
  host: text,
  port: whole,
  user: text,
  login,
  sudo: z.enum(['none', 'nopasswd', 'password']),
  jump: text.nullable(),
  hostKeys: z.array(z.object({ fingerprint: text, type: text.nullable() })),
  givenDomains: z.array(text),
});

export const stagedKeySchema: Schema<StagedKey> = z.looseObject({
  ref: z.object({ secret: text }),
  domain: text,
  server: text,
  selector: text,
  algorithm: z.enum(['rsa', 'ed25519']),
  bits: whole,
  publicKey: text,
  // keys that were staged before DomainKeys could be
  scheme: z.enum(['dkim', 'domainkeys']).default('dkim'),
});

const policy = z.enum(['keep', 'sign-all', 'none']);
const dmarc = z.enum(['keep', 'none', 'quarantine', 'reject']);

const lists = z.looseObject({
  records: z.array(z.unknown()),
  installed: z.array(z.unknown()),
  removed: z.array(text),
  retire: z.array(z.unknown()),
});
// Not in full: it is a copy of what stands in a plan, and planning says what is in it.
const effect = z.custom<Effect>(value => lists.safeParse(value).success, 'not the effect of a change');

const undoIntent = z.looseObject({ kind: z.literal('undo'), run: text, effect, graceHours: z.number() });
const scheme = z.enum(['dkim', 'domainkeys', 'both']);
const switched = z.enum(['on', 'off']).nullable();

const domainIntent = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('retire'), selector: text, notBefore: text }),
  z.looseObject({
    kind: z.literal('signing-on'),
    scheme,
    keys: z.array(stagedKeySchema),
    adopt: z.array(text),
    policy,
    dmarc,
  }),
  z.looseObject({ kind: z.literal('signing-off'), policy, dmarc, graceHours: z.number() }),
  z.looseObject({ kind: z.literal('policy'), policy, dmarc }),
  z.looseObject({
    kind: z.literal('rotate'),
    keys: z.array(stagedKeySchema),
    replaces: z.array(text),
    graceHours: z.number(),
    compromised: z.array(z.looseObject({ selector: text, publicKey: text, algorithm: z.enum(['rsa', 'ed25519']) })),
  }),
  undoIntent,
]);

const serverIntent = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('mail-settings'),
    allowSigning: switched,
    scheme,
    verifyIncoming: switched,
    failing: z.enum(failingMail),
    policies: z.boolean(),
  }),
  undoIntent,
]);

const pending = { id: text, server: text, createdAt: text };

export const pendingSchema: Schema<PendingChange> = z.union([
  z.looseObject({ ...pending, domain: text, intent: domainIntent }),
  z.looseObject({ ...pending, domain: z.null(), intent: serverIntent }),
]);

export const problemSchema: Schema<Problem> = z.looseObject({
  code: text,
  message: text,
  hint: text,
  severity: z.enum(['info', 'warning', 'stop']),
});

export const probeSchema: Schema<StoredProbe> = z.looseObject({
  domain: text,
  server: text,
  at: text,
  signed: z.boolean(),
  selectors: z.array(text),
  problem: problemSchema.nullable(),
});

export const changeSchema: Schema<RunChange> = z.looseObject({
  id: text,
  state: z.enum(['planned', 'started', 'applied', 'rolled-back', 'stale', 'failed', 'waiting', 'skipped', 'unknown']),
  domains: z.array(text),
  pending: z.array(text),
  finishedAt: text.nullable(),
  problem: problemSchema.nullable(),
});

const eventHead = { run: text, at: text };
const place = { change: text, server: text };

export const eventSchema: Schema<RunEvent> = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('run'), ...eventHead, plan: text, servers: z.array(text), changes: whole }),
  z.looseObject({
    type: z.literal('change'),
    ...eventHead,
    ...place,
    phase: z.enum(phases),
    state: z.enum(['planned', 'started', 'applied', 'rolled-back', 'stale', 'failed', 'waiting', 'skipped', 'unknown']),
    domains: z.array(text),
  }),
  z.looseObject({ type: z.literal('step'), ...eventHead, ...place, message: text }),
  z.looseObject({
    type: z.literal('gate'),
    ...eventHead,
    change: text,
    domain: text,
    name: text,
    state: z.enum(['waiting', 'passed', 'failed']),
    message: text,
  }),
  z.looseObject({ type: z.literal('problem'), ...eventHead, problem: problemSchema }),
  z.looseObject({
    type: z.literal('done'),
    ...eventHead,
    outcome: z.enum(['applied', 'incomplete', 'failed', 'refused']),
    changes: z.looseObject({ applied: whole, rolledBack: whole, waiting: whole, skipped: whole }),
  }),
]);

/** What `row[column]` holds, as text. */
export function column(database: Database, row: Row, name: string): string {
  const value = row[name];
  if (typeof value !== 'string') throw database.corrupt(`no text in ${name}`);
  return value;
}

export function bytes(database: Database, row: Row, name: string): Uint8Array {
  const value = row[name];
  if (!(value instanceof Uint8Array)) throw database.corrupt(`no bytes in ${name}`);
  return value;
}

/** The JSON of the column `doc`, checked. `what` names the thing in the error: "server mx1". */
export function document<T>(database: Database, row: Row, schema: Schema<T>, what: string): T {
  return parse(database, column(database, row, 'doc'), schema, what);
}

export function parse<T>(database: Database, json: string, schema: Schema<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw database.corrupt(`${what} is not JSON`, error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw database.corrupt(
    `${what}: ${printable(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)}`,
    result.error,
  );
}

/** Level 1: facts and plans are repetitive text, and higher levels cost more time than they save room. */
export function pack(json: string): Uint8Array {
  return deflateSync(json, { level: 1 });
}

/** zlib's checksum finds damaged bytes. */
export function unpack(database: Database, packed: Uint8Array, what: string): string {
  return unpackFirst(database, packed, what).text;
}

/** What was packed first, and how to unpack what stands behind it; null: nothing does. */
export function unpackFirst(
  database: Database,
  packed: Uint8Array,
  what: string,
): { readonly text: string; readonly rest: (() => string) | null } {
  try {
    const { buffer, engine } = inflateWithInfo(packed);
    const rest = packed.subarray(engine.bytesWritten);
    return {
      text: buffer.toString('utf8'),
      rest: rest.length === 0 ? null : () => unpack(database, rest, what),
    };
  } catch (error) {
    throw database.corrupt(`${what} does not unpack`, error);
  }
}

/** The types of Node leave out what `info` gives: how many bytes the stream had. */
const inflateWithInfo = (packed: Uint8Array) =>
  inflateSync(packed, { info: true }) as unknown as {
    readonly buffer: Buffer;
    readonly engine: { readonly bytesWritten: number };
  };

export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
