/**
 * A whole run, with everything that is secret in it collected: passwords, passphrases, private keys in any form that they
 * could be written in. None of it may stand in the home, in an output, in a list of processes or in a journal.
 */
import { createPrivateKey } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome, signet, type CliOptions, type CliResult, type Home } from '../../tools/cli.ts';
import { addArguments, lastRun } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { lab, labServer } from '../../tools/lab.ts';
import { outputOf } from '../../tools/program.ts';

const hosts = ['mx1', 'mx2', 'ns1'] as const;
const domains = ['krojac.example', 'obchod.example', 'cestovka.example', 'sdilena.example'];
const exported = join(tmpdir(), `signet-secrets-${process.pid}`);

let home: Home;
/** What is secret, by the name that a failing test shows instead of it. */
const secrets = new Map<string, string>();
/** Everything that was written where it may be read, by its place. */
const written = new Map<string, string>();
const looking = new AbortController();
let looker: Promise<void>;

async function run(name: string, args: readonly string[], options: Partial<CliOptions> = {}): Promise<CliResult> {
  const result = await signet(args, { home, ...options });
  written.set(`output of ${name}`, `${result.stdout}\n${result.stderr}`);
  expect({ name, code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
  return result;
}

/** Bytes as such, in hexadecimal, and in base64 wherever they begin in what is encoded. */
function addBytes(name: string, bytes: Buffer): void {
  secrets.set(`${name}, raw`, bytes.toString('latin1'));
  secrets.set(`${name}, in hexadecimal`, bytes.toString('hex'));
  for (const offset of [0, 1, 2]) {
    secrets.set(`${name}, in base64 (${offset})`, bytes.subarray(offset).toString('base64').slice(0, 56));
  }
}

/** A private key in all its forms: DER and PEM, their last thirds only, for an RSA key begins with what is public. */
function addKey(name: string, pem: string): void {
  const key = createPrivateKey(pem);
  const der = key.export({ format: 'der', type: 'pkcs1' });
  addBytes(`${name}, DER`, der.subarray(-300, -255));
  const text = Buffer.from(pem.trim());
  addBytes(`${name}, PEM`, text.subarray(-300, -255));
  secrets.set(`${name}, a line`, pem.trim().split('\n').at(-4) ?? '');
  const { d = '' } = key.export({ format: 'jwk' });
  secrets.set(`${name}, its exponent`, d);
}

/** All that can be read out of bytes: themselves, and what they are the compressed form of. */
function readings(bytes: Buffer): readonly Buffer[] {
  const decompress = [gunzipSync, inflateSync, inflateRawSync, brotliDecompressSync, zstdDecompressSync];
  const found = decompress.flatMap(open => {
    try {
      return [open(bytes)];
    } catch {
      return [];
    }
  });
  return [bytes, ...found];
}

async function collectHome(): Promise<void> {
  const folder = join(home.path, 'signet');
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    written.set(`file ${file.name}`, (await readFile(path)).toString('latin1'));
  }
  const store = new DatabaseSync(join(folder, 'signet.db'), { readOnly: true });
  try {
    const tables = store.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    for (const { name } of tables) {
      const rows = store.prepare(`SELECT * FROM "${String(name)}"`).all();
      const values = rows.flatMap(row => Object.values(row));
      const texts = values.flatMap(value =>
        value instanceof Uint8Array
          ? readings(Buffer.from(value)).map(bytes => bytes.toString('latin1'))
          : [String(value)],
      );
      written.set(`table ${String(name)}`, texts.join('\n'));
    }
  } finally {
    store.close();
  }
}

async function collectServers(): Promise<void> {
  for (const host of hosts) {
    const all = (places: string) => lab.sh(host, `find ${places} -type f -exec cat {} + 2>/dev/null || true`);
    written.set(`journals of ${host}`, await all('/var/lib/signet'));
    written.set(`rests on ${host}`, await all('/run/lock /tmp /var/tmp'));
    written.set(`logs of ${host}`, await lab.sh(host, 'cat /var/log/*.log; journalctl --no-pager -q || true'));
  }
}

useHosts(...hosts);

beforeAll(async () => {
  home = await makeHome();
  secrets.set('passphrase of the vault', home.passphrase);
  looker = (async () => {
    // the hosts are namespaces of this machine: their processes are in its list too
    for (let sample = 0; !looking.signal.aborted; sample += 1) {
      written.set(`processes ${sample}`, await outputOf(['ps', '-eww', '-o', 'args']));
      await sleep(50);
    }
  })();
});

afterAll(async () => {
  looking.abort();
  await looker;
  await rm(exported, { force: true });
  await home.remove();
});

describe('a whole run', () => {
  test('is done', async () => {
    const { config, sudoPassword, knownHosts } = await labServer('mx2');
    const folder = join(knownHosts, '../secrets');
    const read = async (name: string) => (await readFile(join(folder, name), 'utf8')).trim();
    const passphrase = await read('id_passphrase.passphrase');
    const password = `login ${crypto.randomUUID()}`;
    secrets.set('sudo password', sudoPassword ?? '');
    secrets.set('passphrase of the log-in key', passphrase);
    secrets.set('log-in password', password);
    secrets.set('TSIG key', await read('tsig.secret'));
    addKey('log-in key', await rsaLogin(folder));
    await lab.exec('mx1', ['chpasswd'], `root:${password}\n`);
    await lab.sh('mx1', `echo 'PermitRootLogin yes' >/etc/ssh/sshd_config.d/t.conf; systemctl reload ssh`);
    await lab.sh('mx2', `cat >>/home/spravce/.ssh/authorized_keys <<'K'\n${await read('id_passphrase.pub')}\nK`);

    const mx1 = (await labServer('mx1')).config;
    await run(
      'add mx1',
      ['server', 'add', 'mx1', '--host', mx1.host, '--user', 'root', '--known-hosts', knownHosts, '--secrets-stdin'],
      {
        stdin: JSON.stringify({ password }),
      },
    );
    const key = ['--identity', join(folder, 'id_passphrase'), '--sudo', 'password', '--secrets-stdin'];
    await run(
      'add mx2',
      ['server', 'add', 'mx2', '--host', config.host, '--user', config.user, '--known-hosts', knownHosts, ...key],
      {
        stdin: JSON.stringify({ passphrase, sudoPassword }),
      },
    );
    await run('add ns1', (await addArguments('ns1')).args);
    await run('list', ['server', 'list', '--json']);
    await run('scan', ['scan', '--json']);
    await run('domains', ['domains', '--json']);
    await run('stage', ['signing', 'on', ...domains, '--json']);
    await run('export', ['pending', 'export', exported]);
    written.set('export without a passphrase', await readFile(exported, 'latin1'));
    const sealing = `export ${crypto.randomUUID()}`;
    secrets.set('passphrase of the export', sealing);
    await run('export, sealed', ['pending', 'export', exported, '--passphrase-stdin'], {
      stdin: JSON.stringify({ passphrase: sealing }),
    });
    written.set('export with a passphrase', await readFile(exported, 'latin1'));
    await run('plan', ['plan', '--diff']);
    await run('plan in JSON', ['plan', '--json']);
    const applied = await run('apply', ['apply', '--yes', '--json']);
    expect(applied.events.at(-1)).toMatchObject({ outcome: 'applied' });
    for (const [host, folderOfKeys] of [
      ['mx1', '/etc/opendkim/keys'],
      ['mx2', '/etc/dkimkeys'],
    ] as const) {
      const files = (await lab.sh(host, `find ${folderOfKeys} -name '*20*.private'`)).trim().split('\n');
      for (const file of files) addKey(`${host}:${file}`, await lab.sh(host, `cat ${file}`));
    }
    await run('show', ['run', 'show', (await lastRun(home)).id, '--json']);
    await run('verify', ['verify', '--json']);
    await run('records', ['records', 'krojac.example']);
    await collectHome();
    await collectServers();
    await run('undo', ['run', 'undo', (await lastRun(home)).id, '--json']);
    await run('plan of the undo', ['plan', '--diff']);
    await run('apply of the undo', ['apply', '--yes', '--json']);
    await run('doctor', ['doctor', '--json']);
    const wrong = await signet(['scan'], { home, env: { SIGNET_PASSPHRASE: 'wrong' } });
    written.set('output with a wrong passphrase', wrong.stdout + wrong.stderr);
    looking.abort();
    await looker;
  });

  test('and the collection is good: what is not secret is found in it', async () => {
    expect([...secrets.values()].filter(secret => secret.length < 12)).toEqual([]);
    const places = (text: string) => [...written].filter(([, content]) => content.includes(text)).map(([name]) => name);
    expect(places('krojac.example')).toEqual(expect.arrayContaining(['table facts', 'table plans', 'output of plan']));
    expect(places('sha256').length).toBeGreaterThan(0);
    expect([...written.keys()].filter(name => name.startsWith('processes')).length).toBeGreaterThan(20);
    expect(written.get('processes 30')).toContain('signet');
    expect(secrets.size).toBeGreaterThan(30);
  });

  test('no secret stands anywhere', () => {
    const found = [...secrets].flatMap(([name, secret]) =>
      [...written].filter(([, content]) => content.includes(secret)).map(([place]) => `${name}: ${place}`),
    );
    expect(found).toEqual([]);
  });

  test('after the undo neither, but for backups on the server that only root can read', async () => {
    written.clear();
    await collectHome();
    await collectServers();
    for (const host of hosts) {
      expect(await lab.sh(host, 'stat -c "%a %U" /var/lib/signet')).toBe('700 root\n');
      expect(await lab.sh(host, "find /var/lib/signet -name '*.private' -perm /077")).toBe('');
      written.delete(`journals of ${host}`);
    }
    const found = [...secrets].flatMap(([name, secret]) =>
      [...written].filter(([, content]) => content.includes(secret)).map(([place]) => `${name}: ${place}`),
    );
    expect(found).toEqual([]);
  });
});

/** The private key that the tests log in with, as PEM: its file is in OpenSSH's own format. */
async function rsaLogin(folder: string): Promise<string> {
  const copy = join(tmpdir(), `signet-login-${process.pid}`);
  await outputOf(['cp', join(folder, 'id_rsa'), copy]);
  try {
    await outputOf(['ssh-keygen', '-p', '-q', '-N', '', '-m', 'PEM', '-f', copy]);
    return await readFile(copy, 'utf8');
  } finally {
    await rm(copy);
  }
}
