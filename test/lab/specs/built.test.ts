/** The built command line, before any server: it starts, and it keeps the promises about its exit codes. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHome, signet, signetOk, type Home } from '../../tools/cli.ts';
import { runProgram } from '../../tools/program.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let home: Home;
beforeAll(async () => {
  home = await makeHome();
});
afterAll(() => home.remove());

test('npx signet is this program, in this version', async () => {
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
  expect((await signetOk(['--version'], { home })).stdout).toBe(`${version}\n`);
  // what npx runs: the program by its name, from anywhere
  const linked = await runProgram([`${root}node_modules/.bin/signet`, '--version'], { cwd: home.path });
  expect(linked).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('a new home has no server', async () => {
  const { code, json, stderr } = await signet(['server', 'list', '--json'], { home });
  expect({ code, json, stderr }).toEqual({ code: 0, json: [], stderr: '' });
});

test.each([[['nonsense']], [['scan', '--nonsense']], [['server', 'add']]])('%j is a usage error', async args => {
  const { code, stdout, stderr } = await signet(args, { home });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).not.toBe('');
});

test('a server that is not there is refused, in one message and without a stack', async () => {
  const { code, stderr } = await signet(['scan', 'nowhere'], { home });
  expect(code).toBe(3);
  expect(stderr).toContain('nowhere');
  expect(stderr).not.toMatch(/\n\s+at /);
});
