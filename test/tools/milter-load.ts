/** Load and malformed mail for a milter on a host of the lab, typed: test/lab/milter-load. */
import { fileURLToPath } from 'node:url';
import { outputOf } from './program.ts';

const tool = fileURLToPath(new URL('../lab/milter-load', import.meta.url));

async function run<T>(...args: readonly (string | number)[]): Promise<T> {
  return JSON.parse(await outputOf([tool, ...args.map(String)], { timeoutMs: 1_800_000 })) as T;
}

/** `again`: how often a message was refused for now, and sent again; `refused`: for good, and what the server said. */
interface Sent {
  readonly again: number;
  readonly refused: readonly string[];
}

export interface Verified {
  /** Different ones. */
  readonly messages: number;
  readonly twice: number;
  readonly unsigned: readonly string[];
  readonly failing: readonly string[];
}

export const milterLoad = {
  /** As many messages as that, from within the host, as fast as they are taken. */
  stream: (host: string, token: string, count: number, domain: string) =>
    run<Sent & { readonly seconds: number }>('stream', host, token, count, 4, domain),
  /** Malformed messages: half from within the host to the sink, half from outside to a mailbox of `domain`. */
  fuzz: (host: string, token: string, count: number, seed: number, domain: string) =>
    run<Sent & { readonly inside: number; readonly outside: number }>('fuzz', host, token, count, seed, domain),
  /** Connections that break the milter protocol. */
  packets: (host: string, port: number, count: number, seed: number) =>
    run<{ readonly connections: number }>('packets', host, port, count, seed),
  /** Waits for the messages from within in the sink, and verifies their DomainKey-Signatures there. */
  verify: (token: string, count: number) => run<Verified>('verify', token, count),
  /** The messages from outside in the host's mailbox. */
  received: (host: string, token: string) =>
    run<{ readonly messages: number; readonly twice: number }>('received', host, token),
};
