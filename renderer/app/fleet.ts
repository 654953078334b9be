import type { ServerRow } from '../../shared/contract.ts';
import { texts } from '../texts.ts';
import { ago, plural } from './format.ts';

export interface FleetSummary {
  readonly unreachable: number;
  /** "12 servers, 2 unreachable, scanned 5 minutes ago" */
  readonly text: string;
}

/**
 * The age is that of the oldest facts of servers that can be reached: what is shown is at least that fresh. When none can,
 * it is that of all: offline, it is what one wants to know.
 */
export function fleetSummary(servers: readonly ServerRow[], now: number): FleetSummary {
  if (servers.length === 0) return { unreachable: 0, text: texts.fleet.none };
  const unreachable = servers.filter(server => server.reachable === false).length;
  const reachable = servers.filter(server => server.reachable !== false);
  const never = reachable.filter(server => server.lastScan === null).length;
  const oldest = (reachable.length > 0 ? reachable : servers)
    .flatMap(server => server.lastScan ?? [])
    .sort()
    .at(0);
  const parts = [plural(servers.length, 'server')];
  if (unreachable > 0) parts.push(texts.fleet.unreachable(unreachable));
  if (never > 0) parts.push(texts.fleet.neverScanned(never));
  if (oldest) parts.push(texts.fleet.scanned(ago(oldest, now)));
  return { unreachable, text: parts.join(', ') };
}
