/** Pure: the steps that make TXT RRsets what they are to be. Several edits of one zone are one change of it, with one serial. */
import { normalizeName } from '../../../../shared/dns/txt.ts';
import type { FileRequirement, FileStep, Step } from '../../../../shared/model.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable, toContent, type ByteString } from '../../../../shared/text.ts';
import type { DnsEdit, DriverPlan } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import { stop } from '../../kit/problems.ts';
import { editRead, renumbered, type ZoneEditResult } from '../../kit/zone/edit.ts';
import type { ZoneDifference } from '../../kit/zone/records.ts';
import type { ReadZone } from '../../kit/zone/read.ts';
import { nextSerial } from '../../kit/zone/serial.ts';
import { checkStep, reloadStep, verifyStep, type Reload } from './commands.ts';
import { dynamicEdit } from './dynamic.ts';
import type { BindFacts, ZoneFact, ZoneFileFact } from './facts.ts';
import { zonesNamed } from './index-zones.ts';
import { refusedByZone, refusedEdit, type Refused } from './refusals.ts';
import { zoneState } from './zone-state.ts';

export function planBind(facts: BindFacts, edits: readonly DnsEdit[]): DriverPlan<BindFacts> {
  const work = newWork(facts);
  const byZone = Map.groupBy(edits.map(normalized), ({ zone }) => zone);
  for (const [name, zoneEdits] of byZone) planZone(work, name, zoneEdits);
  return finish(work);
}

/** What a plan is gathered in. */
export interface Work {
  readonly facts: BindFacts;
  /** New texts, by the real path of the file. */
  readonly texts: Map<string, { readonly text: ByteString; readonly serial: number }>;
  /** Dynamic zones with the records that they will have. */
  readonly updated: Map<ZoneFact, ZoneFact>;
  readonly files: FileStep[];
  readonly checks: Step[];
  readonly reloads: Reload[];
  readonly records: Step[];
  readonly requires: FileRequirement[];
  readonly refused: Refused[];
}

export function newWork(facts: BindFacts): Work {
  return {
    facts,
    texts: new Map(),
    updated: new Map(),
    files: [],
    checks: [],
    reloads: [],
    records: [],
    requires: [],
    refused: [],
  };
}

export function finish(work: Work): DriverPlan<BindFacts> {
  const { facts, files, checks, reloads, records, refused } = work;
  const steps: Step[] = [...files, ...checks];
  if (reloads.length > 0) steps.push(reloadStep(reloads), verifyStep(reloads));
  // by themselves atomic, and last: when a file does not pass its check, no update has been sent
  steps.push(...records);
  if (steps.length === 0) return { steps, requires: [], after: facts, refused };
  const requires = new Map([...facts.requires, ...work.requires].map(requirement => [requirement.path, requirement]));
  return { steps, requires: [...requires.values()], after: advanced(work), refused };
}

function normalized(edit: DnsEdit): DnsEdit {
  return { ...edit, zone: normalizeName(edit.zone), name: normalizeName(edit.name) };
}

function planZone(work: Work, name: string, edits: readonly DnsEdit[]): void {
  // a zone of another view that only refers to this one changes with it
  const zones = zonesNamed(work.facts, name).filter(zone => zone.type !== 'in-view');
  const states = zones.map(zone => ({ zone, state: zoneState(work.facts, zone) }));
  const refusal = states
    .map(({ state }) => (state.kind === 'refused' ? state.refusal : null))
    .find(found => found !== null);
  if (zones.length === 0 || refusal !== undefined) {
    const problem = refusal ?? unknownZone(name);
    work.refused.push(...edits.map(edit => refusedByZone(edit, problem)));
    return;
  }
  const [first] = states;
  if (first?.state.kind === 'dynamic') {
    const { records, updates } = first.state;
    planDynamic(work, first.zone, edits, { facts: work.facts, zone: name, updates }, records);
  } else {
    planStatic(
      work,
      zones,
      states.flatMap(({ zone, state }) => ('read' in state ? [{ zone, read: state.read }] : [])),
      edits,
    );
  }
}

/** A zone with its file as it was read. */
interface ReadFile {
  readonly zone: ZoneFact;
  readonly read: ReadZone;
}

function unknownZone(name: string): Problem {
  const message = `There is no zone ${printable(name)} on this server`;
  return stop('zone-unknown', message, 'Make the change where the zone is primary.');
}

