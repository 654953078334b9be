/** What bad input gets: a code of its own, one clear message, what to do next, the exit code of docs/cli.md, and nothing changed. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome, signet, startSignet, type CliOptions, type Home } from '../../tools/cli.ts';
import { addAndScan, apply, ask } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, fault, lab, labServer, type FleetState, type LabServer } from '../../tools/lab.ts';

const label = 'a'.repeat(63);
/** 253 bytes are a domain; 254 are none. */
const longest = `${label}.${label}.${label}.${'b'.repeat(61)}`;

let home: Home;
let before: FleetState;
let mx1: LabServer;
let mx2: LabServer;
let secrets = '';

/** Runs a command that must be refused, and holds what it says to the form of all messages. */
async function refusedWith(code: string, exit: number, args: readonly string[], options: Partial<CliOptions> = {}) {
  const result = await signet(args, { home, ...options });
  expect({ exit: result.code, stderr: result.stderr }).toMatchObject({
    exit,
    stderr: expect.stringContaining(`[${code}]`),
  });
  const [message = '', hint = '', ...rest] = result.stderr.split('\n');
  expect(message).toMatch(/^signet: \S.*\[[a-z0-9-]+\]$/);
  expect(hint).toMatch(/^ {8}\S/);
  expect(rest.filter(line => line !== '')).toEqual([]);
  return result;
}

const nothingStaged = async () => expect(await ask.pending(home)).toEqual([]);
const domains = (args: readonly string[]) => ['signing', 'on', ...args];

useHosts('mx1', 'mx2', 'ns1');

beforeAll(async () => {
  [mx1, mx2] = [await labServer('mx1'), await labServer('mx2')];
  secrets = join(mx1.identity, '..');
  home = await makeHome();
  before = await check.fleetState('mx1', 'mx2');
  await addAndScan(home, 'mx1');
});

afterAll(async () => {
  await home.remove();
});

describe('names', () => {
  test.each([
    ['a domain that nobody hosts', 'unknown-domain', domains(['nikde.example'])],
    ['a domain of 253 bytes that nobody hosts', 'unknown-domain', domains([longest])],
    ['a domain of 254 bytes', 'name-too-long', domains([`${longest}b`])],
    ['a label of 64 bytes', 'label-too-long', domains([`${label}a.example`])],
    ['an empty label', 'label-empty', domains(['a..example'])],
    ['a hyphen in front', 'bad-hyphen', domains(['--', '-a.example'])],
    ['a slash', 'bad-character', domains(['../../etc/passwd'])],
    ['a terminal sequence', 'bad-character', domains(['a\u001b[31m\n.example'])],
    ['a server that is unknown', 'unknown-server', domains(['krojac.example', '--server', 'mx9'])],
    ['a selector with a blank', 'bad-character', domains(['krojac.example', '--selector', 'a b'])],
    ['a selector that is a TXT in the zone', 'selector-in-use', domains(['knihy.example', '--selector', 'google'])],
    ['a selector that is a CNAME in the zone', 'selector-in-use', domains(['knihy.example', '--selector', 'k1'])],
    ['a scan of an unknown server', 'unknown-server', ['scan', 'mx9']],
    ['verify of an unknown domain', 'unknown-domain', ['verify', 'nikde.example']],
    ['records of an unknown domain', 'unknown-domain', ['records', 'nikde.example']],
    ['a rotation of an unknown domain', 'unknown-domain', ['rotate', 'nikde.example']],
    ['a compromised key that is nowhere', 'unknown-key', ['rotate', '--compromised', '../../etc/passwd\u001b[31m']],
    ['an unknown run', 'unknown-run', ['run', 'undo', 'never']],
    ['an unknown pending change', 'unknown-pending', ['pending', 'drop', 'never']],
  ])('%s', async (_, code, args) => {
    expect(await refusedWith(code, 3, args)).toMatchObject({ stdout: '' });
    await nothingStaged();
  });

  test('a selector is named in the message', async () => {
    const { stderr } = await refusedWith('bad-character', 3, domains(['krojac.example', '--selector', 'a b']));
    expect(stderr).toContain('"a b"');
  });

  test('one bad name among good ones stages nothing', async () => {
    const { stderr } = await refusedWith('unknown-domain', 3, domains(['krojac.example', 'nikde.example']));
    expect(stderr).not.toContain('krojac');
    await nothingStaged();
  });

  test.each(['žluťoučký.example', 'XN--LUOUK-UVA4IT5A4G.example.', 'ŽLUŤOUČKÝ.EXAMPLE'])(
    'an international name is accepted: %s',
    async name => {
      const staged = await signet([...domains([name]), '--json'], { home });
      expect(staged).toMatchObject({ code: 0, json: { staged: [{ domain: 'xn--luouk-uva4it5a4g.example' }] } });
      await signet(['pending', 'drop', '--all'], { home });
    },
  );

  test.each([
    ['no domain', domains([])],
    ['an unknown command', ['sign']],
    ['an unknown key', domains(['krojac.example', '--key', 'rsa512'])],
    ['a rotation of nothing', ['rotate']],
    ['a compromised key of one domain', ['rotate', 'krojac.example', '--compromised', 'k1._domainkey.knihy.example']],
    ['a grace of nonsense', ['signing', 'off', 'krojac.example', '--grace', 'soon']],
    ['a host key of nonsense', ['server', 'trust', 'mx1', '--host-key', 'SHA256:abc']],
  ])('usage: %s', async (_, args) => {
    const result = await signet(args, { home });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toMatch(/servers\.trust/);
  });
});

