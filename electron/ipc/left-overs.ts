/** What a run did not do, domain by domain, in words: what waits, for what, and what the admin can do. Pure. */
import type { LeftOver } from '../../shared/contract.ts';
import type { Change } from '../../shared/model.ts';
import type { RunEvent, RunRecord } from '../../shared/run.ts';

export function leftOvers(record: RunRecord, events: readonly RunEvent[]): readonly LeftOver[] {
  const known = new Map(record.changes.map(change => [change.id, change]));
  const carried = (change: Change, pending: string) => {
    const state = known.get(change.id);
    return state?.state === 'applied' && state.pending.includes(pending);
  };
  const gates = new Map<string, string>();
  for (const event of events) {
    if (event.type !== 'gate') continue;
    const key = `${event.change}\n${event.domain}`;
    if (event.state === 'passed') gates.delete(key);
    else gates.set(key, event.message);
  }
  return record.plan.effects.flatMap((effect): readonly LeftOver[] => {
    const { pending, domain, server } = effect;
    const change = record.plan.changes.find(one => one.pending.includes(pending) && !carried(one, pending));
    if (change === undefined) return [];
    const gate = gates.get(`${change.id}\n${domain}`);
    const state = known.get(change.id);
    const external = change.gates.some(one => one.domain === domain && one.external);
    const waits = gate !== undefined;
    return [
      {
        pending,
        domain,
        server,
        change: change.id,
        state: waits ? 'waiting' : (state?.state ?? 'planned'),
        message: gate ?? state?.problem?.message ?? 'It was not begun.',
        hint: nextStep(waits && external, state?.state === 'stale'),
      },
    ];
  });
}

/** In words for both windows and the command line, which adds its own commands. */
function nextStep(paste: boolean, stale: boolean): string {
  if (paste) return 'Publish the record at its DNS provider, then resume the run.';
  if (stale) return 'Read the server anew, review the new plan, and apply that one.';
  return 'Mend what the message says, then resume the run.';
}
