import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Database } from '../../../electron/store/database.ts';
import { homeDirectory } from '../../../electron/store/home.ts';
import { migrate, migrations } from '../../../electron/store/migrations.ts';
import { openStore } from '../../../electron/store/store.ts';
import { SignetError } from '../../../shared/problem.ts';
import { temporaryHome } from '../../tools/homes.ts';
import { codeOf } from '../../tools/problem-of.ts';
import { key, on, plan, server } from './samples.ts';

const root = process.getuid?.() === 0;
const child = new URL('child.ts', import.meta.url).pathname;

function problemOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof SignetError) return error.problem;
    throw error;
  }
  throw new Error('it worked');
}

/** A store with one of everything, closed. */
function filled(): string {
  const home = temporaryHome();
  const store = openStore(home);
  store.servers.put(server('mx1'));
  store.facts().put({ server: 'mx1', scannedAt: 'now', mta: null, signers: [{ facts: 'a' }], dns: [] });
  store.pending.edit({ put: [on('p1', 'example.com', [key('k1')])], keys: [{ key: key('k1'), sealed: Buffer.of(7) }] });
  store.probes.put([{ domain: 'a', server: 'mx1', at: 'now', signed: true, selectors: [], problem: null }]);
  store.runs.begin({ id: 'r1', startedAt: 'now', plan: plan('a') });
  store.runs.append({ type: 'run', run: 'r1', at: 'now', plan: 'a', servers: ['mx1'], changes: 2 });
  store.settings.put({ parallelism: 3 });
  store.keyCheck.set(Buffer.from('check'));
  store.close();
  return home;
}

function tamper(home: string, sql: string): void {
  const database = new DatabaseSync(join(home, 'signet.db'));
  database.exec(sql);
  database.close();
}

describe('the home', () => {
  test('is the one given, else SIGNET_HOME, else the data folder of the platform', () => {
    expect(homeDirectory('/a/../b', { SIGNET_HOME: '/c' })).toBe('/b');
    expect(homeDirectory(undefined, { SIGNET_HOME: '/c' })).toBe('/c');
    expect(homeDirectory(undefined, { SIGNET_HOME: '' })).toMatch(/signet/);
  });

  test.runIf(process.platform === 'linux' && !process.env['XDG_DATA_HOME'])(
    'on Linux, as the XDG specification says',
    () => {
      expect(homeDirectory(undefined, {})).toBe(join(homedir(), '.local/share/signet'));
    },
  );

  test('one of ours is closed to others; a folder of others is left alone and refused', () => {
    const home = filled();
    chmodSync(home, 0o755);
    openStore(home).close();
    expect(statSync(home).mode & 0o777).toBe(0o700);

    const shared = temporaryHome();
    writeFileSync(join(shared, 'theirs'), '');
    chmodSync(shared, 0o777);
    expect(problemOf(() => openStore(shared))).toMatchObject({ code: 'home-not-private', file: shared });
    expect([statSync(shared).mode & 0o777, readdirSync(shared)]).toEqual([0o777, ['theirs']]);
  });

  test('that cannot be written is said so', async () => {
    const file = join(temporaryHome(), 'file');
    writeFileSync(file, '');
    expect(await codeOf(() => openStore(file))).toBe('store-read-only');
    expect(await codeOf(() => openStore(join(file, 'below')))).toBe('store-read-only');
    if (root) return;
    const home = temporaryHome();
    chmodSync(home, 0o500);
    expect(await codeOf(() => openStore(home))).toBe('store-read-only');
  });

  test.runIf(root)('on a file system that is mounted read-only, and on a full one', () => {
    const home = join(temporaryHome(), 'disk');
    mkdirSync(home);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'signet-test', home]);
    onTestFinished(() => {
      execFileSync('umount', ['-l', home]);
    });
    const lines = execFileSync(process.execPath, [child, 'fill', home], { encoding: 'utf8' }).trim().split('\n');
    const [acknowledged, code, left] = lines.slice(-3);
    expect(code).toBe('store-full');
    expect(Number(left)).toBe(Number(acknowledged) + 1);
    execFileSync('mount', ['-o', 'remount,ro', home]);
    expect(problemOf(() => openStore(home))).toMatchObject({ code: 'store-read-only', file: join(home, 'signet.db') });
  });
});

