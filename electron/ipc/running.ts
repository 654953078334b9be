/** A plan carried out on real servers: the executor's ports, and what the laptop keeps of a run once it has ended. */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { Change, PendingChange, Plan, RecordEffect } from '../../shared/model.ts';
import { newKeysOf } from '../../shared/model.ts';
import type { Problem } from '../../shared/problem.ts';
import { refused } from '../../shared/problem.ts';
import type { RunEvent, RunRecord } from '../../shared/run.ts';
import type { ApplyPorts, TransactionRequest } from '../apply/api.ts';
import type { ExecuteOptions } from '../apply/execute.ts';
import { executePlan } from '../apply/execute.ts';
import { applyChange, readOutcome } from '../apply/transaction.ts';
import type { PlanningInput } from '../planning/plan.ts';
import { planFleet } from '../planning/plan.ts';
import { publicKeyFingerprint } from '../store/fingerprint.ts';
import type { ManagedSelector } from '../store/api.ts';
import type { Session } from '../transport/api.ts';
import type { Engine } from './engine.ts';
import { lookAtGates, probeServer } from './proving.ts';
import { scanServer } from './scan.ts';
import { serverConfig } from './views.ts';

export interface RunWish {
  readonly run: string;
  readonly plan: Plan;
  /** What the plan was computed from: domains that drop out are planned away from the same. */
  readonly input: PlanningInput;
  readonly signal: AbortSignal;
  /** Why pending changes have no part in the plan. */
  readonly unplanned?: readonly Problem[];
  /** Only asks the servers what became of what this run, of an earlier process, had begun. */
  readonly settleOnly?: RunRecord;
}

/** Carries a plan out, settles what is pending, and reads the servers anew. */
export async function runPlan(engine: Engine, wish: RunWish): Promise<RunRecord> {
  const stop = new AbortController();
  engine.underWay.set(wish.run, stop);
  try {
    return await carryOut(engine, { ...wish, signal: AbortSignal.any([wish.signal, stop.signal]) });
  } finally {
    engine.underWay.delete(wish.run);
  }
}

async function carryOut(engine: Engine, wish: RunWish): Promise<RunRecord> {
  const settings = engine.store.settings.get();
  const options: ExecuteOptions = {
    run: wish.run,
    plan: wish.plan,
    ports: portsOf(engine, wish),
    emit: event => engine.emit({ type: 'run', event }),
    // stopped from the start: what was begun is settled, and nothing begins
    signal: wish.settleOnly === undefined ? wish.signal : AbortSignal.abort(),
    unplanned: wish.unplanned ?? [],
    parallelism: settings.parallelism,
    gateTimes: {
      managedMs: settings.gateTimeoutSeconds * 1000,
      externalMs: settings.externalGateTimeoutSeconds * 1000,
      retryMs: 2000,
    },
    now: engine.now,
    ...(wish.settleOnly === undefined ? {} : { resume: wish.settleOnly }),
  };
  const record = await executePlan(options);
  settle(engine, record);
  // stopped before anything began: what is known of the servers is as good as before
  const hasBegun = record.changes.some(({ state }) => state !== 'planned' && state !== 'skipped');
  if (hasBegun || !wish.signal.aborted) await readAgain(engine, record);
  return record;
}

function portsOf(engine: Engine, { run, input, signal }: RunWish): ApplyPorts {
  const who = `${userInfo().username}@${hostname()}`;
  const open = (server: string) => engine.transport.open(serverConfig(engine, server), signal);
  const { store } = engine;
  return {
    transactions: {
      apply: async (request, onProgress) => {
        const session = await open(request.change.server);
        try {
          return await applyChange(
            session,
            { ...visitOf(request, open), giveUp: signal, who, openSecret: secretOf(engine, request.change) },
            onProgress,
          );
        } finally {
          session.close();
        }
      },
      outcome: async (request, onProgress) => {
        const session = await open(request.change.server);
        try {
          return await readOutcome(session, visitOf(request, open), onProgress);
        } finally {
          session.close();
        }
      },
    },
    gates: { check: (gates, inner) => lookAtGates(engine, gates, inner) },
    probes: { probe: (server, probes, inner) => probeServer(engine, server, probes, inner) },
    reduce: without => planFleet(input, without),
    journal: {
      change: change => store.runs.change(run, change),
      event: (event: RunEvent) => store.runs.append(event),
      finish: end => store.runs.finish(run, end),
    },
  };
}

function visitOf(request: TransactionRequest, open: (server: string) => Promise<Session>) {
  const { run, change, confirm } = request;
  return { run, change, reopen: () => open(change.server), ...(confirm === undefined ? {} : { confirm }) };
}

/** Opens the private keys that a change installs: only then, and only for the transaction. */
function secretOf(engine: Engine, change: Change): (ref: { readonly secret: string }) => Promise<string> {
  return async ({ secret }) => {
    const row = engine.store.keys.get(secret);
    if (row === null) {
      throw refused('key-unknown', `${change.server}: a key of the plan is not on this laptop.`, 'Plan anew.', {
        server: change.server,
      });
    }
    const sealer = await engine.vault.sealer();
    return sealer.open(engine.store.keys.sealed(secret), row.key);
  };
}

// ---------------------------------------------------------------- afterwards

