/**
 * The engine as the window sees it. In the desktop app the preload exposes it; in a browser it is at the other end of a
 * WebSocket. Nothing else in the window knows which of the two it is.
 */
import type { Bridge, Reply } from '../shared/bridge.ts';
import type { Client, EngineEvent, Input, Operation, Result } from '../shared/contract.ts';
import { SignetError } from '../shared/problem.ts';
import { SocketBridge } from './socket.ts';

/** `refused`: the token was not accepted and trying again is of no use. */
export type Connection = 'connecting' | 'open' | 'lost' | 'refused';

export interface WindowClient extends Client {
  connection(): Connection;
  /** Calls `listener` on every change; returns the function that ends it. */
  onConnection(listener: () => void): () => void;
}

declare global {
  interface Window {
    readonly signet?: Bridge;
  }
}

interface ConnectedBridge extends Bridge {
  connection(): Connection;
  onConnection(listener: () => void): () => void;
}

function alwaysOpen(bridge: Bridge): ConnectedBridge {
  return {
    call: (operation, input, id) => bridge.call(operation, input, id),
    cancel: id => bridge.cancel(id),
    subscribe: listener => bridge.subscribe(listener),
    connection: () => 'open',
    onConnection: () => () => {},
  };
}

function unpack<O extends Operation>(reply: Reply): Result<O> {
  if ('problem' in reply) throw new SignetError(reply.failure, reply.problem);
  return reply.result as Result<O>;
}

export function clientOver(bridge: ConnectedBridge): WindowClient {
  let last = 0;
  return {
    async call<O extends Operation>(operation: O, input: Input<O>, options?: { readonly signal?: AbortSignal }) {
      last += 1;
      const id = `${Date.now().toString(36)}-${last}`;
      const signal = options?.signal;
      signal?.throwIfAborted();
      const cancel = () => bridge.cancel(id);
      signal?.addEventListener('abort', cancel);
      try {
        return unpack<O>(await bridge.call(operation, input, id));
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },
    subscribe: (listener: (event: EngineEvent) => void) => bridge.subscribe(listener),
    connection: () => bridge.connection(),
    onConnection: listener => bridge.onConnection(listener),
  };
}

export function createClient(): WindowClient {
  return clientOver(window.signet ? alwaysOpen(window.signet) : new SocketBridge(window.location));
}
