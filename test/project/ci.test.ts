/** `.ci/run` around a stand-in for npm: its last line and its status are what a change is judged by. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runProgram } from '../tools/program.ts';

const script = fileURLToPath(new URL('../../.ci/run', import.meta.url));
let bin = '';

beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'signet-ci-'));
});
afterEach(() => rm(bin, { recursive: true, force: true }));

test.each([
  ['all passed', 'echo "12 passed, 0 failed"', 0, '12 passed, 0 failed'],
  ['some skipped', 'echo "12 passed, 0 failed, 2 skipped"', 0, '12 passed, 0 failed, 2 skipped'],
  ['some failed', 'echo "1 passed, 1 failed"; echo "npm error" >&2; exit 1', 1, '1 passed, 1 failed'],
  ['it never came to the sum', 'echo "no such package" >&2; exit 7', 7, '0 passed, 1 failed'],
  ['no sum, yet a good status', 'echo "Tests 3 passed, 0 failed today"', 1, '0 passed, 1 failed'],
])('%s', async (_, body, code, closing) => {
  await writeFile(join(bin, 'npm'), `#!/bin/sh\n[ "$*" = test ] || exit 99\n${body}\n`);
  await chmod(join(bin, 'npm'), 0o755);
  const result = await runProgram(['bash', script], { env: { PATH: `${bin}:/usr/bin:/bin`, CI: 'true' } });
  expect({ code: result.code, last: result.stdout.trimEnd().split('\n').at(-1) }).toEqual({ code, last: closing });
});
