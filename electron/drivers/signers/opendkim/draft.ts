/** Tables and configuration while edits are made to them. One draft belongs to one call of plan. */
import type { InstallKey } from '../../api.ts';
import type { ConfigEdit } from './config.ts';
import type { KeyFact, OpenDkimFacts } from './facts.ts';
import type { KeyEntry } from './key-table.ts';
import { readModel, type Model } from './model.ts';
import { readPlaces, type Places } from './places.ts';
import { createSigning, readSigning, type Signing } from './signing.ts';
import { keyNameOf } from './key-table.ts';
import { Table, type Entry, type Place } from './table.ts';

export interface Installation {
  readonly key: InstallKey;
  readonly path: string;
}

export class Draft {
  readonly facts: OpenDkimFacts;
  readonly model: Model;
  readonly places: Places;
  readonly tables: Signing;
  /** Whether the tables stand in new files, and the configuration must name them. */
  readonly converted: boolean;
  readonly installations: Installation[] = [];
  readonly removals: KeyFact[] = [];
  /** Key files that will be there: those of the facts and what this plan installs, without what it removes. */
  readonly keys: Map<string, KeyFact | null>;
  /** Domains that were switched, for the check of the tables. */
  readonly switched = new Set<string>();
  multiple: boolean;
  #uses: Map<string, number> | null = null;

  constructor(facts: OpenDkimFacts, converts: (model: Model) => boolean) {
    this.facts = facts;
    this.model = readModel(facts);
    this.multiple = this.model.multiple;
    this.converted = converts(this.model);
    const tables = readSigning(this.model);
    this.tables = this.converted ? textTables(tables) : tables;
    const directories = Object.entries(facts.directories).flatMap(([path, fact]) => (fact === null ? [] : [path]));
    this.places = readPlaces(this.tables.keys, new Set(directories));
    this.keys = new Map(Object.entries(facts.keys));
  }

  addKeyEntry(name: string, value: string): void {
    this.tables.keyIndex.add(this.tables.keys.insert(name, value, null));
  }

  removeKeyEntry(key: KeyEntry): void {
    this.tables.keys.remove(key.entry);
    this.tables.keyIndex.remove(key);
  }

  addSigning(key: string, value: string, place: Place): Entry {
    const entry = this.tables.signing.insert(key, value, place);
    this.tables.lookup.add(entry);
    this.#count(entry, 1);
    return entry;
  }

  removeSigning(entry: Entry): void {
    this.tables.signing.remove(entry);
    this.tables.lookup.remove(entry);
    this.#count(entry, -1);
  }

  replaceSigning(entry: Entry, value: string): Entry {
    this.tables.lookup.remove(entry);
    this.#count(entry, -1);
    const changed = this.tables.signing.replace(entry, value);
    this.tables.lookup.add(changed);
    this.#count(changed, 1);
    return changed;
  }

  /** How many lines of the SigningTable name the key. */
  usesOf(name: string): number {
    if (this.#uses === null) {
      this.#uses = new Map();
      for (const entry of this.tables.signing.entries()) this.#count(entry, 1);
    }
    return this.#uses.get(name) ?? 0;
  }

  #count(entry: Entry, change: 1 | -1): void {
    const name = keyNameOf(entry.value, '');
    this.#uses?.set(name, (this.#uses.get(name) ?? 0) + change);
  }

  /** What the configuration must say for all this. */
  configEdits(paths: { readonly keys: string; readonly signing: string }): readonly ConfigEdit[] {
    const edits: ConfigEdit[] = [];
    if (this.converted) {
      const type = this.tables.signing.kind === 'refile' ? 'refile:' : '';
      edits.push({ kind: 'set', name: 'KeyTable', value: paths.keys });
      edits.push({ kind: 'set', name: 'SigningTable', value: `${type}${paths.signing}` });
      const single = this.model.keyTable === null ? ['Domain', 'Selector', 'KeyFile', 'SubDomains'] : [];
      for (const name of single) edits.push({ kind: 'disable', name });
    }
    if (this.multiple !== this.model.multiple) edits.push({ kind: 'set', name: 'MultipleSignatures', value: 'yes' });
    return edits;
  }
}

/** New files: tables out of lists keep their kind of look-up, all others are patterns. */
function textTables(tables: Signing): Signing {
  const kind = tables.signing.entries().length === 0 ? 'refile' : tables.signing.kind;
  return createSigning(new Table(tables.keys.render(), 'file'), new Table(tables.signing.render(), kind));
}
