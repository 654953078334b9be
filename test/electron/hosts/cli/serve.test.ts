/** The built command, as a user starts it. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { closeCodes } from '../../../../shared/bridge-wire.ts';
import type { Built } from '../../../tools/built.ts';
import { build } from '../../../tools/built.ts';
import { temporaryHome } from '../../../tools/homes.ts';
import { Page, request, tokenOf } from '../../../tools/page.ts';
import type { Program } from '../../../tools/program.ts';
import { start } from '../../../tools/program.ts';

let built: Built;
beforeAll(async () => {
  built = await build('cli');
  mkdirSync(join(built.folder, 'renderer'));
  writeFileSync(join(built.folder, 'renderer/index.html'), '<!doctype html><title>Signet</title>');
}, 60_000);
afterAll(() => built.remove());

function signet(home: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const program = start([process.execPath, join(built.folder, 'cli/signet.js'), 'serve', ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      SIGNET_HOME: join(home, 'signet'),
      SIGNET_VAULT: 'passphrase',
      ...env,
    },
    timeoutMs: 20_000,
  });
  onTestFinished(async () => {
    program.kill('SIGKILL');
    await program.ended;
  });
  return program;
}

async function addressOf(program: Program): Promise<string> {
  return await vi.waitFor(
    () => {
      expect(program.stdout()).toMatch(/\n/);
      return program.stdout().trim();
    },
    { timeout: 15_000, interval: 20 },
  );
}

const portOf = (address: string): number => Number(new URL(address).port);

describe('signet serve', () => {
  it('prints one line with the address, serves the page, and ends with the signal', async () => {
    const program = signet(temporaryHome(), ['--no-open']);
    const address = await addressOf(program);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
    expect((await request(portOf(address), '/')).body).toContain('<title>Signet</title>');
    const page = new Page(portOf(address));
    await page.hello(tokenOf(address));
    expect(await page.call('1', 'servers.list')).toMatchObject({ result: [] });
    program.kill('SIGTERM');
    const { code, stdout, stderr } = await program.ended;
    expect({ code, stderr, lines: stdout.split('\n').length }).toEqual({ code: 0, stderr: '', lines: 2 });
    expect(await page.ended).toBe(closeCodes.shuttingDown);
    await expect(request(portOf(address), '/')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('prints one JSON line with --json, and the token is in nobody\u2019s arguments', async () => {
    const program = signet(temporaryHome(), ['--json', '--no-open']);
    const { url } = JSON.parse(await addressOf(program)) as { readonly url: string };
    const listed = await start(['ps', '-eo', 'args']).ended;
    expect(listed.stdout).toContain('signet.js serve');
    expect(listed.stdout).not.toContain(tokenOf(url));
    program.kill('SIGINT');
    expect((await program.ended).code).toBe(0);
  });

  it('holds its home, and gives it back', async () => {
    const home = temporaryHome();
    const first = signet(home, ['--no-open']);
    await addressOf(first);
    const { code, stderr, stdout } = await signet(home, ['--no-open']).ended;
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/serve.*\[home-in-use\]/);
    first.kill('SIGTERM');
    await first.ended;
    const next = signet(home, ['--no-open']);
    await addressOf(next);
  });

  it('listens where it is told to, or says why not', async () => {
    const first = signet(temporaryHome(), ['--no-open']);
    const port = portOf(await addressOf(first));
    const taken = await signet(temporaryHome(), ['--no-open', '--port', String(port)]).ended;
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain('[port-in-use]');
    first.kill('SIGTERM');
    await first.ended;
    expect(portOf(await addressOf(signet(temporaryHome(), ['--no-open', '--port', String(port)])))).toBe(port);
  });

  it('takes no port that is none', async () => {
    const ended = ['65536', '-1', '80a', ''].map(
      port => signet(temporaryHome(), ['--no-open', `--port=${port}`]).ended,
    );
    expect((await Promise.all(ended)).map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  });
});

describe('the browser', () => {
  /** A folder with an `xdg-open` that notes its arguments and ends with `status`. */
  function opener(status: number): { readonly path: string; readonly opened: string } {
    const folder = mkdtempSync(join(tmpdir(), 'signet-opener-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const opened = join(folder, 'opened');
    writeFileSync(
      join(folder, 'xdg-open'),
      `#!/bin/sh\necho "$@" > ${opened}.new && mv ${opened}.new ${opened}\nexit ${status}\n`,
    );
    chmodSync(join(folder, 'xdg-open'), 0o755);
    return { path: `${folder}${delimiter}${process.env['PATH'] ?? ''}`, opened };
  }

  it.runIf(process.platform === 'linux')('is led to the address by a private file, gone at the end', async () => {
    const { path, opened } = opener(0);
    const program = signet(temporaryHome(), [], { DISPLAY: ':7', PATH: path });
    const address = await addressOf(program);
    const file = await vi.waitFor(() => readFileSync(opened, 'utf8').trim(), { timeout: 10_000 });
    expect(file).not.toContain(tokenOf(address));
    expect(readFileSync(file, 'utf8')).toContain(`url=${address}"`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    program.kill('SIGTERM');
    expect((await program.ended).code).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it('is not needed: one that cannot be started is no failure', async () => {
    for (const path of [opener(3).path, '/nonexistent']) {
      const program = signet(temporaryHome(), [], { DISPLAY: ':7', PATH: path });
      expect((await request(portOf(await addressOf(program)), '/')).status).toBe(200);
      program.kill('SIGTERM');
      expect((await program.ended).code).toBe(0);
    }
  });

  it('is not started without a display, nor with --no-open', async () => {
    for (const [args, display] of [
      [[], ''],
      [['--no-open'], ':7'],
    ] as const) {
      const { path, opened } = opener(0);
      const program = signet(temporaryHome(), args, { DISPLAY: display, PATH: path });
      await addressOf(program);
      program.kill('SIGTERM');
      await program.ended;
      expect(existsSync(opened)).toBe(false);
    }
  });
});