describe('log-in', () => {
  const add = ({ config }: LabServer, ...options: readonly string[]) => {
    const address = ['--host', config.host, '--user', config.user];
    return ['server', 'add', 'new', ...address, ...options];
  };
  const known = () => ['--known-hosts', mx1.knownHosts];
  const identity = () => ['--identity', mx1.identity];
  const withPassphrase = () => ['--identity', join(secrets, 'id_passphrase')];
  const stdin = (document: object) => ({ stdin: JSON.stringify(document) });

  test('a wrong password', async () => {
    const args = add(mx2, ...known(), '--secrets-stdin');
    const { stderr } = await refusedWith('login-refused', 1, args, stdin({ password: 'pa55-wrong' }));
    expect(stderr).toMatch(/new: .*spravce/);
    expect(stderr).not.toContain('pa55');
  });

  test('a wrong passphrase, and none', async () => {
    const args = add(mx2, ...known(), ...withPassphrase());
    const wrong = stdin({ passphrase: 'pa55-wrong' });
    const { stderr } = await refusedWith('passphrase-wrong', 1, [...args, '--secrets-stdin'], wrong);
    expect(stderr).toContain('id_passphrase');
    expect(stderr).not.toContain('pa55');
    await refusedWith('passphrase-needed', 1, args);
  });

  test('a key that the host does not know', async () => {
    const passphrase = (await readFile(join(secrets, 'id_passphrase.passphrase'), 'utf8')).trim();
    const args = add(mx2, ...known(), ...withPassphrase(), '--secrets-stdin');
    const { stderr } = await refusedWith('login-refused', 1, args, stdin({ passphrase }));
    expect(stderr).not.toContain(passphrase);
  });

  test('a key file that is none', async () => {
    for (const file of ['/nonexistent', mx1.knownHosts]) {
      const { stderr } = await refusedWith('key-unreadable', 1, add(mx1, ...known(), '--identity', file));
      expect(stderr).toContain(file);
    }
  });

  test('sudo that wants a password, and that refuses it', async () => {
    await refusedWith('sudo-password-needed', 1, add(mx2, ...known(), ...identity(), '--sudo', 'nopasswd'));
    const args = add(mx2, ...known(), ...identity(), '--sudo', 'password', '--secrets-stdin');
    const { stderr } = await refusedWith('sudo-password-wrong', 1, args, stdin({ sudoPassword: 'pa55-wrong' }));
    expect(stderr).not.toContain('pa55');
  });

  test('a user who may not use sudo', async () => {
    await lab.sh('mx2', 'mv /etc/sudoers.d/spravce /root/spravce');
    try {
      const args = add(mx2, ...known(), ...identity(), '--sudo', 'password', '--secrets-stdin');
      const { stderr } = await refusedWith('sudo-refused', 1, args, stdin({ sudoPassword: mx2.sudoPassword }));
      expect(stderr).toContain('spravce');
    } finally {
      await lab.sh('mx2', 'mv /root/spravce /etc/sudoers.d/spravce');
    }
  });

  test('a host that is not there, a port that is closed, a name that is unknown', async () => {
    const to = (host: string, port: string) => {
      const address = ['--host', host, '--port', port, '--user', 'root'];
      return ['server', 'add', 'new', ...address, ...identity(), '--trust-on-first-use'];
    };
    for (const [host, port] of [
      ['10.99.0.77', '22'],
      ['10.99.0.11', '1'],
      ['nowhere.invalid', '22'],
    ] as const) {
      const { stderr } = await refusedWith('host-unreachable', 1, to(host, port));
      expect(stderr).toContain(host);
    }
  });

  test('a host key that is unknown, and one that is another', async () => {
    await refusedWith('host-key-unknown', 3, add(mx1, ...identity(), '--known-hosts', '/dev/null'));
    const other = `SHA256:${'A'.repeat(43)}`;
    const { stderr } = await refusedWith('host-key-changed', 3, add(mx1, ...identity(), '--host-key', other));
    expect(stderr).toContain(mx1.fingerprint);
    expect(stderr).toContain(other);
  });

  test('a host key that changes later stops everything on that server', async () => {
    await signet(['server', 'trust', 'mx1', '--host-key', `SHA256:${'A'.repeat(43)}`], { home });
    try {
      const scan = await signet(['scan', 'mx1'], { home });
      expect(scan.code).toBe(3);
      expect(scan.stderr).toMatch(/mx1.*\[host-key-changed\]/);
      await signet(domains(['krojac.example']), { home });
      const applied = await apply(home);
      expect(applied.done.changes.applied).toBe(0);
      expect(applied.stderr + applied.stdout).toContain('host-key-changed');
      expect(applied.code).toBe(3);
    } finally {
      await signet(['pending', 'drop', '--all'], { home });
      await signet(['server', 'trust', 'mx1', '--host-key', mx1.fingerprint], { home });
    }
    expect(await signet(['scan', 'mx1'], { home })).toMatchObject({ code: 0 });
  });

  test('a user who does not become root', async () => {
    try {
      const { stderr } = await refusedWith('not-root', 3, add(mx2, ...known(), ...identity()));
      expect(stderr).toContain('--sudo');
    } finally {
      await signet(['server', 'remove', 'new'], { home });
    }
  });

  test('none of them was added', async () => {
    const { json } = await signet(['server', 'list', '--json'], { home });
    expect(json).toMatchObject([{ name: 'mx1' }]);
  });
});

