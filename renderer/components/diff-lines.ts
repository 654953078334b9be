export type DiffLine =
  | { readonly kind: 'hunk'; readonly text: string }
  | {
      readonly kind: 'same' | 'added' | 'removed';
      readonly before: number | null;
      readonly after: number | null;
      readonly text: string;
    };

/** The lines of a unified diff with their numbers in the old and the new file. */
export function diffLines(diff: string): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let before = 0;
  let after = 0;
  let isInHunk = false;
  for (const line of diff.replace(/\n$/, '').split('\n')) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      isInHunk = true;
      lines.push({ kind: 'hunk', text: line });
    } else if (!isInHunk || line.startsWith('\\')) continue;
    else if (line.startsWith('+')) {
      lines.push({ kind: 'added', before: null, after, text: line.slice(1) });
      after += 1;
    } else if (line.startsWith('-')) {
      lines.push({ kind: 'removed', before, after: null, text: line.slice(1) });
      before += 1;
    } else {
      lines.push({ kind: 'same', before, after, text: line.slice(1) });
      before += 1;
      after += 1;
    }
  }
  return lines;
}
