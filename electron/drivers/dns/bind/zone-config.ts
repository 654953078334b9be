/** The zones of a configuration, from the canonical form that `named-checkconf -px` prints. */
import { posix } from 'node:path';
import { canonicalName } from '../../kit/zone/name.ts';
import { defaultView, type UpdateWay, type ZoneType } from './facts.ts';
import { find, findAll, valueOf, type Statement } from './named-conf.ts';

export interface ConfiguredZone {
  readonly name: string;
  readonly view: string;
  readonly type: ZoneType;
  readonly typeWord: string;
  readonly file: string | null;
  readonly format: string;
  readonly primaries: readonly string[];
  readonly updates: UpdateWay | null;
  readonly inlineSigning: boolean;
  readonly catalog: boolean;
}

export interface NamedConfig {
  readonly directory: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly hasViews: boolean;
  /** Zones can be added at run time (`allow-new-zones`) and are then in no list that can be read. */
  readonly hasRuntimeZones: boolean;
  readonly zones: readonly ConfiguredZone[];
}

const typeWords: Readonly<Record<string, ZoneType>> = {
  master: 'primary',
  primary: 'primary',
  slave: 'secondary',
  secondary: 'secondary',
  mirror: 'secondary',
};

interface Scopes {
  readonly zone: readonly Statement[];
  readonly view: readonly Statement[] | null;
  readonly options: readonly Statement[] | null;
  /** Named address lists. */
  readonly acls: readonly Statement[];
}

/** The statement of the innermost scope that has it. */
function inherited(scopes: Scopes, keyword: string): Statement | null {
  return find(scopes.zone, keyword) ?? find(scopes.view, keyword) ?? find(scopes.options, keyword);
}

export function readConfig(statements: readonly Statement[]): NamedConfig {
  const options = find(statements, 'options')?.block ?? null;
  const views = findAll(statements, 'view');
  const directory = valueOf(options, 'directory') ?? '/';
  const acls = findAll(statements, 'acl');
  const zonesIn = (view: string, block: readonly Statement[], scope: readonly Statement[] | null): ConfiguredZone[] =>
    findAll(block, 'zone').flatMap(
      zone => readZoneStatement(zone, view, directory, { view: scope, options, acls }) ?? [],
    );
  const zones = [
    ...zonesIn(defaultView, statements, null),
    ...views.flatMap(view => zonesIn(view.words[1] ?? '', view.block ?? [], view.block)),
  ];
  return {
    directory,
    listen: listenAddress(options),
    hasViews: views.length > 0,
    hasRuntimeZones: [options, ...views.map(view => view.block)].some(
      block => valueOf(block, 'allow-new-zones') === 'yes' || find(block, 'catalog-zones') !== null,
    ),
    zones,
  };
}

function readZoneStatement(
  zone: Statement,
  view: string,
  directory: string,
  outer: Omit<Scopes, 'zone'>,
): ConfiguredZone | null {
  const name = canonicalName(`${(zone.words[1] ?? '').replace(/\.$/, '')}.`, '');
  const rrClass = zone.words[2]?.toUpperCase() ?? 'IN';
  if (name === null || rrClass !== 'IN') return null;
  const block = zone.block ?? [];
  const scopes: Scopes = { zone: block, ...outer };
  const typeWord = find(block, 'in-view') === null ? (valueOf(block, 'type') ?? 'unknown') : 'in-view';
  const type = typeWord === 'in-view' ? 'in-view' : (typeWords[typeWord] ?? 'other');
  const file = valueOf(block, 'file');
  const catalogs = [outer.view, outer.options].flatMap(scope => find(scope, 'catalog-zones')?.block ?? []);
  const primaries = find(block, 'primaries') ?? find(block, 'masters');
  return {
    name,
    view,
    type,
    typeWord,
    file: file === null ? null : posix.resolve(directory, file),
    format: inherited(scopes, 'masterfile-format')?.words[1] ?? (type === 'secondary' ? 'raw' : 'text'),
    primaries: primaries?.block?.map(({ words }) => words[0] ?? '').filter(word => word !== '') ?? [],
    updates: updateWay(scopes),
    inlineSigning: inherited(scopes, 'inline-signing')?.words[1] === 'yes',
    catalog: catalogs.some(({ words }) => canonicalName(`${words[1] ?? ''}.`, '') === name),
  };
}

/** The first way in that this host can use; null: the zone is not dynamic. */
function updateWay(scopes: Scopes): UpdateWay | null {
  const policy = find(scopes.zone, 'update-policy');
  if (policy !== null) {
    if (policy.words[1] === 'local') return { way: 'local' };
    const rules = policy.block?.map(({ words }) => words) ?? [];
    const granted = rules.find(words => words[0] === 'grant' && words[1] !== undefined);
    if (granted?.[1] === 'local-ddns') return { way: 'local' };
    return granted?.[1] === undefined ? null : { way: 'key', key: granted[1].replace(/\.$/, '') };
  }
  const elements = expandLists(inherited(scopes, 'allow-update')?.block ?? [], scopes.acls);
  const key = elements.find(({ words }) => words[0] === 'key')?.words[1];
  if (key !== undefined) return { way: 'key', key: key.replace(/\.$/, '') };
  return elements.some(({ words }) => thisHost.has(words[0] ?? '')) ? { way: 'address' } : null;
}

/** Elements of an address match list that let in what comes from the host itself. */
const thisHost = new Set(['any', 'localhost', 'localnets', '127.0.0.1', '127.0.0.1/32', '127.0.0.0/8']);

/** An address match list with what its named lists and braces hold (named refuses lists that name themselves). */
function expandLists(elements: readonly Statement[], acls: readonly Statement[], depth = 0): readonly Statement[] {
  if (depth > 8) return [];
  return elements.flatMap(element => {
    const list = element.block ?? acls.find(({ words }) => words[1] === element.words[0])?.block ?? null;
    return list === null ? [element] : expandLists(list, acls, depth + 1);
  });
}

function listenAddress(options: readonly Statement[] | null): { host: string; port: number } {
  const listen = find(options, 'listen-on');
  const at = listen?.words.indexOf('port') ?? -1;
  const port = Number((at === -1 ? undefined : listen?.words[at + 1]) ?? valueOf(options, 'port') ?? 53);
  const addresses = listen?.block?.map(({ words }) => (words[0] ?? '').replace(/\/32$/, '')) ?? ['any'];
  const local = ['any', 'localhost', '127.0.0.1', '127.0.0.0/8'].some(address => addresses.includes(address));
  const first = addresses.find(address => /^[\d.]+$/.test(address));
  return { host: local ? '127.0.0.1' : (first ?? '127.0.0.1'), port };
}
