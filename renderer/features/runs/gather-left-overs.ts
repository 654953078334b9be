import type { LeftOver } from '../../../shared/contract.ts';

export type LeftOverGroup = Pick<LeftOver, 'server' | 'state' | 'message' | 'hint'> & {
  readonly domains: readonly string[];
  /** The server as a whole is among them: its mail settings. */
  readonly isServer: boolean;
};

/** One group for the domains of a server that have the same reason; messages that name their domain stay apart. */
export function gatherLeftOvers(left: readonly LeftOver[]): readonly LeftOverGroup[] {
  const groups = Map.groupBy(left, ({ server, state, message, hint }) => [server, state, message, hint].join('\n'));
  return [...groups.values()].flatMap(group => {
    const first = group[0];
    if (!first) return [];
    const { server, state, message, hint } = first;
    return {
      server,
      state,
      message,
      hint,
      domains: [...new Set(group.flatMap(({ domain }) => domain ?? []))],
      isServer: group.some(({ domain }) => domain === null),
    };
  });
}
