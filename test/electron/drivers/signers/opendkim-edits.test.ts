/** What single edits do, and what is refused. */
import { describe, expect, test } from 'vitest';
import type { FileStep } from '../../../../shared/model.ts';
import { fromContent } from '../../../../shared/text.ts';
import type { SignerEdit } from '../../../../electron/drivers/api.ts';
import { driver } from '../../../../electron/drivers/signers/opendkim.ts';
import { createMemoryHost, succeeded } from '../../../fakes/memory-host.ts';
import { carryOut, hostOf, installKey, sampleKeys, type Case } from './opendkim-host.ts';

const config =
  'UserID opendkim\nSocket inet:8891@localhost\nKeyTable /etc/opendkim/KeyTable\nSigningTable refile:/etc/opendkim/SigningTable\n';
const keyFile = (content = sampleKeys.strong) => ({ content, mode: 0o600, owner: 'opendkim', group: 'opendkim' });

function tree(keyTable: string, signingTable: string, text = config): Case['files'] {
  const keys = [...keyTable.matchAll(/:(\/\S+)/g)].map(([, path = '']) => [path, keyFile()] as const);
  return {
    '/etc/opendkim.conf': { content: text },
    '/etc/opendkim/KeyTable': { content: keyTable },
    '/etc/opendkim/SigningTable': { content: signingTable },
    ...Object.fromEntries(keys),
  };
}

async function plan(files: Case['files'], edits: readonly SignerEdit[]) {
  const facts = await driver.scan(hostOf(files));
  const planned = driver.plan(facts, edits);
  const text = (path: string) => {
    const step = planned.steps.find((each): each is FileStep => each.kind === 'file' && each.path === path);
    return step?.after === undefined || step.after === null || 'secret' in step.after ? null : fromContent(step.after);
  };
  return {
    ...planned,
    codes: planned.refused.map(({ problem }) => problem.code),
    signing: text('/etc/opendkim/SigningTable'),
    keys: text('/etc/opendkim/KeyTable'),
    config: text('/etc/opendkim.conf'),
    signs: driver.view(planned.after).signs,
  };
}

const two = 'a1 a.example:s1:/etc/dkimkeys/a.example/s1.private\na2 a.example:s2:/etc/dkimkeys/a.example/s2.private\n';
const activate = (domain: string, ...selectors: string[]): SignerEdit => ({ kind: 'activate', domain, selectors });

describe('install', () => {
  test('puts the key into a directory of its own, closed to others, and names it', async () => {
    const key = installKey('b.example', 's1');
    const planned = await plan(tree(two, '*@a.example a1\n'), [{ kind: 'install', key }]);
    expect(planned.steps.slice(0, 2)).toEqual([
      { kind: 'directory', path: '/etc/dkimkeys/b.example', mode: 0o700, owner: 'opendkim:opendkim', present: true },
      {
        kind: 'file',
        path: '/etc/dkimkeys/b.example/s1.private',
        before: null,
        old: null,
        after: { secret: 's1.b.example' },
        mode: 0o600,
        owner: 'opendkim:opendkim',
      },
    ]);
    expect(planned.keys).toBe(`${two}s1._domainkey.b.example b.example:s1:/etc/dkimkeys/b.example/s1.private\n`);
    expect(planned.signing).toBeNull();
    expect(planned.requires.map(({ path }) => path)).toEqual(['/etc/opendkim.conf', '/etc/opendkim/SigningTable']);
  });

  test('never takes a selector or a file that is in use', async () => {
    const files = { ...tree(two, ''), '/etc/dkimkeys/b.example/s1.private': keyFile() };
    const planned = await plan(files, [
      { kind: 'install', key: installKey('a.example', 's1') },
      { kind: 'install', key: installKey('b.example', 's1') },
    ]);
    expect(planned.codes).toEqual(['selector-in-use', 'key-file-exists']);
    expect(planned.steps).toEqual([]);
  });

  test('takes an equal key as installed', async () => {
    const planned = await plan(tree(two, ''), [
      { kind: 'install', key: installKey('a.example', 's1', sampleKeys.strong) },
    ]);
    expect([planned.codes, planned.steps]).toEqual([[], []]);
  });

  test('refuses what this signer cannot do', async () => {
    const planned = await plan(tree(two, ''), [
      { kind: 'install', key: { ...installKey('b.example', 's1'), algorithm: 'ed25519' } },
      { kind: 'install', key: { ...installKey('b.example', 's1'), scheme: 'domainkeys' } },
      { kind: 'install', key: { ...installKey('b.example', 's1'), domain: 'b.example\n* evil' } },
    ]);
    expect(planned.codes).toEqual(['algorithm-not-possible', 'scheme-not-possible', 'name-invalid']);
  });

  test('refuses a place that the daemon would not trust', async () => {
    const files = { ...tree(two, ''), '/etc/dkimkeys': { mode: 0o777 } };
    expect((await plan(files, [{ kind: 'install', key: installKey('b.example', 's1') }])).codes).toEqual([
      'unsafe-key-parent',
    ]);
  });
});

