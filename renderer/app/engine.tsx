/** The engine for components: the client by context, its lists as queries, and the events that make them stale. */
import { QueryClient, QueryClientProvider, keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { createContext, useContext, useEffect, useSyncExternalStore } from 'react';
import type { EngineEvent, Input, Operation, Result } from '../../shared/contract.ts';
import type { Connection, WindowClient } from '../client.ts';
import { runEvent, scanEvent, stagingEvent } from './work.ts';

const ClientContext = createContext<WindowClient | null>(null);

export function useClient(): WindowClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('the engine is used outside of EngineProvider');
  return client;
}

// The engine says what changed, so nothing is fetched on a timer or on focus; being offline is normal and pauses nothing.
// Lists may have 100,000 rows: comparing them deeply to keep identities costs more than it saves.
function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        retry: false,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        networkMode: 'always',
        structuralSharing: false,
      },
    },
  });
}

const previews = ['signing.preview', 'rotate.preview', 'mailSettings.preview'] as const;

const listsOf: Readonly<Record<Extract<EngineEvent, { type: 'changed' }>['what'], readonly Operation[]>> = {
  servers: ['servers.list'],
  domains: ['domains.list', 'records.show', 'plan.compute', ...previews],
  pending: ['pending.list', 'plan.compute', 'domains.list', ...previews],
  runs: ['runs.list', 'runs.show'],
  settings: ['settings.get'],
  vault: ['vault.status'],
};

function useEvents(client: WindowClient): void {
  const queries = useQueryClient();
  useEffect(
    () =>
      client.subscribe(event => {
        switch (event.type) {
          case 'changed':
            for (const operation of listsOf[event.what]) void queries.invalidateQueries({ queryKey: [operation] });
            return;
          case 'run':
            runEvent(event.event);
            return;
          case 'scan':
            scanEvent(event);
            return;
          case 'staging':
            stagingEvent(event);
        }
      }),
    [client, queries],
  );
  // What happened while the connection was away is not known.
  useEffect(() => {
    let was = client.connection();
    return client.onConnection(() => {
      const is = client.connection();
      if (is === 'open' && was === 'lost') void queries.invalidateQueries();
      was = is;
    });
  }, [client, queries]);
}

function Events({ children }: { readonly children: ReactNode }) {
  useEvents(useClient());
  return children;
}

const queries = createQueries();

export function EngineProvider({ client, children }: { readonly client: WindowClient; readonly children: ReactNode }) {
  return (
    <ClientContext value={client}>
      <QueryClientProvider client={queries}>
        <Events>{children}</Events>
      </QueryClientProvider>
    </ClientContext>
  );
}

export function useConnection(): Connection {
  const client = useClient();
  return useSyncExternalStore(
    listener => client.onConnection(listener),
    () => client.connection(),
  );
}

/** A question to the engine, asked again when an event says that its answer changed. `input: null` asks nothing yet. */
export function useEngine<O extends Operation>(
  operation: O,
  input: Input<O> | null,
  keepPrevious = false,
): UseQueryResult<Result<O>> {
  const client = useClient();
  const ask = ({ signal }: { readonly signal: AbortSignal }): Promise<Result<O>> =>
    input === null
      ? Promise.reject(new Error('a disabled query was asked'))
      : client.call(operation, input, { signal });
  const query = useQuery<unknown>({
    queryKey: [operation, input],
    queryFn: ask,
    enabled: input !== null,
    ...(keepPrevious && { placeholderData: keepPreviousData }),
  });
  // The query holds what `ask` gave; its key begins with the operation, so that no other type can be in it.
  return query as UseQueryResult<Result<O>>;
}

const none: readonly never[] = [];

export function useServers() {
  const query = useEngine('servers.list', {});
  return { ...query, servers: query.data ?? none };
}

export function useDomains() {
  const query = useEngine('domains.list', { publicKeys: false });
  return { ...query, rows: query.data ?? none };
}

export function usePending() {
  const query = useEngine('pending.list', {});
  return { ...query, pending: query.data ?? none };
}

export function useRuns() {
  const query = useEngine('runs.list', {});
  return { ...query, runs: query.data ?? none };
}