describe('hosts', () => {
  test('without an MTA: said by the scan, and refused for a domain that is given', async () => {
    await addAndScan(home, 'ns1');
    expect(await signet(['server', 'domains', 'ns1', 'krojac.example'], { home })).toMatchObject({ code: 0 });
    await signet(['scan', 'ns1'], { home });
    const { stderr } = await refusedWith('no-mta', 3, domains(['krojac.example', '--server', 'ns1']));
    expect(stderr).toContain('ns1');
    await nothingStaged();
    await signet(['server', 'remove', 'ns1'], { home });
  });

  test('a zone that does not load today', async () => {
    const file = '/etc/bind/zones/db.pekarna.example';
    await lab.sh('mx1', `cp -p ${file} /root/zone; echo 'broken (' >>${file}`);
    try {
      const broken = await check.fleetState('mx1');
      await signet(['scan'], { home });
      await signet(domains(['pekarna.example']), { home });
      const applied = await apply(home);
      expect(applied).toMatchObject({ code: 3, done: { outcome: 'refused' } });
      expect(applied.stderr).toMatch(/pekarna\.example.*\[zone-does-not-load\]/);
      expect(applied.stderr).toContain(file);
      expect(await check.fleetDiff(broken)).toMatchObject({ ok: true });
    } finally {
      await lab.sh('mx1', `cp -p /root/zone ${file}; rm /root/zone`);
      await signet(['pending', 'drop', '--all'], { home });
    }
  });

  test('a directory of keys that everybody may write', async () => {
    await lab.sh('mx1', 'chmod 777 /etc/opendkim/keys');
    try {
      await signet(['scan'], { home });
      await signet(domains(['krojac.example']), { home });
      const applied = await apply(home);
      expect(applied).toMatchObject({ code: 3, done: { outcome: 'refused' } });
      expect(applied.stderr).toMatch(/\/etc\/opendkim\/keys .*\[unsafe-key-parent\]\n.*chmod go-w/);
      expect(applied.stderr).not.toContain('key-not-installed');
    } finally {
      await lab.sh('mx1', 'chmod 700 /etc/opendkim/keys');
      await signet(['pending', 'drop', '--all'], { home });
      await signet(['scan'], { home });
    }
  });

  test('a second Signet at once', async () => {
    await fault.freeze('mx1');
    const first = startSignet(['scan'], { home });
    try {
      await expect.poll(async () => (await signet(['domains'], { home })).code, { timeout: 20_000 }).toBe(3);
      const { stderr } = await refusedWith('home-in-use', 3, domains(['krojac.example']));
      expect(stderr).toMatch(new RegExp(`signet scan.*process ${first.pid}\\b`));
    } finally {
      await fault.heal('mx1');
    }
    expect(await first.ended).toMatchObject({ code: 0 });
    await nothingStaged();
  });
});