describe('activate', () => {
  test('rewrites the line of the domain when the selector changes, and keeps its comment', async () => {
    const planned = await plan(tree(two, '# mail\n*@a.example   a1   # since 2019\n'), [activate('a.example', 's2')]);
    expect(planned.signing).toBe('# mail\n*@a.example   a2   # since 2019\n');
    expect(planned.requires).toContainEqual(expect.objectContaining({ path: '/etc/dkimkeys/a.example/s2.private' }));
  });

  test('with two keys turns MultipleSignatures on', async () => {
    const planned = await plan(tree(two, '*@a.example a1\n'), [activate('a.example', 's1', 's2')]);
    expect(planned.signing).toBe('*@a.example a1\n*@a.example a2\n');
    expect(planned.config).toBe(`${config}MultipleSignatures yes\n`);
    expect(planned.signs['a.example']).toEqual(['s1', 's2']);
  });

  test('with two keys is refused where other domains would get a second signature', async () => {
    const planned = await plan(
      tree(`${two}b b.example:s:/etc/dkimkeys/b.private\n`, '*@a.example a1\n*@b.example b\n*@*b.example a1\n'),
      [activate('a.example', 's1', 's2')],
    );
    expect(planned.codes).toEqual(['multiple-signatures-side-effect']);
    expect(planned.refused[0]?.problem.message).toContain('b.example by /etc/opendkim/SigningTable:3');
  });

  test('is refused where more lines would match than sign', async () => {
    const text = `${config}MultipleSignatures yes\n`;
    const keys = `${two}b b.example:s:/etc/dkimkeys/b.private\n`;
    expect((await plan(tree(keys, '*@a.example a1\n* b\n', text), [activate('a.example', 's1', 's2')])).codes).toEqual([
      'signature-limit',
    ]);
    const one = await plan(tree(keys, '* b\n', text), [activate('a.example', 's1')]);
    expect([one.codes, one.signing]).toEqual([[], '*@a.example a1\n* b\n']);
  });

  test('with two keys is refused in a table that has one value a key', async () => {
    const text = config.replace('refile:', '');
    expect((await plan(tree(two, 'a.example a1\n', text), [activate('a.example', 's1', 's2')])).codes).toEqual([
      'dual-sign-needs-patterns',
    ]);
  });

  test('stands before a pattern that would match first, and behind the lines of single users', async () => {
    const planned = await plan(tree(two, 'bob@a.example a2\n*@*example a2\n'), [activate('a.example', 's1')]);
    expect(planned.signing).toBe('bob@a.example a2\n*@a.example a1\n*@*example a2\n');
  });

  test('lets a line with the key of another domain stand, and puts its own before it', async () => {
    const text = `${two}b b.example:s:/etc/dkimkeys/b.private\n`;
    const files = tree(text, '*@b.example a1\n');
    const planned = await plan(files, [activate('b.example', 's')]);
    expect(planned.signing).toBe('*@b.example b\n*@b.example a1\n');
    const back = await plan(carryOut(files, planned.steps, {}), [{ kind: 'deactivate', domain: 'b.example' }]);
    expect(back.signing).toBe('*@b.example a1\n');
  });

  test('is refused without a key, and with one that is missing or that the daemon would refuse', async () => {
    const files: Case['files'] = {
      ...tree(`${two}b b.example:s:/etc/dkimkeys/b.private\nc c.example:s:/etc/dkimkeys/c.private\n`, ''),
      '/etc/dkimkeys/c.private': { ...keyFile(), mode: 0o644 },
    };
    const { ['/etc/dkimkeys/b.private']: _gone, ...rest } = files;
    const planned = await plan(rest, [
      activate('x.example', 's'),
      activate('b.example', 's'),
      activate('c.example', 's'),
    ]);
    expect(planned.codes).toEqual(['key-not-installed', 'key-file-missing', 'unsafe-key']);
  });
});