function planDynamic(
  work: Work,
  zone: ZoneFact,
  edits: readonly DnsEdit[],
  target: Parameters<typeof dynamicEdit>[0],
  present: Parameters<typeof dynamicEdit>[1],
): void {
  let records = present;
  const seen = new Set<string>();
  for (const edit of edits) {
    const made = seen.has(edit.name)
      ? { code: 'record-edited-twice', message: 'two edits of one change name this record' }
      : dynamicEdit(target, records, edit);
    seen.add(edit.name);
    if (made === null) continue;
    if ('code' in made) {
      work.refused.push(refusedEdit(edit, made, zone.file));
    } else {
      work.records.push(made.step);
      records = made.records;
    }
  }
  if (records !== present) work.updated.set(zone, { ...zone, records });
}

/** Every file of the zone (one a view, or one for several views) is edited; an edit that one of them refuses is made in none. */
function planStatic(
  work: Work,
  zones: readonly ZoneFact[],
  files: readonly ReadFile[],
  edits: readonly DnsEdit[],
): void {
  const { facts } = work;
  const now = new Date(facts.now * 1000);
  const distinct = files.filter(
    ({ zone }, index) => files.findIndex(other => sameFile(facts, other.zone, zone)) === index,
  );
  let wanted = edits;
  for (;;) {
    const results = distinct.map(({ zone, read }) => ({ zone, read, result: editRead(read, wanted, now) }));
    const refused = results.flatMap(({ zone, result }) => result.refused.map(refusal => ({ ...refusal, zone })));
    if (refused.length === 0) {
      for (const { result, ...file } of results) changeFile(work, zones, file, result);
      return;
    }
    const names = new Map(refused.map(refusal => [refusal.name, refusal]));
    for (const edit of wanted) {
      const refusal = names.get(edit.name);
      if (refusal !== undefined) work.refused.push(refusedEdit(edit, refusal.reason, refusal.zone.file));
    }
    wanted = wanted.filter(({ name }) => !names.has(name));
  }
}

function fileOf(facts: BindFacts, zone: ZoneFact): ZoneFileFact | undefined {
  return zone.file === null ? undefined : facts.files[zone.file];
}

function sameFile(facts: BindFacts, a: ZoneFact, b: ZoneFact): boolean {
  return fileOf(facts, a)?.real === fileOf(facts, b)?.real;
}

function changeFile(work: Work, zones: readonly ZoneFact[], file: ReadFile, result: ZoneEditResult): void {
  if (result.serial !== null && result.changed.length > 0) {
    writeZone(work, zones, file, result.text, result.serial, result.difference);
  }
}

/** Steps for a zone file with a new text, and the facts as they will be. Used by plan and restore. */
export function writeZone(
  work: Work,
  zones: readonly ZoneFact[],
  { zone, read }: ReadFile,
  text: ByteString,
  serial: number,
  difference: ZoneDifference,
): void {
  const { facts } = work;
  const file = fileOf(facts, zone);
  if (file === undefined) throw new Error('a zone without its file was not refused');
  // taken back after activation, the old zone must still be newer than what was live
  const rollback = renumbered(read, nextSerial(serial, new Date(facts.now * 1000)));
  work.files.push({
    kind: 'file',
    path: file.real,
    before: file.sha256,
    old: file.content,
    after: toContent(text),
    mode: file.mode,
    owner: file.owner,
    rollback: toContent(rollback),
  });
  work.checks.push(checkStep(facts, zone.name, file.real, difference, serial));
  for (const included of Object.values(zone.includes)) {
    const fact = facts.files[included];
    if (fact !== undefined) work.requires.push({ path: fact.real, before: fact.sha256 });
  }
  for (const live of zones.filter(other => sameFile(facts, other, zone))) {
    work.reloads.push({ zone: live.name, view: live.view, path: file.real, serial });
  }
  work.texts.set(file.real, { text, serial });
}

/** The facts as they will be: made once for all zones, of which there may be thousands. */
function advanced({ facts, texts, updated }: Work): BindFacts {
  const files = Object.entries(facts.files).map(([path, fact]) => {
    const change = texts.get(fact.real);
    if (change === undefined) return [path, fact] as const;
    return [path, { ...fact, content: toContent(change.text), sha256: sha256(change.text) }] as const;
  });
  const zones = facts.zones.map(zone => {
    const change = texts.get(fileOf(facts, zone)?.real ?? '');
    if (change === undefined || zone.status === null) return updated.get(zone) ?? zone;
    return { ...zone, status: { ...zone.status, serial: change.serial } };
  });
  return { ...facts, files: Object.fromEntries(files), zones };
}
