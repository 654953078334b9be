/** `.config/setup.sh` in a tree of its own, with stand-ins for the machine's package tools. */
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../tools/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let place = '';

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'signet-setup-'));
  await mkdir(join(place, '.config'));
  await mkdir(join(place, 'bin'));
  await copyFile(join(root, '.config/setup.sh'), join(place, '.config/setup.sh'));
  await writeFile(join(place, '.config/debian-packages'), '# comment\nmake  builds\n\ng++   compiles\n');
  await writeFile(join(place, 'package-lock.json'), '{}');
});
afterEach(() => rm(place, { recursive: true, force: true }));

/** A stand-in: notes how it was called in `calls`, then runs `body`. */
async function program(name: string, body: string): Promise<void> {
  const path = join(place, 'bin', name);
  await writeFile(path, `#!/bin/sh\necho "${name} $*" >> ${place}/calls\n${body}\n`);
  await chmod(path, 0o755);
}

interface Machine {
  readonly uid: number;
  readonly installed: readonly string[];
}

async function setup(machine: Machine, ...args: readonly string[]) {
  await program('id', `echo ${machine.uid}`);
  await program(
    'dpkg-query',
    `for last; do :; done; case " ${machine.installed.join(' ')} " in *" $last "*) echo installed ;; *) exit 1 ;; esac`,
  );
  await program('apt-get', '');
  await program('npm', `mkdir -p ${place}/node_modules && touch ${place}/node_modules/.package-lock.json`);
  await program('node', '');
  const result = await runProgram(['sh', join(place, '.config/setup.sh'), ...args], {
    env: { PATH: `${place}/bin:/usr/bin:/bin`, npm_lifecycle_event: 'demo' },
  });
  const calls = await readFile(join(place, 'calls'), 'utf8').catch(() => '');
  await rm(join(place, 'calls'), { force: true });
  const wanted = calls.split('\n').filter(line => /^(apt-get|npm)/.test(line));
  return { code: result.code, told: result.stderr, calls: wanted };
}

const complete = ['make', 'g++'];

describe('setup.sh', () => {
  test('root: installs what is missing, then node_modules', async () => {
    const { code, calls } = await setup({ uid: 0, installed: ['make'] }, 'lab');
    expect(code).toBe(0);
    expect(calls).toEqual([
      'apt-get update -qq',
      'apt-get install -y -qq --no-install-recommends g++',
      'npm ci --no-fund --no-audit --loglevel=error',
    ]);
  });

  test('not root: says exactly what to run, and changes nothing', async () => {
    const { code, told, calls } = await setup({ uid: 1000, installed: ['make'] }, 'lab');
    expect(code).toBe(1);
    expect(told).toContain('sudo apt-get update && sudo apt-get install -y --no-install-recommends g++');
    expect(calls).toEqual([]);
  });

  test('not root, nothing missing: the check goes on, the lab says how to be root', async () => {
    expect((await setup({ uid: 1000, installed: complete })).code).toBe(0);
    const { code, told } = await setup({ uid: 1000, installed: complete }, 'lab');
    expect(code).toBe(1);
    expect(told).toContain('sudo npm run demo');
  });

  test('node_modules are made again when the lock file changed, and only then', async () => {
    const machine = { uid: 0, installed: complete };
    expect((await setup(machine)).calls).toHaveLength(1);
    expect((await setup(machine)).calls).toEqual([]);
    // a new date alone is no new content
    await utimes(join(place, 'package-lock.json'), new Date(), new Date(Date.now() + 60_000));
    expect((await setup(machine)).calls).toEqual([]);
    await writeFile(join(place, 'package-lock.json'), '{"changed":true}');
    expect((await setup(machine)).calls).toHaveLength(1);
  });

  test('a failing apt-get stops it, with what apt-get said', async () => {
    await setup({ uid: 0, installed: complete });
    await program('apt-get', 'echo "E: no such mirror"; exit 100');
    await program('dpkg-query', 'exit 1');
    const { code, stderr } = await runProgram(['sh', join(place, '.config/setup.sh')], {
      env: { PATH: `${place}/bin:/usr/bin:/bin` },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('E: no such mirror');
  });
});