/** Whether all that the plan holds for a pending change was done. */
function isDone(record: RunRecord, id: string): boolean {
  const effect = record.plan.effects.find(candidate => candidate.pending === id);
  // a policy or a revoked key that only the admin can publish is waited for, however long
  const waits = ({ server, phase, after }: RecordEffect) =>
    server === null && (phase === 'policy' || (phase === 'unpublish' && after !== null));
  if (effect?.records.some(waits) === true) return false;
  return record.plan.changes
    .filter(change => change.pending.includes(id))
    .every(change => {
      const known = record.changes.find(candidate => candidate.id === change.id);
      return known?.state === 'applied' && known.pending.includes(id);
    });
}

/** What was carried out leaves the list; what it leaves to do later is put there; private keys that are proven go. */
export function settle(engine: Engine, record: RunRecord): void {
  const { store } = engine;
  const applied = (change: string, id: string) => {
    const known = record.changes.find(candidate => candidate.id === change);
    return known?.state === 'applied' && known.pending.includes(id);
  };
  const now = engine.now();
  const done: string[] = [];
  const later: PendingChange[] = [];
  const installed: string[] = [];
  const proven: string[] = [];
  const ours: ManagedSelector[] = [];
  const gone: Pick<ManagedSelector, 'domain' | 'server' | 'selector'>[] = [];
  for (const effect of record.plan.effects) {
    const { domain, server, pending: id } = effect;
    if (domain === null) {
      if (isDone(record, id)) done.push(id);
      continue;
    }
    const change = store.pending.get(id);
    if (applied(`install@${server}`, id)) {
      for (const { selector, publicKey } of effect.installed) {
        ours.push({ domain, server, selector, fingerprint: publicKeyFingerprint(publicKey), since: now.toISOString() });
      }
      if (change !== null) installed.push(...newKeysOf(change.intent).map(key => key.ref.secret));
    }
    if (applied(`switch@${server}`, id) && change !== null) {
      proven.push(...newKeysOf(change.intent).map(key => key.ref.secret));
      for (const { selector, publicKey } of adoptedKeys(engine, change)) {
        ours.push({ domain, server, selector, fingerprint: publicKeyFingerprint(publicKey), since: now.toISOString() });
      }
    }
    if (applied(`remove@${server}`, id)) {
      gone.push(...effect.removed.map(selector => ({ domain, server, selector })));
    }
    if (!isDone(record, id)) continue;
    done.push(id);
    later.push(...effect.retire.map(task => retirement({ domain, server }, task, now)));
  }
  const retired = new Set(gone.map(({ domain, server, selector }) => `${domain}\n${server}\n${selector}`));
  const fulfilled = store.pending
    .list()
    .filter(
      ({ intent, domain, server }) =>
        intent.kind === 'retire' && retired.has(`${domain}\n${server}\n${intent.selector}`),
    )
    .map(({ id }) => id);
  store.transaction(() => {
    store.managed.put(ours);
    store.managed.remove(gone);
    store.keys.installed(installed);
    store.keys.erase(proven);
    store.pending.done([...new Set([...done, ...fulfilled])], later);
  });
  engine.emit({ type: 'changed', what: 'pending' });
  engine.emit({ type: 'changed', what: 'runs' });
}

/** The keys that were there before and are used from now on, as the plan found them. */
function adoptedKeys(
  engine: Engine,
  { domain, server, intent }: PendingChange,
): readonly { readonly selector: string; readonly publicKey: string }[] {
  const adopt = intent.kind === 'signing-on' ? intent.adopt : [];
  const known = engine.facts.get(server)?.signers.flatMap(signer => signer.view.keys) ?? [];
  return adopt.flatMap(selector => {
    const publicKey = known.find(key => key.domain === domain && key.selector === selector)?.publicKey ?? null;
    return publicKey === null ? [] : [{ selector, publicKey }];
  });
}

function retirement(
  { domain, server }: { readonly domain: string; readonly server: string },
  { selector, graceHours }: { readonly selector: string; readonly graceHours: number },
  now: Date,
): PendingChange {
  return {
    id: randomUUID(),
    domain,
    server,
    createdAt: now.toISOString(),
    intent: { kind: 'retire', selector, notBefore: new Date(now.getTime() + graceHours * 3_600_000).toISOString() },
  };
}

/** Facts after a run, or before it goes on: of the servers of its plan. */
export async function readAgain(engine: Engine, record: RunRecord): Promise<void> {
  const servers = new Set(record.plan.changes.map(({ server }) => server));
  for (const { server } of record.plan.effects) servers.add(server);
  const present = engine.store.servers.list().filter(({ name }) => servers.has(name));
  // the run has ended: whoever stopped it did not mean that its result is not to be looked at
  const signal = AbortSignal.timeout(30_000);
  const touched = new Set(
    record.plan.changes
      .filter(({ id }) => record.changes.some(change => change.id === id && change.state !== 'planned'))
      .map(({ server }) => server),
  );
  await Promise.all(
    present.map(async server => {
      let result = await scanServer(engine, server, signal).catch(() => null);
      // a link that broke just now is tried once more
      if (result?.problem?.code === 'connection-lost')
        result = await scanServer(engine, server, signal).catch(() => null);
      if (result?.ok === true || !touched.has(server.name)) return;
      // what is known of it is older than what was done there: nothing may be planned from that
      const facts = engine.facts.get(server.name);
      if (facts !== null) engine.facts.put({ ...facts, changedSince: record.id });
    }),
  );
  engine.emit({ type: 'changed', what: 'domains' });
  engine.emit({ type: 'changed', what: 'servers' });
}
