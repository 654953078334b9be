/** What plans of mail settings are made of: file steps, facts after them, and how they end without one. Pure. */
import type { FileStep, Step } from '../../../../shared/model.ts';
import type { Problem } from '../../../../shared/problem.ts';
import { toContent, type ByteString } from '../../../../shared/text.ts';
import type { SettingsPlan, StatFact } from '../../api.ts';
import { sha256 } from '../../kit/bytes.ts';
import type { OpenDkimFacts, TextFact } from './facts.ts';
import { readModel } from './model.ts';
import { ownEndpoint } from './own-config.ts';
import { readSocket } from './socket.ts';
import { tablePaths } from './tables.ts';

export type Plan = SettingsPlan<OpenDkimFacts>;

export const name = 'opendkim';

export const tableMode = 0o640;

export const besides = ['keys', 'signing', 'ownMail'] as const;

export function endpointOf(facts: OpenDkimFacts | null): Plan['endpoint'] {
  return (facts === null ? null : readSocket(readModel(facts).socket ?? '')) ?? ownEndpoint;
}

export function nothing(facts: OpenDkimFacts | null): Plan {
  return { steps: [], requires: [], after: facts, endpoint: endpointOf(facts), refused: null };
}

export function refusing(facts: OpenDkimFacts | null, refused: Problem): Plan {
  return { ...nothing(facts), refused };
}

export function created(path: string, content: ByteString, mode: number, owner: string): FileStep {
  return { kind: 'file', path, before: null, old: null, after: toContent(content), mode, owner };
}

export function textFact(path: string, content: ByteString, mode: number, group: string): TextFact {
  return { path, real: path, mode, owner: 'root', group, sha256: sha256(content), content, masked: false };
}

export function directorySteps({ directories }: OpenDkimFacts): readonly Step[] {
  const path = tablePaths.directory;
  if ((directories[path] ?? null) !== null) return [];
  return [{ kind: 'directory', path, mode: 0o755, owner: 'root:root', present: true }];
}

export function withDirectory({ directories }: OpenDkimFacts): OpenDkimFacts['directories'] {
  const path = tablePaths.directory;
  const made: StatFact = { path, type: 'directory', mode: 0o755, owner: 'root', group: 'root' };
  return { ...directories, [path]: directories[path] ?? made };
}
