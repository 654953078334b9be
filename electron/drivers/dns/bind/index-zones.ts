import type { BindFacts, ZoneFact } from './facts.ts';

interface ZoneIndex {
  readonly byName: ReadonlyMap<string, readonly ZoneFact[]>;
  /** By the real path of the main file. */
  readonly byFile: ReadonlyMap<string, readonly ZoneFact[]>;
}

/** Facts never change: what was found in them once holds. Without it, every zone would look at every other. */
const indexes = new WeakMap<BindFacts, ZoneIndex>();

function indexZones(facts: BindFacts): ZoneIndex {
  const known = indexes.get(facts);
  if (known !== undefined) return known;
  const withFile = facts.zones.filter(({ file }) => file !== null && facts.files[file] !== undefined);
  const index = {
    byName: Map.groupBy(facts.zones, ({ name }) => name),
    byFile: Map.groupBy(withFile, ({ file }) => facts.files[file ?? '']?.real ?? ''),
  };
  indexes.set(facts, index);
  return index;
}

/** The zones of a name: one a view. */
export function zonesNamed(facts: BindFacts, name: string): readonly ZoneFact[] {
  return indexZones(facts).byName.get(name) ?? [];
}

/** The zones whose main file is the one at a real path. */
export function zonesOfFile(facts: BindFacts, real: string): readonly ZoneFact[] {
  return indexZones(facts).byFile.get(real) ?? [];
}
