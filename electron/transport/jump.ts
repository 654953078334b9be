/** Jump hosts: which there are, and what it means when the way on from one is not open. */
import type { ServerConfig } from '../../shared/model.ts';
import { refused, SignetError } from '../../shared/problem.ts';

export type JumpTarget = Pick<ServerConfig, 'name' | 'host' | 'port' | 'jump'>;

export function unknownJump(server: string, jump: string): SignetError {
  const message = `${server}: there is no server "${jump}" to jump through`;
  return refused('jump-unknown', message, 'Add it first.', { server });
}

/** Refuses unknown and circular jump hosts (`jump-unknown`, `jump-loop`) before anything is sent. */
export function checkJumps(target: JumpTarget, servers: (name: string) => ServerConfig | undefined): void {
  const seen = [target.name];
  for (let name = target.jump; name !== null;) {
    if (seen.includes(name)) {
      const circle = [...seen, name].join(' → ');
      throw refused('jump-loop', `${target.name}: the jump hosts go in a circle: ${circle}`, 'Mend the jump hosts.', {
        server: target.name,
      });
    }
    const next = servers(name);
    if (next === undefined) throw unknownJump(target.name, name);
    seen.push(name);
    name = next.jump;
  }
}

/** The jump host is there and logged in to; the way on from it is not open. */
export function viaJump(target: JumpTarget, jump: string, error: unknown): unknown {
  if (!(error instanceof SignetError)) return error;
  const codes: Readonly<Record<string, string>> = {
    'forward-refused': 'jump-refused',
    'connect-failed': 'jump-unreachable',
    'connection-lost': 'jump-lost',
  };
  const code = codes[error.problem.code];
  if (code === undefined) return error;
  const message = `${target.name}: no way through the jump host ${jump}: ${error.problem.message}`;
  return new SignetError('failed', { ...error.problem, code, message, server: target.name }, { cause: error });
}
