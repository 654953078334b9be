import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runDirectory } from '../../../electron/apply/bundle.ts';
import { applyChange, readOutcome, type Transaction } from '../../../electron/apply/transaction.ts';
import type { Change } from '../../../shared/model.ts';
import { hashOf, hasShell, LocalHost, shells } from './local-host.ts';

const secretText = '-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0LW9mLXRoZS10ZXN0\n-----END RSA PRIVATE KEY-----\n';
const allBytes = Array.from({ length: 255 }, (_, at) => String.fromCharCode(at + 1)).join('');

describe.each(shells)('a transaction under %s', shell => {
  let host: LocalHost;
  beforeEach(() => {
    host = new LocalHost(shell);
  });
  afterEach(() => host.remove());

  function apply(change: Change, extra: Partial<Transaction> = {}, session = host.session()) {
    const progress: string[] = [];
    const transaction: Transaction = {
      run: 'r1',
      change,
      who: 'anna@laptop',
      openSecret: () => Promise.resolve(secretText),
      places: host.places,
      ...extra,
    };
    return applyChange(session, transaction, line => progress.push(line)).then(outcome => ({ ...outcome, progress }));
  }

  const stateOf = () => join(host.places.state, runDirectory('r1', { id: 'switch@local', pending: ['p1'] }));

  test.skipIf(!hasShell(shell))('edits, makes and removes files, byte for byte, in one round trip', async () => {
    host.write('zone', 'old\n', 0o664);
    host.write('gone', 'bye');
    host.write('deep/down/same name', '1');
    const session = host.session();
    const steps = [
      { kind: 'directory', path: host.path('keys'), mode: 0o700, owner: host.owner, present: true } as const,
      host.file('zone', `no final newline, CRLF\r\n${allBytes}`),
      host.file('gone', null),
      host.file('keys/made', "it's `new` $(x) \\n %s\n", { mode: 0o600 }),
      host.file('deep/down/same name', "it's\\0101"),
      host.file('deep/empty', ''),
      host.command(
        'check',
        'grep -q "no final newline" "$1" && test ! -s "$2"',
        `{new:${host.path('zone')}}`,
        `{new:${host.path('deep/empty')}}`,
      ),
      host.command('activate', `cat '${host.path('zone')}' >'${host.root}/live'`),
      host.command('verify', `cmp '${host.root}/live' '${host.path('zone')}'`),
    ];
    const outcome = await apply(host.change(steps), {}, session);
    expect(outcome).toMatchObject({ state: 'applied', problem: null });
    expect(host.read('zone')).toBe(`no final newline, CRLF\r\n${allBytes}`);
    expect(host.read('keys/made')).toBe("it's `new` $(x) \\n %s\n");
    expect(host.read('deep/down/same name')).toBe("it's\\0101");
    expect(host.read('deep/empty')).toBe('');
    expect([host.mode('zone'), host.mode('keys/made'), host.mode('keys')]).toEqual([0o664, 0o600, 0o700]);
    expect(existsSync(host.path('gone'))).toBe(false);
    expect(host.tree()).not.toContain('.signet-');
    expect(session.roundTrips).toBe(1);
  });

  test.skipIf(!hasShell(shell))('a directory that became empty is removed, one that did not is kept', async () => {
    host.write('one/key', 'k');
    host.write('two/key', 'k');
    host.write('two/other', 'k');
    const gone = (name: string) =>
      ({ kind: 'directory', path: host.path(name), mode: 0o700, owner: host.owner, present: false }) as const;
    await apply(host.change([host.file('one/key', null), host.file('two/key', null), gone('one'), gone('two')]));
    expect(readdirSync(join(host.root, 'etc'))).toEqual(['two']);
  });

  test.skipIf(!hasShell(shell))('a symbolic link stays, the file behind it is replaced', async () => {
    host.write('real/table', 'a\n', 0o600);
    symlinkSync('real/table', host.path('link'));
    const step = host.file('link', 'b\n');
    const check = host.command('check', 'grep -q b "$1"', `{new:${host.path('link')}}`);
    expect(await apply(host.change([step, check]))).toMatchObject({ state: 'applied' });
    expect(lstatSync(host.path('link')).isSymbolicLink()).toBe(true);
    expect([host.read('real/table'), host.mode('real/table')]).toEqual(['b\n', 0o600]);
  });

  test.skipIf(!hasShell(shell))('two names of one file are refused', async () => {
    host.write('real', 'a\n');
    symlinkSync('real', host.path('link'));
    const tree = host.tree();
    const outcome = await apply(host.change([host.file('real', 'b\n'), host.file('link', 'c\n')]));
    expect(outcome).toMatchObject({ state: 'failed', problem: { code: 'same-file-twice' } });
    expect(host.tree()).toBe(tree);
  });

  test.skipIf(!hasShell(shell))('stale: names what differs and touches nothing', async () => {
    for (const name of ['one', 'two', 'three']) host.write(name, name);
    const steps = [
      host.file('one', '1'),
      host.file('two', '2'),
      host.file('new', 'n'),
      host.command('activate', `touch '${host.root}/live'`),
    ];
    const requires = [
      { path: host.path('three'), before: hashOf('three') },
      { path: host.path('none'), before: null },
    ];
    host.write('two', 'edited');
    host.write('three', 'edited');
    host.write('new', 'there');
    host.write('none', 'there');
    const tree = host.tree();
    const outcome = await apply(host.change(steps, { requires }));
    expect(outcome.state).toBe('stale');
    expect([...outcome.files].sort()).toEqual(['new', 'none', 'three', 'two'].map(name => host.path(name)).sort());
    expect(host.tree()).toBe(tree);
    expect(existsSync(join(host.root, 'live'))).toBe(false);
  });

  test.skipIf(!hasShell(shell)).each([
    ['check', 'check-failed', false],
    ['activate', 'activate-failed', true],
    ['verify', 'verify-failed', true],
  ] as const)('a failing %s takes everything back', async (phase, code, activatedAgain) => {
    host.write('zone', 'old', 0o664);
    host.write('gone', 'bye', 0o604);
    const tree = host.tree();
    utimesSync(host.path('zone'), 1000, 1000);
    const steps = [
      { kind: 'directory', path: host.path('keys'), mode: 0o700, owner: host.owner, present: true } as const,
      host.file('zone', 'new'),
      host.file('gone', null),
      host.file('keys/key', null, { after: { secret: 'k1' }, mode: 0o600 }),
      host.command('activate', `cat '${host.path('zone')}' >>'${host.root}/live'`),
      host.command(phase, 'echo "broken: line 3" >&2; exit 3'),
    ];
    const outcome = await apply(host.change(steps));
    expect(outcome).toMatchObject({ state: 'rolled-back', problem: { code } });
    expect(outcome.problem?.message).toContain('broken: line 3');
    expect(host.tree()).toBe(tree);
    if (activatedAgain) {
      expect(readFileSync(join(host.root, 'live'), 'utf8')).toBe('newold');
      expect(statSync(host.path('zone')).mtimeMs).toBeGreaterThan(2_000_000);
    } else expect(existsSync(join(host.root, 'live'))).toBe(false);
    expect(host.stateText()).not.toContain('c2VjcmV0');
  });

  test.skipIf(!hasShell(shell))(
    'after activation the content for the way back is written, with owner and mode',
    async () => {
      host.write('zone', 'serial 1', 0o664);
      const step = host.file('zone', 'serial 2', { rollback: { encoding: 'utf8', text: 'serial 3' } });
      expect(await apply(host.change([step, host.command('check', 'exit 1')]))).toMatchObject({ state: 'rolled-back' });
      expect(host.read('zone')).toBe('serial 1');
      expect(await apply(host.change([step, host.command('verify', 'exit 1')]), { run: 'r2' })).toMatchObject({
        state: 'rolled-back',
      });
      expect([host.read('zone'), host.mode('zone')]).toEqual(['serial 3', 0o664]);
    },
  );

  test.skipIf(!hasShell(shell))('a file that somebody else wrote meanwhile is left alone and named', async () => {
    host.write('mine', 'old');
    host.write('theirs', 'old');
    const steps = [
      host.file('mine', 'new'),
      host.file('theirs', 'new'),
      host.command('verify', `echo edited >'${host.path('theirs')}'; exit 1`),
    ];
    const outcome = await apply(host.change(steps));
    expect(outcome).toMatchObject({
      state: 'failed',
      problem: { code: 'rollback-incomplete' },
      files: [host.path('theirs')],
    });
    expect([host.read('mine'), host.read('theirs')]).toEqual(['old', 'edited\n']);
  });

  test.skipIf(!hasShell(shell))('records are applied, and reverted in reverse order', async () => {
    const log = join(host.root, 'records');
    const records = (name: string, apply: string) =>
      ({
        kind: 'records',
        zone: 'example.com',
        name,
        before: null,
        after: null,
        apply: { argv: ['sh', '-c', apply, name], stdin: `update add ${name}\nsend\n` },
        revert: { argv: ['sh', '-c', `echo "revert $0" >>'${log}'`, name] },
      }) as const;
    const good = `sed -n "s/update/apply/p" >>'${log}'`;
    expect(await apply(host.change([records('a', good), records('b', good), records('c', 'exit 2')]))).toMatchObject({
      state: 'rolled-back',
      problem: { code: 'records-failed' },
    });
    expect(readFileSync(log, 'utf8').split('\n')).toEqual([
      'apply add a',
      'apply add b',
      'revert c',
      'revert b',
      'revert a',
      '',
    ]);
    writeFileSync(log, '');
    expect(await apply(host.change([records('a', good)]), { run: 'r2' })).toMatchObject({ state: 'applied' });
    expect(readFileSync(log, 'utf8')).toBe('apply add a\n');
  });

  test.skipIf(!hasShell(shell))('a command that hangs is ended', async () => {
    host.write('zone', 'old');
    const hang = { kind: 'command', phase: 'check', argv: ['sleep', '600'], timeout: 1 } as const;
    expect(await apply(host.change([host.file('zone', 'new'), hang]))).toMatchObject({
      state: 'rolled-back',
      problem: { code: 'command-timeout' },
    });
  });

  test.skipIf(!hasShell(shell))(
    'private keys arrive 0600, and nothing of them is left in the run directory',
    async () => {
      const seen: string[] = [];
      const steps = [
        host.file('key', null, { after: { secret: 'k1' }, mode: 0o600 }),
        host.command('activate', `cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' ' >'${host.root}/arguments'`),
      ];
      const outcome = await apply(host.change(steps), {}, host.session({ onLine: line => seen.push(line) }));
      expect(outcome.state).toBe('applied');
      expect([host.read('key'), host.mode('key')]).toEqual([secretText, 0o600]);
      expect(host.stateText() + seen.join('\n')).not.toContain('c2VjcmV0');
      expect(statSync(host.places.state).mode & 0o777).toBe(0o700);
      expect(statSync(stateOf()).mode & 0o777).toBe(0o700);
    },
  );

  test.skipIf(!hasShell(shell))('the laptop has the last word where it wants it', async () => {
    host.write('zone', 'old');
    const change = host.change([host.file('zone', 'new')]);
    const seen: string[] = [];
    const session = host.session();
    const confirm = () => {
      seen.push(host.read('zone'));
      return Promise.resolve(null);
    };
    expect(await apply(change, { confirm }, session)).toMatchObject({ state: 'applied' });
    expect([seen, host.read('zone'), session.roundTrips]).toEqual([['new'], 'new', 2]);
  });

  test.skipIf(!hasShell(shell))('a refused confirmation, or none in time, takes it back', async () => {
    host.write('zone', 'old');
    const change = host.change([
      host.file('zone', 'new'),
      host.command('activate', `cat '${host.path('zone')}' >>'${host.root}/live'`),
    ]);
    const problem = { code: 'probe-failed', message: 'not signed', hint: '', severity: 'stop' } as const;
    expect(await apply(change, { confirm: () => Promise.resolve(problem) })).toMatchObject({
      state: 'rolled-back',
      problem,
    });
    expect(host.read('zone')).toBe('old');
    const late = () => sleep(4000).then(() => null);
    expect(await apply(change, { run: 'r2', confirm: late, confirmSeconds: 1 })).toMatchObject({
      state: 'rolled-back',
      problem: { code: 'unconfirmed' },
    });
    expect(host.read('zone')).toBe('old');
    expect(readFileSync(join(host.root, 'live'), 'utf8')).toBe('newoldnewold');
  });

  test.skipIf(!hasShell(shell))('goes on when the link is cut, and the laptop learns the outcome', async () => {
    host.write('zone', 'old');
    const change = host.change([host.file('zone', 'new'), host.command('activate', 'sleep 1')]);
    let sessions = 0;
    const reopen = () => {
      sessions += 1;
      return sessions < 2 ? Promise.reject(new Error('still down')) : Promise.resolve(host.session());
    };
    expect(await apply(change, { reopen }, host.session({ cutAfter: 1 }))).toMatchObject({ state: 'applied' });
    expect(host.read('zone')).toBe('new');
    const unknown = await apply(
      { ...change, steps: [host.file('zone', 'newer')] },
      { run: 'r2' },
      host.session({ cutAfter: 1 }),
    );
    expect(unknown).toMatchObject({ state: 'unknown', problem: { code: 'transaction-unknown' } });
    const later = { run: 'r2', change, places: host.places };
    expect(await readOutcome(host.session(), later, () => {})).toMatchObject({ state: 'applied' });
    expect(await readOutcome(host.session(), { ...later, run: 'r9' }, () => {})).toMatchObject({
      state: 'rolled-back',
      problem: { code: 'transaction-never-arrived' },
    });
  });

  test.skipIf(!hasShell(shell))('is carried out once', async () => {
    host.write('zone', 'old');
    const change = host.change([host.file('zone', 'new'), host.command('activate', `echo x >>'${host.root}/live'`)]);
    expect(await apply(change)).toMatchObject({ state: 'applied' });
    expect(await apply(change)).toMatchObject({ state: 'applied' });
    expect(readFileSync(join(host.root, 'live'), 'utf8')).toBe('x\n');
  });

  test.skipIf(!hasShell(shell)).each(['KILL', 'TERM'] as const)(
    'SIG%s in the middle: taken back, by itself or by whoever comes next',
    async signal => {
      host.write('zone', 'old', 0o664);
      host.write('gone', 'bye');
      const tree = host.tree();
      const steps = [
        host.file('zone', 'new'),
        host.file('gone', null),
        host.file('made/key', null, { after: { secret: 'k1' } }),
        { kind: 'directory', path: host.path('made'), mode: 0o700, owner: host.owner, present: true } as const,
        host.command(
          'activate',
          `read -r pid rest <'${stateOf()}/process'; test -e '${host.root}/again' || { touch '${host.root}/again'; kill -${signal} "$pid"; sleep 1; }`,
        ),
      ];
      if (signal === 'TERM') {
        expect(await apply(host.change(steps))).toMatchObject({
          state: 'rolled-back',
          problem: { code: 'interrupted' },
        });
      } else {
        expect(await apply(host.change(steps), {}, host.session({ cutAfter: 1 }))).toMatchObject({ state: 'unknown' });
        await sleep(1500);
        expect(host.tree()).not.toBe(tree);
        // Another transaction comes first: it settles the dead one, which its plan takes as it was
        host.write('other', '1');
        const other = host.change([host.file('other', '2')], { id: 'policy@local' });
        expect(await apply(other, { run: 'r2' })).toMatchObject({ state: 'applied' });
        execFileSync('rm', [host.path('other')]);
      }
      expect(host.tree()).toBe(tree);
      expect(host.stateText()).not.toContain('c2VjcmV0');
      expect(
        await readOutcome(host.session(), { run: 'r1', change: host.change(steps), places: host.places }, () => {}),
      ).toMatchObject({
        state: 'rolled-back',
      });
    },
  );

  test.skipIf(!hasShell(shell))('two at once: one after the other', async () => {
    host.write('one', '1');
    host.write('two', '2');
    const first = host.change([host.file('one', 'first'), host.command('activate', 'sleep 1')], {
      id: 'install@local',
    });
    const second = host.change([host.file('two', 'second')], { id: 'publish@local' });
    const both = await Promise.all([apply(first), apply(second)]);
    expect(both.map(({ state }) => state)).toEqual(['applied', 'applied']);
    expect([host.read('one'), host.read('two')]).toEqual(['first', 'second']);
  });

  test.skipIf(!hasShell(shell))('keeps the directories of the last 20 runs', async () => {
    mkdirSync(host.places.state);
    for (let at = 0; at < 25; at += 1) {
      const folder = join(host.places.state, `old${at}`);
      mkdirSync(folder);
      writeFileSync(join(folder, 'outcome'), '');
      utimesSync(folder, 1000 + at, 1000 + at);
    }
    await apply(host.change([host.file('zone', 'new')]));
    await expect.poll(() => readdirSync(host.places.state)).toHaveLength(20);
    const kept = readdirSync(host.places.state);
    expect(kept).toContain('old24');
    expect(kept).not.toContain('old5');
  });
});

