/**
 * Pending changes in a file: reviewed on one laptop, applied from another. It holds the servers (without anything to log
 * in with), the facts that the plan is computed from, and the changes. Private keys are in it only sealed under a
 * passphrase given at export; without one the importing laptop makes new keys.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID, scryptSync } from 'node:crypto';
import { z } from 'zod';
import type { ImportResult, Parsed } from '../../shared/contract.ts';
import type { PendingChange, ServerConfig, StagedKey } from '../../shared/model.ts';
import { newKeysOf } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { refused } from '../../shared/problem.ts';
import type { ServerFacts } from '../drivers/api.ts';
import { pendingSchema, serverSchema } from '../store/documents.ts';
import type { SealedKey } from '../store/api.ts';
import { slotOf } from '../store/pending.ts';
import type { KeyRequest } from '../vault/api.ts';
import { generateKeys } from '../vault/generate.ts';
import type { CallContext, Engine, Handlers } from './engine.ts';
import { sealerForNewKeys } from './sealing.ts';
import { pendingRow } from './views.ts';

const format = 'signet-pending';
const version = 1;
// 64 MiB of memory and about 0.2 s a guess (RFC 7914, 2)
const cost = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };

const sealedBox = z.object({ salt: z.base64(), nonce: z.base64(), tag: z.base64(), data: z.base64() });

const fileSchema = z.object({
  format: z.literal(format),
  version: z.literal(version),
  exportedAt: z.string(),
  servers: z.array(serverSchema),
  facts: z.array(z.looseObject({ server: z.string(), scannedAt: z.string() })),
  pending: z.array(pendingSchema),
  keys: sealedBox.nullable(),
});

const keysSchema = z.record(z.string(), z.string());

function exportPending(engine: Engine, passphrase: string | undefined, pems: Readonly<Record<string, string>>) {
  const pending = engine.store.pending.list();
  const names = new Set(pending.map(change => change.server));
  const servers = engine.store.servers.list().filter(server => names.has(server.name));
  const file = {
    format,
    version,
    exportedAt: engine.now().toISOString(),
    // how this laptop logs in is its own matter
    servers: servers.map((server): ServerConfig => ({ ...server, login: { method: 'agent' }, jump: null })),
    facts: engine.facts.list(),
    pending,
    keys: passphrase === undefined ? null : sealBox(JSON.stringify(pems), passphrase),
  };
  return {
    text: `${JSON.stringify(file, null, 1)}\n`,
    changes: pending.length,
    keysIncluded: passphrase !== undefined,
  };
}

function sealBox(text: string, passphrase: string): z.infer<typeof sealedBox> {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', scryptSync(passphrase, salt, 32, cost), nonce);
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const base64 = (bytes: Buffer) => bytes.toString('base64');
  return { salt: base64(salt), nonce: base64(nonce), tag: base64(cipher.getAuthTag()), data: base64(data) };
}

function openBox(box: z.infer<typeof sealedBox>, passphrase: string): Readonly<Record<string, string>> {
  const bytes = (text: string) => Buffer.from(text, 'base64');
  const key = scryptSync(passphrase, bytes(box.salt), 32, cost);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes(box.nonce));
  decipher.setAuthTag(bytes(box.tag));
  try {
    const text = Buffer.concat([decipher.update(bytes(box.data)), decipher.final()]).toString('utf8');
    return keysSchema.parse(JSON.parse(text));
  } catch {
    throw refused(
      'export-passphrase-wrong',
      'The passphrase does not open the keys of this file.',
      'Ask whoever exported it.',
    );
  }
}

function parseFile(text: string): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    throw refused(
      'import-unreadable',
      'The file does not hold pending changes of Signet, or it was cut or changed.',
      'Export it again with signet pending export.',
    );
  }
}

async function importPending(
  engine: Engine,
  input: Parsed<'pending.import'>,
  { signal }: CallContext,
): Promise<ImportResult> {
  const file = parseFile(input.text);
  const known = new Map(engine.store.servers.list().map(server => [server.name, server]));
  const present = engine.store.pending.list();
  const refusals: { domain?: string; server: string; problem: Problem }[] = [];
  const unchanged: { domain: string | null; server: string; reason: string }[] = [];
  const taken: PendingChange[] = [];
  for (const change of file.pending) {
    const { domain, server } = change;
    const here = known.get(server);
    const described = file.servers.find(candidate => candidate.name === server);
    const other = present.find(
      candidate => candidate.domain === domain && candidate.server === server && slotOf(candidate) === slotOf(change),
    );
    const problem = importProblem(change, here, described);
    if (problem !== null) refusals.push({ ...(domain === null ? {} : { domain }), server, problem });
    else if (other !== undefined) unchanged.push({ domain, server, reason: stagedReason(change, other) });
    else taken.push(change);
  }
  const pems = file.keys === null || input.passphrase === undefined ? {} : openBox(file.keys, input.passphrase);
  const { changes, sealed, made } = await withKeys(engine, taken, pems, signal);
  engine.store.transaction(() => {
    engine.store.pending.edit({ put: changes, keys: sealed });
  });
  const names = new Set(changes.map(change => change.server));
  for (const facts of file.facts) {
    // facts of our own are fresher, or at least seen by us
    const wanted = names.has(facts.server) || known.has(facts.server);
    if (wanted && engine.facts.get(facts.server) === null) engine.facts.put(facts as unknown as ServerFacts);
  }
  if (changes.length > 0) engine.emit({ type: 'changed', what: 'pending' });
  return { imported: changes.map(pendingRow), unchanged, refused: refusals, newKeys: made };
}

function stagedReason(change: PendingChange, other: PendingChange): string {
  const same = other.intent.kind === change.intent.kind;
  return same ? 'staged already' : `another change is staged already (${other.intent.kind})`;
}

function importProblem(
  change: PendingChange,
  here: ServerConfig | undefined,
  described: ServerConfig | undefined,
): Problem | null {
  const where = {
    server: change.server,
    severity: 'stop' as const,
    ...(change.domain === null ? {} : { domain: change.domain }),
  };
  if (here === undefined) {
    return {
      code: 'unknown-server',
      message: `${change.server} is not among the servers of this laptop.`,
      hint: `Add it under this name first${described === undefined ? '' : ` (${described.host}, port ${described.port})`}, then import again.`,
      ...where,
    };
  }
  const same = described?.hostKeys.some(key => here.hostKeys.some(own => own.fingerprint === key.fingerprint)) ?? false;
  if (same) return null;
  return {
    code: 'import-other-server',
    message: `${change.server} here is not the server of the file: their host keys differ.`,
    hint: 'Compare the fingerprints with whoever exported the file.',
    ...where,
  };
}

/** Every staged key gets a private half of this laptop: the one from the file, or a new one. */
async function withKeys(
  engine: Engine,
  taken: readonly PendingChange[],
  pems: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{
  readonly changes: readonly PendingChange[];
  readonly sealed: readonly SealedKey[];
  readonly made: number;
}> {
  const missing = taken.flatMap(({ intent }) => newKeysOf(intent).filter(key => pems[key.ref.secret] === undefined));
  const generated = await generateKeys(
    missing.map((key): KeyRequest =>
      key.algorithm === 'rsa'
        ? { algorithm: 'rsa', bits: key.bits === 1024 || key.bits === 4096 ? key.bits : 2048 }
        : { algorithm: 'ed25519' },
    ),
    { signal },
  );
  const fresh = new Map(missing.map((key, i) => [key.ref.secret, generated[i]]));
  const anyKey = taken.some(({ intent }) => newKeysOf(intent).length > 0);
  const sealer = anyKey ? await sealerForNewKeys(engine) : null;
  const sealed: SealedKey[] = [];
  const changes = taken.map((change): PendingChange => {
    const { intent } = change;
    if (change.domain === null) return { ...change, id: randomUUID() };
    if ((intent.kind !== 'signing-on' && intent.kind !== 'rotate') || sealer === null)
      return { ...change, id: randomUUID() };
    const keys = intent.keys.map((key): StagedKey => {
      const made = fresh.get(key.ref.secret);
      const pem = made?.privateKeyPem ?? pems[key.ref.secret];
      if (pem === undefined) throw new Error('a key is missing');
      const staged = { ...key, ref: { secret: randomUUID() }, publicKey: made?.publicKey ?? key.publicKey };
      sealed.push({ key: staged, sealed: sealer.seal(pem, staged) });
      return staged;
    });
    return { ...change, id: randomUUID(), intent: { ...intent, keys } };
  });
  return { changes, sealed, made: missing.length };
}

/** The private halves of all staged keys, opened only to be sealed again under the passphrase. */
async function stagedPems(engine: Engine): Promise<Readonly<Record<string, string>>> {
  const sealer = await engine.vault.sealer();
  const pems: Record<string, string> = {};
  for (const { intent } of engine.store.pending.list()) {
    for (const key of newKeysOf(intent))
      pems[key.ref.secret] = sealer.open(engine.store.keys.sealed(key.ref.secret), key);
  }
  return pems;
}

export const transferHandlers: Handlers = {
  'pending.export': async (engine, { passphrase }) =>
    exportPending(engine, passphrase, passphrase === undefined ? {} : await stagedPems(engine)),
  'pending.import': importPending,
};