describe('on the laptop', () => {
  /** A copy of the home that may be spoilt. */
  async function spoilt(spoil: (folder: string) => Promise<unknown>): Promise<Home> {
    const copy = await makeHome();
    await cp(join(home.path, 'signet'), join(copy.path, 'signet'), { recursive: true });
    await spoil(join(copy.path, 'signet'));
    return { ...copy, passphrase: home.passphrase };
  }

  test('a store that is damaged is named, and left alone', async () => {
    const damaged = Buffer.from('this is no database. '.repeat(1000));
    const other = await spoilt(folder => writeFile(join(folder, 'signet.db'), damaged));
    try {
      const { stderr } = await refusedWith('store-corrupt', 1, ['domains'], { home: other });
      expect(stderr).toContain('signet.db');
      expect(await readFile(join(other.path, 'signet/signet.db'))).toEqual(damaged);
    } finally {
      await other.remove();
    }
  });

  test('a store with a hole in the middle', async () => {
    const other = await spoilt(async folder => {
      const file = join(folder, 'signet.db');
      const bytes = await readFile(file);
      await writeFile(file, bytes.fill(0xa5, 4096, bytes.length));
    });
    try {
      const { stderr } = await refusedWith('store-corrupt', 1, ['domains'], { home: other });
      expect(stderr).toContain('signet.db');
    } finally {
      await other.remove();
    }
  });

  test('a vault under another passphrase, without one, and damaged', async () => {
    await refusedWith('vault-passphrase-wrong', 3, domains(['krojac.example']), {
      env: { SIGNET_PASSPHRASE: 'pa55-wrong' },
    });
    await refusedWith('vault-passphrase-needed', 3, domains(['krojac.example']), { env: { SIGNET_PASSPHRASE: '' } });
    const other = await spoilt(folder => writeFile(join(folder, 'vault.json'), '{"half":'));
    try {
      const { stderr } = await refusedWith('vault-damaged', 1, domains(['krojac.example']), { home: other });
      expect(stderr).toContain('vault.json');
    } finally {
      await other.remove();
    }
    await nothingStaged();
  });

  test('files to import that are none, were cut or are of another version', async () => {
    const file = join(tmpdir(), `signet-import-${process.pid}.json`);
    await signet(domains(['krojac.example']), { home });
    expect(await signet(['pending', 'export', file], { home })).toMatchObject({ code: 0 });
    await signet(['pending', 'drop', '--all'], { home });
    const good = await readFile(file, 'utf8');
    try {
      for (const bad of ['', '{', '{"a":1}', good.slice(0, -20), good.replace('"version": 1', '"version": 99')]) {
        await writeFile(file, bad);
        const { stderr } = await signet(['pending', 'import', file], { home });
        expect(stderr).toMatch(/\[import-(unreadable|version)\]\n {8}\S/);
      }
      await refusedWith('file-unreadable', 1, ['pending', 'import', '/nonexistent']);
    } finally {
      await rm(file);
    }
    await nothingStaged();
  });
});

test('after all of this, nothing has changed on any server', async () => {
  expect(await check.fleetDiff(before)).toMatchObject({ ok: true });
});
