/** Waiting, visibly, until DNS serves what a change relies on (law 2). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatePort, GateResult } from './api.ts';
import type { Gate } from '../../shared/model.ts';
import type { GateEvent } from '../../shared/run.ts';
import { printable } from '../../shared/text.ts';

export interface GateTimes {
  /** How long to wait for zones that Signet edits, in milliseconds; 0: one look. */
  readonly managedMs: number;
  /** The same for zones that only the admin can edit. */
  readonly externalMs: number;
  readonly retryMs: number;
}

export const defaultGateTimes: GateTimes = { managedMs: 120_000, externalMs: 0, retryMs: 3000 };

export const gateKey = (gate: Gate) => JSON.stringify([gate.zone, gate.name, gate.compare, gate.expect, gate.domain]);

type Tell = (event: Omit<GateEvent, 'type' | 'run' | 'at' | 'change'>) => void;

async function look(
  port: GatePort,
  gates: readonly Gate[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Pick<GateResult, 'passed' | 'message'>>> {
  try {
    const results = await port.check(gates, signal);
    return new Map(results.map(result => [gateKey(result.gate), result]));
  } catch (error) {
    const message = printable(error instanceof Error ? error.message : 'DNS could not be asked');
    return new Map(gates.map(gate => [gateKey(gate), { passed: false, message }]));
  }
}

/**
 * The keys (`gateKey`) of the gates that passed. All that are open are asked in one call; each is given its time, and a
 * passed one is not asked again. Aborting ends the waiting.
 */
export async function waitForGates(
  port: GatePort,
  gates: readonly Gate[],
  times: GateTimes,
  signal: AbortSignal,
  tell: Tell,
): Promise<ReadonlySet<string>> {
  const passed = new Set<string>();
  const said = new Map<string, string>();
  const began = performance.now();
  let open: readonly Gate[] = [...new Map(gates.map(gate => [gateKey(gate), gate])).values()];
  while (open.length > 0 && !signal.aborted) {
    const results = await look(port, open, signal);
    const next = performance.now() - began + times.retryMs;
    const still: Gate[] = [];
    for (const gate of open) {
      const key = gateKey(gate);
      const result = results.get(key);
      const message = result?.message ?? `${gate.name} could not be asked for`;
      const { domain, name } = gate;
      if (result?.passed === true) {
        passed.add(key);
        tell({ domain, name, state: 'passed', message });
      } else if (next > (gate.external ? times.externalMs : times.managedMs)) {
        tell({ domain, name, state: 'failed', message });
      } else {
        still.push(gate);
        // Once for each thing to say, not for each look: hundreds of gates are journaled
        if (said.get(key) !== message)
          tell({
            domain,
            name,
            state: 'waiting',
            message,
            retryInSeconds: Math.max(1, Math.round(times.retryMs / 1000)),
          });
        said.set(key, message);
      }
    }
    open = still;
    // oxlint-disable-next-line promise/prefer-await-to-then -- an aborted sleep is an end, not an error
    if (open.length > 0) await sleep(times.retryMs, undefined, { signal }).catch(() => {});
  }
  return passed;
}
