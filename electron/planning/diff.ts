/** What a file step changes, as a unified diff with three lines of context. Pure. */
import { createTwoFilesPatch } from 'diff';
import type { FileStep } from '../../shared/model.ts';

/** Key material is shown as what it is, never as its text. */
export function diffOf(step: FileStep): string {
  const { path, old, after } = step;
  if (after !== null && 'secret' in after) return `+++ ${path}\n+ (private key ${after.secret}, sealed)\n`;
  if (after === null && old === null) return `--- ${path}\n- (removed; its content is a secret)\n`;
  return createTwoFilesPatch(
    old === null ? '/dev/null' : path,
    after === null ? '/dev/null' : path,
    old?.text ?? '',
    after?.text ?? '',
    undefined,
    undefined,
    { context: 3 },
  ).replace(/^=+\n/, '');
}