describe('deactivate and remove', () => {
  test('take what is about the domain alone', async () => {
    const planned = await plan(tree(two, 'bob@a.example a2\n*@a.example a1\n*@aa.example a1\n'), [
      { kind: 'deactivate', domain: 'a.example' },
    ]);
    expect(planned.signing).toBe('*@aa.example a1\n');
    expect(planned.keys).toBeNull();
  });

  test('do not cut a pattern that other domains share', async () => {
    const planned = await plan(tree(two, '*@*example a1\n'), [{ kind: 'deactivate', domain: 'a.example' }]);
    expect(planned.codes).toEqual(['signed-by-pattern']);
    expect(planned.refused[0]?.problem.message).toContain('/etc/opendkim/SigningTable:1');
  });

  test('remove takes entry, file and directory, but nothing that is in use', async () => {
    const planned = await plan(tree(two, '*@a.example a1\n'), [
      { kind: 'remove', domain: 'a.example', selector: 's1' },
      { kind: 'remove', domain: 'a.example', selector: 's2' },
      { kind: 'remove', domain: 'a.example', selector: 's3' },
    ]);
    expect(planned.codes).toEqual(['key-in-use']);
    expect(planned.keys).toBe('a1 a.example:s1:/etc/dkimkeys/a.example/s1.private\n');
    expect(planned.steps.slice(1, 3)).toEqual([
      expect.objectContaining({ kind: 'file', path: '/etc/dkimkeys/a.example/s2.private', after: null, old: null }),
      expect.objectContaining({ kind: 'directory', path: '/etc/dkimkeys/a.example', present: false }),
    ]);
  });

  test('a file that two entries name stays', async () => {
    const shared = 'x a.example:s1:/etc/dkimkeys/k.private\ny b.example:s1:/etc/dkimkeys/k.private\n';
    const planned = await plan(tree(shared, '*@b.example y\n'), [
      { kind: 'remove', domain: 'a.example', selector: 's1' },
    ]);
    expect(planned.steps.filter(step => step.kind === 'file').map(step => step.path)).toEqual([
      '/etc/opendkim/KeyTable',
    ]);
  });
});

