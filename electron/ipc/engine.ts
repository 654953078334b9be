/** What every handler works with. Wired once, in compose.ts. */
import type { EngineEvent, Operation, Parsed, Result } from '../../shared/contract.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Drivers, ServerFacts } from '../drivers/api.ts';
import type { Store } from '../store/api.ts';
import type { Transport } from '../transport/api.ts';
import type { Vault } from '../vault/api.ts';

export interface Engine {
  readonly store: Store;
  readonly vault: Vault;
  /** Opens a passphrase vault with another passphrase than the one that the process was started with. */
  readonly unlockVault: (passphrase: string) => Promise<void>;
  readonly transport: Transport;
  readonly drivers: Drivers;
  readonly now: () => Date;
  readonly emit: (event: EngineEvent) => void;
  /** Facts are read from the store once and kept: they are large, and every list is made from them. */
  readonly facts: FactsCache;
  /** How the last attempt to reach each server ended, in this process: with the problem, or null when it was reached. */
  readonly attempts: Map<string, Problem | null>;
  /** What stops each run that is under way in this process. */
  readonly underWay: Map<string, AbortController>;
}

export interface FactsCache {
  list(): readonly ServerFacts[];
  get(server: string): ServerFacts | null;
  put(facts: ServerFacts): void;
  forget(server: string): void;
}

export interface CallContext {
  readonly signal: AbortSignal;
}

/** Handlers of one feature, by operation. */
export type Handlers = {
  readonly [O in Operation]?: (
    engine: Engine,
    input: Parsed<O>,
    context: CallContext,
  ) => Promise<Result<O>> | Result<O>;
};

export function factsCache(store: Store): FactsCache {
  const table = store.facts<ServerFacts>();
  let cache: Map<string, ServerFacts> | null = null;
  const loaded = () => (cache ??= new Map(table.list().map(facts => [facts.server, facts])));
  return {
    list: () => [...loaded().values()].sort((one, other) => (one.server < other.server ? -1 : 1)),
    get: server => loaded().get(server) ?? null,
    put(facts) {
      table.put(facts);
      loaded().set(facts.server, facts);
    },
    forget(server) {
      loaded().delete(server);
    },
  };
}
