/** The driver-independent reading of the facts. */
import { parseTxt } from '../../../../shared/dns/txt.ts';
import type { TxtRRset } from '../../../../shared/model.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { printable } from '../../../../shared/text.ts';
import type { DnsView, DnsZone } from '../../api.ts';
import { warning } from '../../kit/problems.ts';
import { zoneRecords } from '../../kit/zone/records.ts';
import { defaultView, type BindFacts, type DynamicRecord, type ZoneFact } from './facts.ts';
import { zoneFiles, zoneLabel, zoneState, zoneWord } from './zone-state.ts';

/** Names that this project reads and writes: keys, their policies, DMARC. */
function isMailName(name: string): boolean {
  return /(?:^|\.)_domainkey\./.test(name) || name.startsWith('_dmarc.');
}

/** Refusals that only mending lifts; the others say that the zone is edited elsewhere, or otherwise. */
const brokenCodes: ReadonlySet<string> = new Set([
  'bind-not-running',
  'zone-state-unknown',
  'zone-does-not-load',
  'zone-file-missing',
  'zone-syntax',
  'zone-include-missing',
  'zone-without-soa',
]);

function withFile(refusal: Problem, { file }: ZoneFact): Problem {
  return file === null ? refusal : { file: printable(file), ...refusal };
}

export function bindView(facts: BindFacts): DnsView {
  const zones = facts.zones.map(zone => zoneView(facts, zone));
  return {
    name: 'BIND',
    version: facts.version === null ? null : printable(facts.version),
    can: ['static', 'dynamic', 'views', 'inlineSigning'],
    zones,
    problems: [...facts.problems, ...zones.flatMap(zone => zoneProblems(zone))],
  };
}

function zoneView(facts: BindFacts, zone: ZoneFact): DnsZone {
  const state = zoneState(facts, zone);
  const records = (
    state.kind === 'static' || state.kind === 'inline-signed' ? state.read.records : recordsOf(facts, zone)
  ).filter(({ owner }) => isMailName(owner));
  return {
    name: zone.name,
    view: zone.view === defaultView ? null : zone.view,
    kind: zoneWord(facts, zone),
    file: zone.file,
    role: zone.type === 'primary' || zone.type === 'secondary' ? zone.type : 'other',
    primaries: zone.primaries,
    signed: zone.status?.secure === true || zone.inlineSigning,
    serial: zone.status?.serial ?? null,
    refusal: state.kind === 'refused' ? withFile(state.refusal, zone) : null,
    broken: state.kind === 'refused' && brokenCodes.has(state.refusal.code),
    txt: txtSets(records),
    cnames: [...new Set(records.filter(({ type }) => type === 'CNAME').map(({ owner }) => owner))].sort(),
  };
}

/** What can be read of a zone, also of one that cannot be edited. */
function recordsOf(facts: BindFacts, zone: ZoneFact): readonly DynamicRecord[] {
  if (zone.records !== null) return zone.records;
  const files = zone.type === 'primary' ? zoneFiles(facts, zone) : null;
  try {
    return files === null ? [] : zoneRecords(files, zone.name);
  } catch {
    // its refusal says that it cannot be read
    return [];
  }
}

export function txtSets(records: readonly DynamicRecord[]): readonly TxtRRset[] {
  const sets = Map.groupBy(
    records.filter(({ type, rdata }) => type === 'TXT' && !rdata.startsWith('\\#')),
    ({ owner }) => owner,
  );
  return [...sets].map(([name, set]) => ({
    name,
    ttl: set[0]?.ttl ?? null,
    values: [...new Set(set.map(({ rdata }) => parseTxt(rdata)))],
  }));
}

function zoneProblems(zone: DnsZone): readonly Problem[] {
  const where = zone.file === null ? {} : { file: printable(zone.file) };
  const label = zoneLabel({ name: zone.name, view: zone.view ?? defaultView });
  const problems: Problem[] = [];
  if (zone.refusal?.code === 'zone-does-not-load') problems.push({ ...zone.refusal, severity: 'warning' });
  for (const { name, values } of zone.txt) {
    if (!/^(?!_)[^.]*\._domainkey\./.test(name)) continue;
    const shown = printable(name);
    if (values.length > 1) {
      const message = `${shown} has ${values.length} TXT records in the zone ${label}: verifiers may take either`;
      problems.push(
        warning('duplicate-key-record', message, 'Leave one record a selector (RFC 6376, 3.6.2.2).', where),
      );
    }
    if (values.some(value => /^v=DKIM1;?\s*$/.test(value))) {
      const message = `The key record ${shown} ends behind "v=DKIM1": an unquoted ";" began a comment`;
      problems.push(warning('key-record-cut', message, 'Put the whole text of the record in double quotes.', where));
    }
  }
  return problems;
}
