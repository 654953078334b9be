/** Whether the daemon takes a key file: dkimf_securefile and dkimf_checkfsnode of OpenDKIM, and plain permission to read it. */
import { posix } from 'node:path';
import type { StatFact } from '../../api.ts';
import type { KeyFact, OpenDkimFacts } from './facts.ts';

export interface KeyFault {
  readonly code: 'unsafe-key-parent' | 'unsafe-key' | 'key-unreadable';
  /** The directory or file that is at fault. */
  readonly path: string;
  /** Ends the sentence "PATH ...". */
  readonly reason: string;
}

type Node = Pick<StatFact, 'mode' | 'owner' | 'group'>;
type Facts = Pick<OpenDkimFacts, 'user' | 'groupUsers' | 'directories'>;

const bits = { groupWrite: 0o020, otherWrite: 0o002, groupRead: 0o040, otherRead: 0o004, userWrite: 0o200 } as const;
const othersEnter = 0o011;

function has(node: Node, mask: number): boolean {
  return (node.mode & mask) !== 0;
}

/** `right`: 4 read, 1 enter. */
export function mayUse(facts: Facts, node: Node, right: 4 | 1): boolean {
  if (facts.user.name === 'root') return true;
  if (node.owner === facts.user.name) return has(node, right << 6);
  if (facts.user.groups.includes(node.group)) return has(node, right << 3);
  return has(node, right);
}

function sharedWith(facts: Facts, node: Node): string | null {
  return facts.groupUsers[node.group]?.[0] ?? null;
}

function directoryFault(facts: Facts, node: Node): string | null {
  if (has(node, bits.otherWrite)) return 'can be written by everybody';
  const other = sharedWith(facts, node);
  if (has(node, bits.groupWrite) && other !== null)
    return `can be written by the group ${node.group}, which ${other} is in`;
  if (has(node, bits.userWrite) && node.owner !== 'root' && node.owner !== facts.user.name) {
    return `belongs to ${node.owner}, who is neither root nor ${facts.user.name}`;
  }
  return null;
}

function fileFault(facts: Facts, node: Node): string | null {
  if (node.owner !== 'root' && node.owner !== facts.user.name) {
    return `belongs to ${node.owner}, who is neither root nor ${facts.user.name}`;
  }
  const other = sharedWith(facts, node);
  if (has(node, bits.groupRead | bits.groupWrite) && other !== null) {
    return `can be read by the group ${node.group}, which ${other} is in`;
  }
  return has(node, bits.otherRead | bits.otherWrite) ? 'can be read or written by everybody' : null;
}

/** From "/" down to the directory of `path`. */
export function directoriesOf(path: string): readonly string[] {
  const found: string[] = [];
  for (let directory = posix.dirname(path); ; directory = posix.dirname(directory)) {
    found.unshift(directory);
    if (directory === '/' || directory === '.') return found;
  }
}

/** The first directory above `path` that makes a key below it unsafe. Nothing below one that nobody else may enter counts. */
export function parentFault(facts: Facts, path: string): KeyFault | null {
  for (const directory of directoriesOf(path)) {
    const node = facts.directories[directory];
    if (node === undefined || node === null) continue;
    const reason = directoryFault(facts, node);
    if (reason !== null) return { code: 'unsafe-key-parent', path: directory, reason };
    if (!has(node, othersEnter)) return null;
  }
  return null;
}

function isPrivate(facts: Facts, path: string): boolean {
  return directoriesOf(path).some(directory => {
    const node = facts.directories[directory];
    return node !== undefined && node !== null && !has(node, othersEnter);
  });
}

/** null: the daemon takes it. Unsafe keys are refused while RequireSafeKeys is on (the default), else only logged. */
export function keyFault(facts: Facts, key: KeyFact): KeyFault | null {
  for (const directory of directoriesOf(key.real)) {
    const node = facts.directories[directory];
    if (node === undefined || node === null || mayUse(facts, node, 1)) continue;
    return { code: 'key-unreadable', path: directory, reason: `cannot be entered by ${facts.user.name}` };
  }
  if (!mayUse(facts, key, 4)) {
    return { code: 'key-unreadable', path: key.real, reason: `cannot be read by ${facts.user.name}` };
  }
  const parent = parentFault(facts, key.real);
  if (parent !== null) return parent;
  const reason = isPrivate(facts, key.real) ? null : fileFault(facts, key);
  return reason === null ? null : { code: 'unsafe-key', path: key.real, reason };
}