describe('the configuration', () => {
  test('of a single domain becomes tables that do the same', async () => {
    const text =
      '# ours\nUserID\t\topendkim\nDomain\t\ta.example\nSelector\ts1 # old\nKeyFile\t\t/etc/dkimkeys/a.private\nSocket\t\tinet:8891@localhost\n';
    const files = { '/etc/opendkim.conf': { content: text }, '/etc/dkimkeys/a.private': keyFile() };
    const key = installKey('b.example', 's1');
    const facts = await driver.scan(hostOf(files));
    const planned = driver.plan(facts, [{ kind: 'install', key }, activate('b.example', 's1')]);
    const after = carryOut(files, planned.steps, { [key.secret.secret]: sampleKeys.other });
    expect(after['/etc/opendkim.conf']?.content).toBe(
      '# ours\nUserID\t\topendkim\n#Domain\t\ta.example\n#Selector\ts1 # old\n#KeyFile\t\t/etc/dkimkeys/a.private\nKeyTable\t/etc/opendkim/key.table\nSigningTable\trefile:/etc/opendkim/signing.table\nSocket\t\tinet:8891@localhost\n',
    );
    expect(after['/etc/opendkim/key.table']).toMatchObject({
      content:
        's1._domainkey.a.example a.example:s1:/etc/dkimkeys/a.private\ns1._domainkey.b.example b.example:s1:/etc/dkimkeys/b.example/s1.private\n',
      mode: 0o640,
      group: 'opendkim',
    });
    expect(driver.view(await driver.scan(hostOf(after))).signs).toEqual({ 'a.example': ['s1'], 'b.example': ['s1'] });
  });

  test('is not changed when nothing is asked for', async () => {
    const text = 'UserID opendkim\nDomain a.example\nSelector s1\nKeyFile /etc/dkimkeys/a.private\n';
    const files = { '/etc/opendkim.conf': { content: text }, '/etc/dkimkeys/a.private': keyFile() };
    expect((await plan(files, [activate('a.example', 's1')])).steps).toEqual([]);
    expect((await plan(files, [{ kind: 'deactivate', domain: 'x.example' }])).steps).toEqual([]);
  });

  test('that the daemon cannot read makes it restart instead of reload', async () => {
    const files = { ...tree(two, ''), '/etc/opendkim.conf': { content: config, mode: 0o600 } };
    const planned = await plan(files, [activate('a.example', 's1')]);
    expect(planned.steps.find(step => step.kind === 'command' && step.phase === 'activate')).toMatchObject({
      argv: ['systemctl', 'restart', 'opendkim.service'],
    });
  });
});

test('10,000 domains are planned in seconds on a busy machine', async () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `d${index}.example`);
  const key = installKey('x.example', 's1');
  const facts = await driver.scan(hostOf(tree(two, '*@a.example a1\n*@*.legacy.example a2\n* a2\n')));
  const start = performance.now();
  const installed = driver.plan(
    facts,
    names.map(domain => ({ kind: 'install', key: { ...key, domain, secret: { secret: domain } } }) as const),
  );
  const switched = driver.plan(
    installed.after,
    names.map(domain => activate(domain, 's1')),
  );
  const view = driver.view(switched.after);
  const seconds = (performance.now() - start) / 1000;
  expect(Object.keys(view.signs)).toHaveLength(10_001);
  expect(switched.steps.filter(step => step.kind === 'file')).toHaveLength(1);
  expect(switched.steps.find(step => step.kind === 'command' && step.stdin !== undefined)).toBeDefined();
  expect(seconds).toBeLessThan(15);
});

test('the options of the running process count, whatever the unit says', async () => {
  const host = createMemoryHost({
    files: { ...tree(two, '*@a.example a1\n'), '/etc/other.conf': { content: `${config}Mode v\n` } },
    exec: argv => {
      if (argv[0] === 'systemctl')
        return succeeded('ExecStart={ argv[]=/usr/sbin/opendkim $OPTIONS ; }\nActiveState=active\n');
      return argv[0] === 'pgrep' ? succeeded('77 /usr/sbin/opendkim -x /etc/other.conf\n') : undefined;
    },
  });
  const view = driver.view(await driver.scan(host));
  expect([view.unavailable?.code, view.unavailable?.file]).toEqual(['signer-mode', '/etc/other.conf']);
});

test('without systemd the service is found by its process, and reloaded by its script', async () => {
  const host = createMemoryHost({
    files: tree(two, ''),
    host: { init: 'openrc' },
    exec: argv => (argv[0] === 'pgrep' ? succeeded('77 /usr/sbin/opendkim\n') : undefined),
  });
  const planned = driver.plan(await driver.scan(host), [activate('a.example', 's1')]);
  expect(planned.refused).toEqual([]);
  expect(planned.steps.filter(step => step.kind === 'command').slice(-2)).toMatchObject([
    { argv: ['rc-service', 'opendkim', 'reload'] },
    { argv: ['pgrep', '-x', 'opendkim'] },
  ]);
});
