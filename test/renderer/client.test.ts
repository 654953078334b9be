import { describe, expect, it } from 'vitest';
import type { Reply } from '../../shared/bridge.ts';
import { SignetError } from '../../shared/problem.ts';
import { clientOver } from '../../renderer/client.ts';
import { problem } from './rows.ts';

/** The other end of the bridge, by hand. */
function bridge() {
  const calls: { readonly operation: string; readonly input: unknown; readonly id: string }[] = [];
  const cancelled: string[] = [];
  const answers: ((reply: Reply) => void)[] = [];
  return {
    calls,
    cancelled,
    answers,
    call: (operation: string, input: unknown, id: string) => {
      calls.push({ operation, input, id });
      return new Promise<Reply>(resolve => answers.push(resolve));
    },
    cancel: (id: string) => cancelled.push(id),
    subscribe: () => () => {},
    connection: () => 'open' as const,
    onConnection: () => () => {},
  };
}

describe('client', () => {
  it('gives what the engine answered, each call under its own id', async () => {
    const port = bridge();
    const client = clientOver(port);
    const first = client.call('pending.list', {});
    const second = client.call('runs.list', {});
    port.answers[1]?.({ result: ['runs'] });
    port.answers[0]?.({ result: ['pending'] });
    expect(await first).toEqual(['pending']);
    expect(await second).toEqual(['runs']);
    expect(new Set(port.calls.map(({ id }) => id)).size).toBe(2);
  });

  it('makes an error of a problem again, with its class', async () => {
    const port = bridge();
    const call = clientOver(port).call('servers.list', {});
    port.answers[0]?.({ failure: 'refused', problem: problem({ code: 'vault-locked' }) });
    const error = await call.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SignetError);
    expect(error).toMatchObject({ failure: 'refused', problem: { code: 'vault-locked' } });
  });

  it('cancels by the id of the call, and not once the answer is there', async () => {
    const port = bridge();
    const controller = new AbortController();
    const call = clientOver(port).call('scan.run', {}, { signal: controller.signal });
    controller.abort();
    expect(port.cancelled).toEqual([port.calls[0]?.id]);
    port.answers[0]?.({ result: [] });
    await call;

    const later = new AbortController();
    const done = clientOver(port).call('scan.run', {}, { signal: later.signal });
    port.answers[1]?.({ result: [] });
    await done;
    later.abort();
    expect(port.cancelled).toHaveLength(1);
  });

  it('asks nothing when it was given up before', async () => {
    const port = bridge();
    await expect(clientOver(port).call('scan.run', {}, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect(port.calls).toEqual([]);
  });
});
