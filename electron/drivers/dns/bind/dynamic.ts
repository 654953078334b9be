/**
 * Edits of dynamic zones: compare and swap by nsupdate (RFC 2136). The prerequisites hold the whole RRset as it must be
 * found, in the strings that it is served in; anything else and the server changes nothing.
 */
import { formatTxt } from '../../../../shared/dns/txt.ts';
import type { RecordsStep, TxtRRset } from '../../../../shared/model.ts';
import type { DnsEdit } from '../../api.ts';
import { blockedReason, changedReason, sameValues } from '../../kit/zone/draft.ts';
import { recordLine } from '../../kit/zone/records.ts';
import type { Reason } from '../../kit/zone/read.ts';
import { updateCommand } from './commands.ts';
import type { BindFacts, DynamicRecord, UpdateWay } from './facts.ts';
import { txtSets } from './view.ts';

export interface DynamicEdit {
  readonly step: RecordsStep;
  /** The zone's records afterwards. */
  readonly records: readonly DynamicRecord[];
}

interface Target {
  readonly facts: BindFacts;
  readonly zone: string;
  readonly updates: UpdateWay;
}

/** null: the edit is fulfilled already. */
export function dynamicEdit(
  target: Target,
  records: readonly DynamicRecord[],
  edit: DnsEdit,
): DynamicEdit | Reason | null {
  const { name, after } = edit;
  const old = records.filter(record => record.owner === name && record.type === 'TXT');
  const [present = null] = txtSets(old);
  const wanted = [...new Set(after?.values)];
  const ttl = after?.ttl ?? present?.ttl ?? records.find(({ type }) => type === 'SOA')?.ttl ?? 3600;
  if (sameValues(present?.values ?? [], wanted) && (present === null || present.ttl === ttl)) return null;
  if (old.some(({ rdata }) => rdata.startsWith('\\#'))) {
    return { code: 'record-format', message: 'the record is written as raw data (\\#)' };
  }
  const changed = changedReason(edit.before, present?.values ?? []);
  if (changed !== null) return changed;
  const blocked = after === null ? null : blockedIn(target.zone, records, name);
  if (blocked !== null) return blocked;
  const now = wanted.map(value => ({ owner: name, ttl, type: 'TXT', rdata: formatTxt(value) }));
  const kept = records.filter(record => !old.includes(record));
  return { step: recordsStep(target, edit, present, old, now), records: [...kept, ...now] };
}

function blockedIn(zone: string, records: readonly DynamicRecord[], name: string): Reason | null {
  return blockedReason({ zone, byOwner: Map.groupBy(records, ({ owner }) => owner) }, name);
}

function recordsStep(
  target: Target,
  { name }: DnsEdit,
  before: TxtRRset | null,
  old: readonly DynamicRecord[],
  now: readonly DynamicRecord[],
): RecordsStep {
  const command = (found: readonly DynamicRecord[], made: readonly DynamicRecord[]) =>
    updateCommand(target.facts, target.updates, updateText(target, name, found, made));
  const ttl = now[0]?.ttl ?? null;
  const values = txtSets(now)[0]?.values ?? [];
  return {
    kind: 'records',
    zone: target.zone,
    name,
    before,
    after: now.length === 0 ? null : { name, ttl, values },
    apply: command(old, now),
    revert: command(now, old),
  };
}

/** Input of nsupdate (nsupdate(1)): fails unless the TXT RRset at `name` is exactly `found`, makes it `made`. */
function updateText(
  { facts, zone, updates }: Target,
  name: string,
  found: readonly DynamicRecord[],
  made: readonly DynamicRecord[],
): string {
  const prerequisites =
    found.length === 0
      ? [`prereq nxrrset ${name}. IN TXT`, `prereq nxrrset ${name}. IN CNAME`]
      : found.map(({ rdata }) => `prereq yxrrset ${name}. IN TXT ${rdata}`);
  const lines = [
    // -l is told by itself where named is
    ...(updates.way === 'local' ? [] : [`server ${facts.listen.host} ${facts.listen.port}`]),
    `zone ${zone}.`,
    ...prerequisites,
    ...(found.length === 0 ? [] : [`update delete ${name}. IN TXT`]),
    ...made.map(record => `update add ${recordLine(record)}`),
    'send',
  ];
  return `${lines.join('\n')}\n`;
}
