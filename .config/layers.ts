/**
 * The layer table of ARCHITECTURE.md as lint rules: what each folder may import, with no exemption. Oxlint's rules see
 * the path as it is written, and its regular expressions know no look-ahead (one that does not compile never matches,
 * silently): test/project/layers.test.ts proves every row by imports that must fail and imports that must pass.
 */

interface Pattern {
  readonly regex?: string;
  readonly group?: string[];
  readonly message: string;
  /** `import type` passes. */
  readonly allowTypeImports?: boolean;
}

interface Override {
  readonly files: string[];
  readonly rules: { readonly 'no-restricted-imports': ['error', { readonly patterns: Pattern[] }] };
}

const layers = ['planning', 'drivers', 'transport', 'apply', 'verify', 'store', 'vault', 'ipc', 'hosts'] as const;
type Layer = (typeof layers)[number];

/** Packages with one owner. */
const owned = { ssh2: 'transport', 'ssh-config': 'transport', keytar: 'vault', electron: 'hosts/desktop' } as const;
type OwnedPackage = keyof typeof owned;

const straight: Pattern = {
  regex: '^\\./\\.\\./|[^./]/\\.\\./',
  message: 'Write the shortest relative path: the layer rules read it.',
};

/** A path that climbs out of the folder and into one of `folders`; `electron/` may be spelt out. */
const climbingTo = (folders: readonly string[]): string => `^(\\.\\./)+(electron/)?(${folders.join('|')})/`;

function foreignPackages(mine: readonly OwnedPackage[]): Pattern {
  const others = Object.keys(owned).filter(name => !mine.some(one => one === name));
  return {
    regex: `^(${others.join('|')})(/|$)`,
    message: 'Only electron/transport imports ssh2 and ssh-config, only vault keytar, only hosts/desktop electron.',
  };
}

/** No file, no network, no process: the same input gives the same output. */
const pure: Pattern = {
  regex:
    '^node:(child_process|cluster|dgram|dns|fs|http|https|http2|net|os|process|readline|sqlite|tls|worker_threads)(/|$)',
  message: 'This layer is pure: no file, no network, no process.',
};
const noNode: Pattern = { regex: '^node:', message: 'This runs in the window too, where there is no Node.' };

function override(folder: string, patterns: readonly Pattern[]): Override {
  const files = folder.endsWith('.ts') ? folder : `${folder}/**`;
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns: [straight, ...patterns] }] } };
}

interface May {
  readonly layers?: readonly Layer[];
  /** Layers of which types may be imported. */
  readonly typesOf?: readonly Layer[];
  /** drivers/api.ts, types only. */
  readonly driversApi?: boolean;
  readonly packages?: readonly OwnedPackage[];
}

/** What a layer of electron/ may not import, from what it may: the rest, the renderer, compose and the tests. */
function layer(self: Layer, may: May = {}): readonly Pattern[] {
  const named = [self, ...(may.layers ?? []), ...(may.typesOf ?? []), ...(may.driversApi ? ['drivers' as const] : [])];
  const patterns: Pattern[] = [
    foreignPackages(may.packages ?? []),
    {
      regex: climbingTo(layers.filter(name => !named.includes(name))),
      message: `${self} may not import this layer.`,
    },
    {
      regex: `${climbingTo(['renderer', 'test', '\\.config'])}|^(\\.\\./)+(electron/)?compose\\.ts$`,
      message: `${self} may not import the renderer, compose, tests or tools.`,
    },
  ];
  if (may.typesOf) {
    patterns.push({
      regex: climbingTo(may.typesOf),
      message: `${self} may import only types of this layer (import type).`,
      allowTypeImports: true,
    });
  }
  if (may.driversApi) {
    // in this order: what a group's negation lets through is not shown to the patterns after it
    patterns.push(
      { regex: '^(\\.\\./)+(electron/)?drivers/api\\.ts$', message: 'Types only.', allowTypeImports: true },
      {
        group: ['../**/drivers/**', '!../**/drivers/api.ts'],
        message: `${self} knows of drivers only drivers/api.ts.`,
      },
    );
  }
  return patterns;
}

const kinds = ['signers', 'dns', 'mta'] as const;
const drivers = [...layer('drivers', { typesOf: ['transport'] }), pure];

/** No concrete driver of these kinds, and not the registry, from a folder inside drivers/. */
function noDriver(of: readonly string[], message: string): Pattern {
  return { regex: `^(\\.\\./)+(electron/)?(drivers/)?((${of.join('|')})/|registry\\.ts$)`, message };
}

function host(packages: readonly OwnedPackage[]): readonly Pattern[] {
  return [
    foreignPackages(packages),
    {
      regex: climbingTo(layers.filter(name => name !== 'ipc' && name !== 'hosts')),
      message: 'A host may import only compose, ipc and shared.',
    },
    {
      regex: climbingTo(['renderer', 'test', '\\.config']),
      message: 'A host may import only compose, ipc and shared.',
    },
  ];
}

/** Of two overrides that match a file, the later one holds. */
export const layerRules: readonly Override[] = [
  override('shared', [
    foreignPackages([]),
    noNode,
    { regex: '^(\\.\\./)+(electron|renderer|test|\\.config)/', message: 'shared imports nothing above it.' },
  ]),
  override('renderer', [
    noNode,
    {
      regex: '^(ssh2|ssh-config|keytar|electron|ws|commander|env-paths|mailauth|dns-packet)(/|$)',
      message: 'The renderer asks the main process, through the contract.',
    },
    { regex: '^(\\.\\./)+(electron|test|\\.config)/', message: 'The renderer may import only shared.' },
  ]),

  override('electron/transport', layer('transport', { packages: ['ssh2', 'ssh-config'] })),
  override('electron/store', layer('store')),
  override('electron/vault', layer('vault', { packages: ['keytar'] })),

  override('electron/drivers', drivers),
  override('electron/drivers/api.ts', [
    ...drivers,
    { regex: `^\\./(${kinds.join('|')}|kit)/|^\\./registry\\.ts$`, message: 'The interface knows no driver.' },
  ]),
  override('electron/drivers/kit', [...drivers, noDriver(kinds, 'The kit knows no driver.')]),
  ...kinds.map(kind =>
    override(`electron/drivers/${kind}`, [
      ...drivers,
      noDriver(
        kinds.filter(other => other !== kind),
        'A driver knows no driver of another kind.',
      ),
    ]),
  ),

  override('electron/planning', [...layer('planning', { driversApi: true }), pure]),
  override('electron/verify', layer('verify', { typesOf: ['transport'] })),
  override(
    'electron/apply',
    layer('apply', { layers: ['planning'], typesOf: ['transport', 'store', 'vault'], driversApi: true }),
  ),

  override('electron/ipc', [
    ...layer('ipc', { layers: layers.filter(name => name !== 'hosts') }),
    { regex: climbingTo(kinds.map(kind => `drivers/${kind}`)), message: 'ipc never knows a concrete driver.' },
  ]),
  override('electron/compose.ts', [
    foreignPackages([]),
    { regex: '^\\./hosts/|^\\.\\./(renderer|test|\\.config)/', message: 'compose wires all but hosts and renderer.' },
  ]),
  override('electron/hosts', host([])),
  override('electron/hosts/desktop', host(['electron'])),
];
