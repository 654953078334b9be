/**
 * How a window reaches the engine: in the desktop app through `window.signet`, in a browser through a WebSocket. Both
 * carry plain JSON. The messages of a window are parsed with these schemas by the host, whoever sent them; the operation's
 * own input is parsed by the engine.
 */
import { z } from 'zod';
import type { EngineEvent } from './contract.ts';
import type { Failure, Problem } from './problem.ts';

/** What a call came to. A problem is data: an Error would lose its fields between processes. */
export type Reply = { readonly result: unknown } | { readonly problem: Problem; readonly failure: Failure };

/** What the preload exposes as `window.signet`. `call` never rejects for a failed operation. */
export interface Bridge {
  call(operation: string, input: unknown, callId: string): Promise<Reply>;
  /** Stops the call at its next safe point; it still gets its reply. Unknown ids are ignored. */
  cancel(callId: string): void;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: EngineEvent) => void): () => void;
}

const callId = z.string().min(1).max(100);

/** The first message of a socket: the token of the address, or the session that an earlier socket was given. */
export const helloSchema = z.object({ token: z.string().min(1).max(200) });

export const windowMessageSchema = z.union([
  z.object({ id: callId, call: z.string().min(1).max(100), input: z.unknown() }),
  z.object({ id: callId, cancel: z.literal(true) }),
]);

export type Hello = z.infer<typeof helloSchema>;
export type WindowMessage = z.infer<typeof windowMessageSchema>;

/**
 * What the host sends. `welcome` answers a hello that is accepted: `session` opens the next socket (after a reload or a
 * lost connection), as the token of the address is accepted only once; the session lives as long as the host's process.
 */
export type HostMessage =
  | { readonly welcome: { readonly session: string } }
  | ({ readonly id: string } & Reply)
  | { readonly event: EngineEvent };
