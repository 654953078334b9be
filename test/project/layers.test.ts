/**
 * The layer table of ARCHITECTURE.md, row by row: what must fail really fails, what may pass passes. Each case is a file
 * with one import at its real place in a tree of its own, linted once, with the project's own rules.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Verdict = 'passes' | 'types-only' | 'fails';

/** The places that an import can come from or go to: one file of each layer. */
const places = {
  shared: 'shared/model.ts',
  renderer: 'renderer/app/start.tsx',
  planning: 'electron/planning/order.ts',
  driversApi: 'electron/drivers/api.ts',
  registry: 'electron/drivers/registry.ts',
  kit: 'electron/drivers/kit/text.ts',
  signer: 'electron/drivers/signers/opendkim.ts',
  dns: 'electron/drivers/dns/bind.ts',
  mta: 'electron/drivers/mta/postfix.ts',
  transport: 'electron/transport/api.ts',
  transportInside: 'electron/transport/connect.ts',
  apply: 'electron/apply/run.ts',
  verify: 'electron/verify/gate.ts',
  store: 'electron/store/api.ts',
  vault: 'electron/vault/api.ts',
  ipc: 'electron/ipc/domains.ts',
  compose: 'electron/compose.ts',
  host: 'electron/hosts/cli/main.ts',
  desktop: 'electron/hosts/desktop/main.ts',
  test: 'test/fakes/memory-host.ts',
} as const;
type Place = keyof typeof places;
const everywhere = Object.keys(places) as Place[];

interface Row {
  readonly passes: readonly Place[];
  readonly typesOnly?: readonly Place[];
}

const insideDrivers = ['driversApi', 'kit'] as const;
const transport = ['transport', 'transportInside'] as const;

/** From -> what it may import. Everything else must fail. */
const table: Record<Exclude<Place, 'test' | 'transport'>, Row> = {
  shared: { passes: ['shared'] },
  renderer: { passes: ['shared', 'renderer'] },
  transportInside: { passes: ['shared', ...transport] },
  store: { passes: ['shared', 'store'] },
  vault: { passes: ['shared', 'vault'] },
  driversApi: { passes: ['shared', 'driversApi'], typesOnly: transport },
  registry: { passes: ['shared', 'registry', 'signer', 'dns', 'mta', ...insideDrivers], typesOnly: transport },
  kit: { passes: ['shared', ...insideDrivers], typesOnly: transport },
  signer: { passes: ['shared', 'signer', ...insideDrivers], typesOnly: transport },
  dns: { passes: ['shared', 'dns', ...insideDrivers], typesOnly: transport },
  mta: { passes: ['shared', 'mta', ...insideDrivers], typesOnly: transport },
  planning: { passes: ['shared', 'planning'], typesOnly: ['driversApi'] },
  verify: { passes: ['shared', 'verify'], typesOnly: transport },
  apply: { passes: ['shared', 'planning', 'apply'], typesOnly: ['driversApi', 'store', 'vault', ...transport] },
  ipc: {
    passes: [
      'shared',
      'planning',
      'registry',
      'apply',
      'verify',
      'store',
      'vault',
      'ipc',
      ...insideDrivers,
      ...transport,
    ],
  },
  compose: { passes: everywhere.filter(to => !['host', 'desktop', 'renderer', 'test'].includes(to)) },
  host: { passes: ['shared', 'ipc', 'compose', 'host', 'desktop'] },
  desktop: { passes: ['shared', 'ipc', 'compose', 'host', 'desktop'] },
};

/** Packages and Node's modules: where each may be imported. */
const pure: readonly Place[] = ['planning', 'driversApi', 'registry', 'kit', 'signer', 'dns', 'mta'];
const packages: Record<string, (from: Place) => boolean> = {
  ssh2: from => from === 'transportInside',
  'ssh2/lib/utils.js': from => from === 'transportInside',
  'ssh-config': from => from === 'transportInside',
  keytar: from => from === 'vault',
  electron: from => from === 'desktop',
  'electron/main': from => from === 'desktop',
  'node:crypto': from => from !== 'shared' && from !== 'renderer',
  'node:fs/promises': from => from !== 'shared' && from !== 'renderer' && !pure.includes(from),
  'node:child_process': from => from !== 'shared' && from !== 'renderer' && !pure.includes(from),
  zod: () => true,
};

interface Case {
  readonly from: string;
  readonly specifier: string;
  readonly form: keyof typeof forms;
  readonly verdict: 'passes' | 'fails';
}

const forms = {
  value: (specifier: string) => `import { x } from '${specifier}';\nexport const y = x;\n`,
  type: (specifier: string) => `import type { X } from '${specifier}';\nexport type Y = X;\n`,
  reexport: (specifier: string) => `export { x } from '${specifier}';\n`,
  dynamic: (specifier: string) => `export const y = () => import('${specifier}');\n`,
} as const;

