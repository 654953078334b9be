import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { closingLine } from '../../.config/tally.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFile(root + path, 'utf8');
const readJson = async <T>(path: string) => JSON.parse(await read(path)) as T;

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly scripts: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly hasInstallScript?: boolean }>>;
}

describe('package.json', () => {
  test('pins every dependency to one version, the one in the lock file', async () => {
    const { dependencies, devDependencies } = await readJson<Manifest>('package.json');
    const { packages } = await readJson<Lock>('package-lock.json');
    const wanted = Object.entries({ ...dependencies, ...devDependencies });
    expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
    expect(wanted.filter(([name, version]) => packages[`node_modules/${name}`]?.version !== version)).toEqual([]);
  });

  test('says of every install script in the lock file whether it may run, and of no other', async () => {
    const { allowScripts } = await readJson<Manifest>('package.json');
    const { packages } = await readJson<Lock>('package-lock.json');
    const withScript = Object.entries(packages).filter(([, one]) => one.hasInstallScript);
    const names = new Set(withScript.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 13)));
    expect(Object.keys(allowScripts).sort()).toEqual([...names].sort());
  });

  test('names no registry: the lock file and .npmrc serve any mirror', async () => {
    expect(await read('package-lock.json')).not.toContain('"resolved"');
    expect(await read('.npmrc')).not.toMatch(/registry\s*=\s*\S*:|_auth|\/\//);
  });

  test('brings the Node that the tests run on, whatever the machine has', async () => {
    const { devDependencies } = await readJson<Manifest>('package.json');
    expect(process.versions.node).toBe(devDependencies['node']);
    expect(dirname(process.execPath)).toBe(`${root}node_modules/node/bin`);
  });
});

test('the list of Debian packages has a reason for each, and none twice', async () => {
  const lines = (await read('.config/debian-packages'))
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'));
  expect(lines.filter(line => !/^[a-z0-9][a-z0-9.+-]+ {2,}\S.+$/.test(line))).toEqual([]);
  const names = lines.map(line => line.split(' ')[0]);
  expect(names.length).toBe(new Set(names).size);
});

test('.ci/run finds the closing line of npm test', async () => {
  const pattern = /grep -aE '(.+)' /.exec(await read('.ci/run'))?.[1] ?? '';
  expect(pattern).not.toBe('');
  for (const tally of [
    { passed: 12, skipped: 0, failures: [] },
    { passed: 0, skipped: 3, failures: ['one', 'two'] },
  ]) {
    expect(closingLine(tally)).toMatch(new RegExp(pattern));
  }
});
