/** What can be done with a zone, and why not: one judgement for the table and for the plan. */
import type { Problem } from '../../../../shared/problem.ts';
import { fromContent, printable } from '../../../../shared/text.ts';
import { stop } from '../../kit/problems.ts';
import type { ZoneFiles } from '../../kit/zone/parse.ts';
import { isReason, readZone, type ReadZone, type Reason } from '../../kit/zone/read.ts';
import { zonesNamed, zonesOfFile } from './index-zones.ts';
import { isPlainViewName, isPlainZoneName } from './commands.ts';
import { defaultView, type BindFacts, type DynamicRecord, type ZoneFact } from './facts.ts';

/** How a zone that can be edited is edited. */
export type ZoneState =
  | { readonly kind: 'static' | 'inline-signed'; readonly read: ReadZone; readonly path: string }
  | {
      readonly kind: 'dynamic';
      readonly records: readonly DynamicRecord[];
      readonly updates: NonNullable<ZoneFact['updates']>;
    }
  | { readonly kind: 'refused'; readonly refusal: Problem };

/** "example.com" or "example.com (view internal)". */
export function zoneLabel({ name, view }: Pick<ZoneFact, 'name' | 'view'>): string {
  return printable(view === defaultView ? name : `${name} (view ${view})`);
}

export function zoneWord(facts: BindFacts, zone: ZoneFact): string {
  if (zone.type === 'secondary' || zone.type === 'in-view') return zone.type;
  if (zone.type !== 'primary') return printable(zone.typeWord);
  if (isDynamic(zone)) return zone.status?.frozen === true ? 'frozen' : 'dynamic';
  if (isInlineSigned(zone)) return 'inline-signed';
  return headerOf(facts, zone) === null ? 'static' : 'generated';
}

function isInlineSigned(zone: ZoneFact): boolean {
  return zone.status?.inlineSigned ?? zone.inlineSigning;
}

function isDynamic(zone: ZoneFact): boolean {
  return zone.status?.dynamic ?? zone.updates !== null;
}

/** Texts of the zone as the editor wants them; null: its file was not there or could not be read. */
export function zoneFiles(facts: BindFacts, zone: ZoneFact): ZoneFiles | null {
  const main = zone.file === null ? undefined : facts.files[zone.file];
  if (main === undefined) return null;
  const includes: Record<string, string> = {};
  for (const [written, path] of Object.entries(zone.includes)) {
    const file = facts.files[path];
    if (file !== undefined) includes[written] = fromContent(file.content);
  }
  return { text: fromContent(main.content), includes };
}

const generatedHeader =
  /do not (?:edit|modify|change)|don't (?:edit|modify)|auto(?:matically|-| )?generated|generated (?:by|from|automatically)|managed by|^;\s*cPanel/im;

/** The comment at the top of a file that says that a program writes it; null: there is none. */
function headerOf(facts: BindFacts, zone: ZoneFact): string | null {
  const text = zoneFiles(facts, zone)?.text ?? '';
  const head = /^(?:[ \t]*(?:;[^\n]*)?\r?\n){0,30}/.exec(text)?.[0] ?? '';
  return head.split('\n').find(line => generatedHeader.test(line)) ?? null;
}

type Refuse = (code: string, message: string, hint: string) => ZoneState;

export function zoneState(facts: BindFacts, zone: ZoneFact): ZoneState {
  const where = zone.file === null ? {} : { file: printable(zone.file) };
  const label = zoneLabel(zone);
  const refuse: Refuse = (code, message, hint) => ({
    kind: 'refused',
    refusal: stop(code, message.replace('ZONE', label), hint, where),
  });
  return typeRefusal(zone, refuse) ?? daemonRefusal(facts, zone, refuse) ?? editableState(facts, zone, refuse);
}

