/**
 * How near generateKeys comes to the floor: processes, one a core, that do nothing but make keys. RSA keys take
 * very different times, so there are many a round, and floor and ours take turns.
 */
import { fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { generateKeys } from '../../electron/vault/generate.ts';
import { median, type Benchmark } from './summary.ts';

const cores = availableParallelism();
const bits = 2048;

function bare(count: number): void {
  for (let made = 0; made < count; made += 1) {
    generateKeyPairSync('rsa', {
      modulusLength: bits,
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'der' },
    });
  }
}

/** Keys a second with the start of the processes left out: each says when it is ready, then how long its share took. */
async function floorRate(count: number): Promise<number> {
  const share = Math.ceil(count / cores);
  const children = Array.from({ length: cores }, () => fork(new URL(import.meta.url).pathname, ['child']));
  await Promise.all(children.map(child => once(child, 'message')));
  const rates = await Promise.all(
    children.map(async child => {
      child.send(share);
      const [milliseconds] = await once(child, 'message');
      return (share * 1000) / Number(milliseconds);
    }),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

async function ourRate(count: number): Promise<number> {
  const start = performance.now();
  await generateKeys(Array.from({ length: count }, () => ({ algorithm: 'rsa', bits }) as const));
  return (count * 1000) / (performance.now() - start);
}

async function measure(count: number, rounds: number): Promise<void> {
  const floors: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    floors.push(await floorRate(count));
    ours.push(await ourRate(count));
  }
  const value = 1000 / median(ours);
  const floor = 1000 / median(floors);
  const work = `one of ${count} RSA keys of ${bits} bits on ${cores} cores`;
  const result: Benchmark = { name: 'keys', figures: [{ work, value, unit: 'ms', floor, ratio: value / floor }] };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

if (process.argv[2] === 'child') {
  process.once('message', count => {
    const start = performance.now();
    bare(Number(count));
    process.send?.(performance.now() - start);
    process.disconnect();
  });
  process.send?.('ready');
} else {
  await measure(200, 3);
}
