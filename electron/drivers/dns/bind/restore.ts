/** Pure: zone files get exactly the content that they had before, but for a serial that must grow. */
import type { DriverPlan, RestoreFile } from '../../api.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable } from '../../../../shared/text.ts';
import { stop } from '../../kit/problems.ts';
import { renumbered } from '../../kit/zone/edit.ts';
import { canonicalDifference } from '../../kit/zone/records.ts';
import { isReason, readZone } from '../../kit/zone/read.ts';
import { nextSerial } from '../../kit/zone/serial.ts';
import type { BindFacts, ZoneFact } from './facts.ts';
import { zonesOfFile } from './index-zones.ts';
import { finish, newWork, writeZone, type Work } from './plan.ts';
import { zoneFiles, zoneState } from './zone-state.ts';

export function restoreBind(facts: BindFacts, files: readonly RestoreFile[]): DriverPlan<BindFacts> {
  const work = newWork(facts);
  for (const file of files) {
    const problem = restoreFile(work, file);
    if (problem !== null) work.refused.push({ subject: file.path, problem });
  }
  return finish(work);
}

function restoreFile(work: Work, { path, before, after }: RestoreFile): Problem | null {
  const { facts } = work;
  const file = printable(path);
  const zones = zonesOfFile(facts, path);
  const [zone] = zones;
  const fact = facts.files[zone?.file ?? ''];
  if (zone === undefined || fact === undefined) {
    return stop('zone-file-missing', `${file} is the file of no zone now`, 'Restore it by hand.', { file });
  }
  if (before === null || fact.sha256 !== after || work.texts.has(path)) {
    const message = `${file} was changed since: its old content is not put back`;
    return stop('file-changed', message, 'Take the records back one by one, or restore it by hand.', { file });
  }
  for (const one of zones) {
    const state = zoneState(facts, one);
    if (state.kind === 'refused') return state.refusal;
    if (state.kind === 'dynamic') {
      return stop('zone-dynamic', `${file} belongs to a dynamic zone now`, 'Take the records back by an update.', {
        file,
      });
    }
  }
  return writeOld(work, zones, zone, before);
}

function writeOld(work: Work, zones: readonly ZoneFact[], zone: ZoneFact, before: string): Problem | null {
  const present = zoneFiles(work.facts, zone);
  const read = present === null ? null : readZone(present, zone.name);
  const old = present === null ? null : readZone({ ...present, text: before }, zone.name);
  if (present === null || read === null || old === null || isReason(read) || isReason(old)) {
    const file = printable(zone.file ?? '');
    return stop('zone-syntax', `the old content of ${file} cannot be read`, 'Restore it by hand.', { file });
  }
  const serial = nextSerial(read.soa.serial, new Date(work.facts.now * 1000));
  const text = renumbered(old, serial);
  writeZone(work, zones, { zone, read }, text, serial, canonicalDifference(present, { ...present, text }, zone.name));
  return null;
}
