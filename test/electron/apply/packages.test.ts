/** What a package manager may say, and what a transaction makes of it: a server without the package is left as it was. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { applyChange } from '../../../electron/apply/transaction.ts';
import type { TransactionOutcome } from '../../../electron/apply/api.ts';
import type { Step } from '../../../shared/model.ts';
import { LocalHost } from './local-host.ts';

let host: LocalHost | undefined;
afterEach(() => host?.remove());

/** `apt`: a script in place of apt-get. */
async function apply(apt: string, steps: (host: LocalHost) => readonly Step[] = () => []): Promise<TransactionOutcome> {
  host?.remove();
  host = new LocalHost('dash');
  const there = host;
  there.write('main.cf', 'old\n');
  const tool = (name: string, script: string) =>
    writeFileSync(join(there.root, 'bin', name), `#!/bin/dash\n${script}\n`, { mode: 0o755 });
  tool('apt-get', `echo "$*" >>${there.path('../asked')}\n${apt}`);
  tool('dpkg-query', 'exit 1');
  const change = there.change([
    { kind: 'package', manager: 'apt', name: 'opendkim' },
    there.file('main.cf', 'new\n'),
    ...steps(there),
  ]);
  const openSecret = () => Promise.reject(new Error('no secret'));
  return applyChange(there.session(), { run: 'r1', change, places: there.places, who: 'anna', openSecret }, () => {});
}

test.each([
  ['package-manager-locked', `echo 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)'`],
  ['package-missing', `echo 'E: Unable to locate package opendkim'`],
  ['package-missing', `echo "E: Package 'opendkim' has no installation candidate"`],
  ['package-offline', `echo 'E: Failed to fetch http://deb.invalid/o.deb  Could not connect'`],
  ['package-failed', `echo 'E: Sub-process /usr/bin/dpkg returned an error code (1)'`],
])('%s: nothing is changed', async (code, says) => {
  expect(await apply(`${says}\nexit 100`)).toMatchObject({ state: 'rolled-back', problem: { code } });
  expect(host?.read('main.cf')).toBe('old\n');
});

test('the list of packages is made anew where it does not know the package', async () => {
  const knows = `case $* in *update*) : >"$0.fresh" ;; *) [ -e "$0.fresh" ] || { echo 'E: Unable to locate package opendkim'; exit 100; } ;; esac`;
  expect(await apply(knows)).toMatchObject({ state: 'applied' });
  expect(host?.read('main.cf')).toBe('new\n');
});

test('without lists, and without a network, it is the network that is missing', async () => {
  const offline = `case $* in *update*) echo 'W: Failed to fetch http://deb.invalid/InRelease' ;; *) echo 'E: Unable to locate package opendkim'; exit 100 ;; esac`;
  expect(await apply(offline)).toMatchObject({ problem: { code: 'package-offline' } });
});

test('what is taken back names the package that stays, and gives its file back its name', async () => {
  const conf = (there: LocalHost) => there.path('signer.conf');
  const outcome = await apply(`printf packaged >"$(dirname "$0")/../etc/signer.conf"`, there => [
    there.file('signer.conf', 'ours\n'),
    there.command('verify', `grep -q ours ${conf(there)} && grep -q packaged ${conf(there)}.dpkg-dist && exit 1`),
  ]);
  expect(outcome).toMatchObject({ state: 'rolled-back', problem: { code: 'verify-failed' } });
  expect(outcome.problem?.message).toContain('left installed: opendkim');
  expect(host?.read('signer.conf')).toBe('packaged');
  expect(host?.read('main.cf')).toBe('old\n');
  expect(host?.tree()).not.toContain('dpkg-dist');
});
