import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../tools/program.ts';

const launcher = fileURLToPath(new URL('../../.config/launcher.js', import.meta.url));

/** The launcher by itself, under a Node that says it is this version: `main.js` is not beside it. */
function launch(version: string) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`;
  return runProgram([process.execPath, '--import', `data:text/javascript,${pretend}`, launcher]);
}

test.each(['18.20.4', '20.20.2', '22.12.0'])('Node %s is told in one line which Node is needed', async version => {
  const { code, stdout, stderr } = await launch(version);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^signet: this is Node [\d.]+; Signet needs Node 22\.13 or newer .*\n$/);
});

test.each(['22.13.0', '24.21.0', '26.0.0'])('Node %s starts the program', async version => {
  expect((await launch(version)).stderr).toContain('main.js');
});