describe('a database that is not what Signet wrote', () => {
  test('is refused with its path, and not touched', () => {
    const home = temporaryHome();
    const file = join(home, 'signet.db');
    for (const text of ['not a database at all, but long enough to be read as a page', 'SQLite format 3\0 cut']) {
      writeFileSync(file, text.repeat(100));
      const problem = problemOf(() => openStore(home));
      expect(problem).toMatchObject({ code: 'store-corrupt', file, message: expect.stringContaining(file) });
      expect(problem.hint).toContain('There is no backup');
      expect(readFileSync(file, 'utf8')).toBe(text.repeat(100));
    }
  });

  test('of another program is refused', async () => {
    const home = temporaryHome();
    tamper(home, 'CREATE TABLE theirs (x)');
    expect(await codeOf(() => openStore(home))).toBe('store-corrupt');
  });

  test('names the last backup when there is one', () => {
    const home = temporaryHome();
    writeFileSync(join(home, 'signet.db'), 'x'.repeat(5000));
    for (const day of [1, 2]) writeFileSync(join(home, `signet-backup-2026-01-0${day}T00-00-00-000Z-schema1.db`), '');
    expect(problemOf(() => openStore(home)).hint).toContain('signet-backup-2026-01-02');
  });

  test('damaged pages are found where they are read, and never end in another error', async () => {
    const home = filled();
    const file = join(home, 'signet.db');
    const good = readFileSync(file);
    const outcomes: string[] = [];
    for (let offset = 100; offset < good.length; offset += 512) {
      const broken = Buffer.from(good);
      broken.fill(0xff, offset, offset + 64);
      writeFileSync(file, broken);
      // anything but a SignetError is thrown on, and fails the test
      outcomes.push(await codeOf(() => readEverything(home)));
    }
    expect(new Set(outcomes)).toEqual(new Set(['none', 'store-corrupt']));
    expect(outcomes.filter(code => code === 'store-corrupt').length).toBeGreaterThan(5);
  });

  test.each([
    `UPDATE servers SET doc = '{"name":"mx1"}'`,
    `UPDATE servers SET doc = 'nonsense'`,
    `UPDATE pending SET doc = '{"id":"p1","intent":{"kind":"unknown"}}'`,
    `UPDATE facts SET doc = x'00'`,
    `UPDATE facts SET doc = substr(doc, 1, length(doc) - 4)`,
    `UPDATE keys SET doc = '[]'`,
    `UPDATE plans SET digest = 'other'`,
    `UPDATE plans SET doc = x'789c'`,
    `UPDATE runs SET outcome = 'odd'`,
    `UPDATE runs SET problems = '{}'`,
    `UPDATE run_changes SET doc = '{"id":1}'`,
    `UPDATE run_events SET doc = '{"type":"odd"}'`,
    `UPDATE probes SET doc = 'null'`,
    `UPDATE meta SET value = '{"parallelism":"many"}' WHERE name = 'settings'`,
    `UPDATE meta SET value = 5 WHERE name = 'key-check'`,
    `DELETE FROM meta WHERE name = 'home-id'`,
    `PRAGMA foreign_keys = OFF; DELETE FROM plans`,
  ])('%s', async sql => {
    const home = filled();
    readEverything(home);
    tamper(home, sql);
    expect(await codeOf(() => readEverything(home))).toBe('store-corrupt');
  });
});

function readEverything(home: string): void {
  const store = openStore(home);
  try {
    store.servers.list();
    store
      .facts()
      .list()
      .map(({ signers }) => signers.map(part => part.facts));
    store.pending.list();
    store.keys.list().map(row => row.state !== 'erased' && store.keys.sealed(row.key.ref.secret));
    store.managed.list();
    store.plans.latest();
    for (const run of store.runs.list()) {
      store.runs.get(run.id);
      store.runs.events(run.id);
    }
    store.probes.list();
    store.settings.get();
    store.keyCheck.get();
  } finally {
    store.close();
  }
}

describe('the schema', () => {
  const second = (database: Database) => database.exec('ALTER TABLE probes ADD COLUMN extra TEXT');

  function migrated(home: string, steps: Parameters<typeof migrate>[1]): Database {
    const database = new Database(join(home, 'signet.db'));
    onTestFinished(() => database.close());
    migrate(database, steps);
    return database;
  }

  test('a newer one is refused kindly, and not touched', () => {
    const home = filled();
    tamper(home, 'PRAGMA user_version = 99');
    const before = readFileSync(join(home, 'signet.db'));
    expect(problemOf(() => openStore(home))).toMatchObject({
      code: 'store-newer',
      message: expect.stringContaining('schema 99'),
    });
    expect(readFileSync(join(home, 'signet.db'))).toEqual(before);
  });

  test('before a step there is a backup, private, whole, and without private keys', () => {
    const home = filled();
    migrated(home, [...migrations, second]);
    const [name = ''] = readdirSync(home).filter(entry => entry.startsWith('signet-backup-'));
    expect(name).toMatch(/-schema1\.db$/);
    expect(statSync(join(home, name)).mode & 0o777).toBe(0o600);
    const restored = temporaryHome();
    writeFileSync(join(restored, 'signet.db'), readFileSync(join(home, name)));
    const store = openStore(restored);
    expect([store.servers.list(), store.settings.get().parallelism]).toEqual([[server('mx1')], 3]);
    expect(store.keys.list().map(row => row.state)).toEqual(['erased']);
    store.close();
  });

  test('a step that fails leaves everything as it was', () => {
    const home = filled();
    const failing = (database: Database) => {
      database.exec('DROP TABLE probes');
      throw new Error('half-way');
    };
    expect(() => migrated(home, [...migrations, failing])).toThrow('half-way');
    readEverything(home);
  });

  test('three backups are kept', () => {
    const home = filled();
    const steps = [...migrations];
    for (let i = 0; i < 5; i += 1) {
      steps.push(database => database.exec(`CREATE TABLE extra${i} (x)`));
      migrated(home, steps);
    }
    const kept = readdirSync(home).filter(name => name.startsWith('signet-backup-'));
    expect(kept.map(name => name.slice(-11, -3))).toEqual(['schema3', 'schema4', 'schema5'].map(word => `-${word}`));
    expect(existsSync(join(home, 'signet.db'))).toBe(true);
  });
});
