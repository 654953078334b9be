/**
 * Hosts of the lab for one file of tests alone. Files run side by side, and a host is nobody's who has not claimed it: a
 * claim is a file in the lab's folder, with the process that holds it.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { lab, labDir } from './lab.ts';

const folder = join(labDir, 'claims');
/** Every other file that wants the same hosts may come first. */
const longestWait = 60 * 60_000;
/** Files that work at a time, of those that have their hosts: more only make each other late. */
const seats = ['seat-1', 'seat-2', 'seat-3', 'seat-4'].map(seat => join(folder, seat));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function isTaken(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(await readFile(path, 'utf8').catch(() => process.pid));
    // written in two steps: a claim without a holder is one that is being made
    if (holder !== 0 && !isAlive(holder)) await rm(path, { force: true });
    return false;
  }
}

/** All of them or none: whoever holds one host and waits for another would wait for ever. */
async function claim(paths: readonly string[]): Promise<boolean> {
  const taken: string[] = [];
  for (const path of paths) {
    if (await isTaken(path)) taken.push(path);
    else break;
  }
  if (taken.length === paths.length) return true;
  await release(taken);
  return false;
}

const release = (paths: readonly string[]) => Promise.all(paths.map(path => rm(path, { force: true })));

async function freeSeat(): Promise<string | undefined> {
  for (const seat of seats) if (await isTaken(seat)) return seat;
  return undefined;
}

/**
 * At the top of a file, before its own hooks: waits for the hosts, and starts them with fresh disks. They are free for the
 * next file after the last test, whatever state they are in.
 */
export function useHosts(...hosts: readonly string[]): void {
  const wanted = [...new Set(hosts)];
  const paths = wanted.map(host => join(folder, host));
  let seat: string | undefined;
  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    while (!(await claim(paths))) await setTimeout(250);
    while ((seat = await freeSeat()) === undefined) await setTimeout(250);
    await lab.reset(...wanted);
  }, longestWait);
  afterAll(() => release(seat === undefined ? paths : [seat, ...paths]));
}