function typeRefusal(zone: ZoneFact, refuse: Refuse): ZoneState | null {
  if (zone.type === 'secondary') {
    const from = zone.primaries.length === 0 ? 'its primary' : printable(zone.primaries.join(', '));
    return refuse('zone-secondary', `ZONE is only a copy of the zone on ${from}`, 'Make the change on the primary.');
  }
  if (zone.type === 'in-view') {
    return refuse('zone-in-view', 'ZONE refers to the zone of another view', 'It changes with the zone of that view.');
  }
  if (zone.type === 'other') {
    const message = `ZONE is of type ${printable(zone.typeWord)}: it has no records of its own`;
    return refuse('zone-not-primary', message, 'Make the change where the zone is primary.');
  }
  if (zone.catalog) return refuse('zone-catalog', 'ZONE is a catalog of zones', 'Only its own tool writes it.');
  if (!isPlainZoneName(zone.name) || !isPlainViewName(zone.view)) {
    return refuse(
      'zone-name-unsupported',
      'ZONE has a name that rndc cannot be given safely',
      'Make the change by hand.',
    );
  }
  if (zone.file === null) {
    return refuse('zone-without-file', 'ZONE is kept in a database, not in a file', 'Make the change in the database.');
  }
  if (zone.format !== 'text') {
    const message = `the file of ZONE is in the format ${printable(zone.format)}`;
    return refuse('zone-file-not-text', message, 'Set "masterfile-format text", or make it dynamic.');
  }
  return null;
}

function daemonRefusal(facts: BindFacts, zone: ZoneFact, refuse: Refuse): ZoneState | null {
  if (!facts.running) {
    return refuse('bind-not-running', 'named does not run: ZONE cannot be loaded', 'Start named and scan again.');
  }
  if (zone.loadError === null && zone.status === null && zone.statusText === '') {
    return refuse(
      'zone-state-unknown',
      'the state of ZONE could not be read',
      'Scan again when the server is less busy.',
    );
  }
  if (zone.loadError !== null || (zone.status?.serial ?? null) === null) {
    const why = zone.loadError ?? zone.statusText;
    return refuse('zone-does-not-load', `ZONE does not load today: ${why}`, 'Mend the zone first, and scan again.');
  }
  if (zone.status?.frozen === true)
    return refuse('zone-frozen', 'ZONE is frozen', `Run "rndc thaw ${zone.name}" and scan again.`);
  return null;
}

function editableState(facts: BindFacts, zone: ZoneFact, refuse: Refuse): ZoneState {
  if (isDynamic(zone)) {
    if (zone.updates === null || (zone.updates.way === 'key' && !/^[A-Za-z0-9._-]+$/.test(zone.updates.key))) {
      return refuse(
        'zone-not-updatable',
        'ZONE takes no update that this server could send',
        'Allow updates with a key.',
      );
    }
    if (zonesNamed(facts, zone.name).filter(({ type }) => type === 'primary').length > 1) {
      const message = 'ZONE is dynamic and stands in several views: an update cannot choose between them';
      return refuse('zone-dynamic-in-views', message, 'Send the update by hand.');
    }
    if (zone.records === null) {
      return refuse(
        'zone-unreadable',
        'the records of ZONE and its journal could not be read',
        'See whether it loads.',
      );
    }
    return { kind: 'dynamic', records: zone.records, updates: zone.updates };
  }
  const files = zoneFiles(facts, zone);
  const file = zone.file === null ? undefined : facts.files[zone.file];
  if (files === null || file === undefined) {
    return refuse('zone-file-missing', 'the file of ZONE is missing or cannot be read', 'See whether the zone loads.');
  }
  const other = zonesOfFile(facts, file.real).find(({ name }) => name !== zone.name);
  if (other !== undefined) {
    const message = `ZONE shares its file with ${zoneLabel(other)}: a record added to it would be in both`;
    return refuse('zone-file-shared', message, 'Give the zone a file of its own.');
  }
  const header = headerOf(facts, zone);
  if (header !== null) {
    const message = `the file of ZONE is written by a program ("${printable(header.replace(/^;+\s*/, ''), 80)}")`;
    return refuse('zone-generated', message, 'Make the change in that program.');
  }
  const read: ReadZone | Reason = readZone(files, zone.name);
  if (isReason(read)) {
    return refuse(read.code, `the file of ZONE cannot be edited: ${read.message}`, 'Make the change by hand.');
  }
  return { kind: isInlineSigned(zone) ? 'inline-signed' : 'static', read, path: file.real };
}
