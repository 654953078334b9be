/**
 * Key pairs, made on all cores. One worker thread a core: the thread pool of Node would do on two cores (both reach the
 * floor, see test/bench/keys.ts), but it has four threads on any machine, can be enlarged only before the process
 * starts, and its other users (files, host names, scrypt) would wait behind the keys. A worker also ends at once.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { failed } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { GenerateOptions, GeneratedKey, KeyRequest } from './api.ts';

// Source text, so that it needs no file of its own next to whatever the code is bundled into.
const workerSource = `
  const { parentPort } = require('node:worker_threads');
  const { generateKeyPairSync } = require('node:crypto');
  parentPort.on('message', ({ algorithm, bits }) => {
    const type = algorithm === 'rsa' ? 'pkcs1' : 'pkcs8';
    const { privateKey, publicKey } = generateKeyPairSync(algorithm, {
      modulusLength: bits,
      privateKeyEncoding: { type, format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'der' },
    });
    parentPort.postMessage({ privateKey, publicKey });
  });
`;

const madeSchema = z.object({ privateKey: z.string(), publicKey: z.instanceof(Uint8Array) });

// RFC 8410, section 4: the SubjectPublicKeyInfo of an Ed25519 key ends with its 32 bytes
const ed25519Bytes = 32;

/**
 * One key for each request, in their order. Rejects with the signal's reason when it is aborted (at once: keys under way
 * are given up), with `key-generation-failed` when a worker fails.
 */
export async function generateKeys(
  requests: readonly KeyRequest[],
  options: GenerateOptions = {},
): Promise<readonly GeneratedKey[]> {
  const { onKey, signal } = options;
  signal?.throwIfAborted();
  const keys: GeneratedKey[] = [];
  const queue = requests.entries();
  const workers = Array.from({ length: Math.min(availableParallelism(), requests.length) }, startWorker);
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  const work = async (worker: Worker) => {
    for (const [index, request] of queue) {
      const key = await makeKey(worker, request);
      keys[index] = key;
      onKey?.(index, key);
    }
  };
  try {
    await Promise.race([Promise.all(workers.map(work)), aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
    // not awaited: a worker in the middle of a long key ends with it
    for (const worker of workers) void worker.terminate();
  }
  return keys;
}

/** No environment, no arguments: a worker gets nothing that it does not need. */
function startWorker(): Worker {
  return new Worker(workerSource, { eval: true, env: {}, argv: [], execArgv: [] });
}

function makeKey(worker: Worker, request: KeyRequest): Promise<GeneratedKey> {
  const { promise, resolve, reject } = Promise.withResolvers<GeneratedKey>();
  const onError = (error: unknown) => reject(generationFailed(request, error));
  const onExit = () => reject(generationFailed(request, new Error('the worker ended')));
  const onMessage = (message: unknown) => {
    const made = madeSchema.safeParse(message);
    if (made.success) resolve(finish(request, made.data));
    else reject(generationFailed(request, new Error('unexpected answer')));
  };
  worker.once('error', onError).once('exit', onExit).once('message', onMessage);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(request);
  return promise.finally(() => {
    worker.off('error', onError).off('exit', onExit).off('message', onMessage);
  });
}

function finish(request: KeyRequest, made: z.infer<typeof madeSchema>): GeneratedKey {
  const spki = Buffer.from(made.publicKey);
  const privateKeyPem = made.privateKey;
  if (request.algorithm === 'rsa') {
    return { privateKeyPem, publicKey: spki.toString('base64'), algorithm: 'rsa', bits: request.bits };
  }
  const publicKey = spki.subarray(-ed25519Bytes).toString('base64');
  return { privateKeyPem, publicKey, algorithm: 'ed25519', bits: 256 };
}

function generationFailed(request: KeyRequest, cause: unknown): Error {
  const name = request.algorithm === 'rsa' ? `RSA ${request.bits}` : 'Ed25519';
  const text = printable(cause instanceof Error ? cause.message : String(cause));
  return failed(
    'key-generation-failed',
    `an ${name} key could not be made: ${text}`,
    'Do it again; if memory is short, close other programs first.',
    {},
    cause,
  );
}