function specifierOf(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

/** A file of the same folder one level deeper: the rules must hold there too. */
const deeper = (path: string): string => join(dirname(path), 'deep', 'inside.ts');

function cases(): readonly Case[] {
  const all: Case[] = [];
  const add = (from: string, specifier: string, verdict: Verdict) => {
    for (const form of Object.keys(forms) as (keyof typeof forms)[]) {
      const passes = verdict === 'passes' || (verdict === 'types-only' && form === 'type');
      all.push({ from, specifier, form, verdict: passes ? 'passes' : 'fails' });
    }
  };
  for (const [from, row] of Object.entries(table) as [Place, Row][]) {
    const file = places[from];
    // compose, drivers/api.ts and the registry are single files; every other place stands for a folder
    const files = ['compose', 'driversApi', 'registry'].includes(from) ? [file] : [file, deeper(file)];
    for (const at of files) {
      for (const to of everywhere) {
        if (to === from) continue;
        const verdict = row.passes.includes(to) ? 'passes' : row.typesOnly?.includes(to) ? 'types-only' : 'fails';
        add(at, specifierOf(at, places[to]), verdict);
      }
      for (const [name, may] of Object.entries(packages)) add(at, name, may(from) ? 'passes' : 'fails');
      add(at, './../electron/store/api.ts', 'fails');
      add(at, './x/../../store/api.ts', 'fails');
    }
  }
  return all;
}

const allCases = cases();
let place = '';
let rejected: ReadonlySet<string> = new Set();
let codes: ReadonlySet<string> = new Set();
let linted = 0;

interface Report {
  readonly number_of_files: number;
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
}

/** Where case `index` is written: the name of its file tells which it is; the folder is the real one. */
function fileOf(index: number): string {
  const one = allCases[index];
  if (!one) throw new Error(`no case ${index}`);
  const single = /(compose|drivers\/api|drivers\/registry)\.ts$/.test(one.from);
  // single files keep their name, each in a tree of its own
  return single ? `t${index}/${one.from}` : `t/${dirname(one.from)}/case-${index}.ts`;
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'signet-layers-'));
  // the project's rules, with the globs of the folders moved below the case's tree
  await writeFile(
    join(place, 'oxlint.config.ts'),
    `import { layerRules } from ${JSON.stringify(join(root, '.config/layers.ts'))};
export default {
  plugins: ['typescript'],
  categories: { correctness: 'off' },
  overrides: layerRules.map(one => ({ ...one, files: one.files.map(glob => 't*/' + glob) })),
};\n`,
  );
  for (const [index, one] of allCases.entries()) {
    const path = join(place, fileOf(index));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, forms[one.form](one.specifier));
  }
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const run = promisify(execFile);
  const output = await run(process.execPath, [oxlint, '--format', 'json', '.'], {
    cwd: place,
    maxBuffer: 1 << 28,
  }).catch((error: { stdout: string; stderr: string }) => error);
  const report = JSON.parse(output.stdout) as Report;
  linted = report.number_of_files;
  rejected = new Set(report.diagnostics.map(one => one.filename));
  codes = new Set(report.diagnostics.map(one => one.code));
}, 120_000);

afterAll(() => rm(place, { recursive: true, force: true }));

describe('layers', () => {
  const told = (verdict: Case['verdict'], got: (file: string) => boolean) =>
    allCases.flatMap((one, index) =>
      one.verdict === verdict && !got(fileOf(index)) ? [`${one.from}: ${one.form} of ${one.specifier}`] : [],
    );

  test('every case was linted, by the rule in question alone', () => {
    expect(linted).toBe(allCases.length + 1);
    expect([...codes]).toEqual(['eslint(no-restricted-imports)']);
  });

  test('every forbidden import fails', () => {
    expect(allCases.filter(one => one.verdict === 'fails').length).toBeGreaterThan(1000);
    expect(told('fails', file => rejected.has(file))).toEqual([]);
  });

  test('every allowed import passes', () => {
    expect(allCases.filter(one => one.verdict === 'passes').length).toBeGreaterThan(400);
    expect(told('passes', file => !rejected.has(file))).toEqual([]);
  });

  test('every folder of the source is in the table', async () => {
    const listed = new Set(Object.values(places).map(path => path.split('/').slice(0, 2).join('/')));
    const folders = (await readdir(join(root, 'electron'))).map(name => `electron/${name}`);
    expect(folders.filter(name => !listed.has(name))).toEqual([]);
    const drivers = await readdir(join(root, 'electron/drivers'), { withFileTypes: true });
    const kinds = drivers.filter(entry => entry.isDirectory()).map(entry => entry.name);
    expect(kinds.filter(name => !['kit', 'signers', 'dns', 'mta'].includes(name))).toEqual([]);
  });

  test('the project lints with these rules, and no comment switches a strict one off', async () => {
    const config = await readFile(join(root, 'oxlint.config.ts'), 'utf8');
    expect(config).toContain('...layerRules,');
    const search = ['grep', '-hE', '(oxlint|eslint)-disable', '--', '*.ts', '*.tsx', ':!test/project'];
    const { stdout } = await promisify(execFile)('git', search, { cwd: root }).catch(
      (error: { stdout: string }) => error,
    );
    const strict =
      /-disable(-next-line|-line)?\s*(--|\*\/|$)|no-restricted-imports|no-cycle|max-lines|no-explicit-any|no-non-null/;
    expect(stdout.split('\n').filter(line => strict.test(line))).toEqual([]);
  });
});
