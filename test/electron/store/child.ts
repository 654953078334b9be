/**
 * A second process of Signet, for the tests: argv is what to do and the home. It says on standard output what it has, one
 * line each, and only after the store said so.
 */
import { writeSync } from 'node:fs';
import { lockHome } from '../../../electron/store/lock.ts';
import { openStore } from '../../../electron/store/store.ts';
import { SignetError } from '../../../shared/problem.ts';
import { on, plan, server } from './samples.ts';

const [, , what = '', home = ''] = process.argv;
const say = (line: string) => writeSync(1, `${line}\n`);

async function hold(): Promise<void> {
  await lockHome(home, { command: 'signet apply' });
  say('locked');
  setInterval(() => {}, 1000);
}

async function run(): Promise<void> {
  await lockHome(home, { command: 'signet apply' });
  openStore(home).runs.begin({ id: 'r1', startedAt: new Date().toISOString(), plan: plan('a') });
  say('begun');
  setInterval(() => {}, 1000);
}

/** Writes as fast as it can: pairs of pending changes that belong together, and servers. */
function write(): void {
  const store = openStore(home);
  const first = store.servers.list().length;
  for (let i = first; ; i += 1) {
    store.pending.edit({ put: [on(`${i}-a`, `a${i}.example`), on(`${i}-b`, `b${i}.example`)] });
    store.servers.put(server(`s${String(i).padStart(8, '0')}`));
    say(String(i));
  }
}

/** Fills the disk that the home is on. */
function fill(): void {
  const store = openStore(home);
  say('open');
  try {
    for (let i = 0; ; i += 1) {
      store.servers.put({ ...server(`s${i}`), givenDomains: [String(Math.random()).repeat(2000)] });
      say(String(i));
    }
  } catch (error) {
    say(error instanceof SignetError ? error.problem.code : String(error));
  }
  say(String(store.servers.list().length));
}

const actions: Readonly<Record<string, () => void | Promise<void>>> = { hold, run, write, fill };
await actions[what]?.();