describe.skipIf(!hasShell('dash'))('a host without flock, setsid and timeout', () => {
  let host: LocalHost;
  beforeEach(() => {
    host = new LocalHost('dash', ['flock', 'setsid', 'timeout']);
  });
  afterEach(() => host.remove());

  const apply = (change: Change, run: string) =>
    applyChange(
      host.session(),
      { run, change, who: 'anna', openSecret: () => Promise.reject(new Error()), places: host.places },
      () => {},
    );

  test('works, one after the other, with a limit on commands', async () => {
    host.write('one', '1');
    const slow = host.change([host.file('one', 'first'), host.command('activate', 'sleep 1')], { id: 'install@local' });
    const hang = host.change([{ kind: 'command', phase: 'check', argv: ['sleep', '600'], timeout: 1 }], {
      id: 'publish@local',
    });
    const both = await Promise.all([apply(slow, 'r1'), apply(hang, 'r1')]);
    expect(both.map(({ problem }) => problem?.code ?? null)).toEqual([null, 'command-timeout']);
    await expect.poll(() => readdirSync(host.root)).not.toContain('signet.lock.d');
  });

  test('a lock of a dead process is no lock', async () => {
    const lock = `${host.places.lock}.d`;
    mkdirSync(lock);
    const dead = spawn('true');
    await new Promise(resolve => dead.on('close', resolve));
    writeFileSync(join(lock, 'owner'), `${dead.pid} 1 -\n`);
    host.write('one', '1');
    expect(await apply(host.change([host.file('one', '2')]), 'r1')).toMatchObject({ state: 'applied' });
  });
});
