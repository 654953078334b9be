/**
 * main.cf(5) as text: words put into a list and taken out of it, every other byte as it was. A setting may go on over lines
 * that begin with a blank; comments and empty lines may stand between; of several settings of one name the last one counts.
 */
import type { ByteString } from '../../../../shared/text.ts';
import { joinLines, splitLines, type Line } from '../../kit/lines.ts';
import { splitList } from './tokens.ts';

/** Stands before lines that were added because there was no setting of the name: they go again with their last word. */
const mark = '# Mail filters, put here by Signet (mail settings):';

interface Setting {
  readonly name: string;
  /** Of the lines that hold its value. */
  readonly at: readonly number[];
  readonly words: readonly string[];
}

function isPassedOver(text: ByteString): boolean {
  return /^\s*(#|$)/.test(text);
}

function settingsIn(lines: readonly Line[]): readonly Setting[] {
  const found: { name: string; at: number[]; value: string }[] = [];
  for (const [index, { text }] of lines.entries()) {
    if (isPassedOver(text)) continue;
    const last = found.at(-1);
    const [, name, value] = /^([^\s=]+)\s*=(.*)$/s.exec(text) ?? [];
    if (name !== undefined && value !== undefined) found.push({ name, at: [index], value });
    else if (/^\s/.test(text) && last !== undefined) {
      last.at.push(index);
      last.value += ` ${text}`;
    }
  }
  return found.map(({ name, at, value }) => ({ name, at, words: splitList(value) }));
}

function settingOf(lines: readonly Line[], name: string): Setting | null {
  return settingsIn(lines).findLast(setting => setting.name === name) ?? null;
}

/** The words of the setting as they stand there; null: there is none. */
export function wordsOf(content: ByteString, name: string): readonly string[] | null {
  return settingOf(splitLines(content), name)?.words ?? null;
}

export function addWord(content: ByteString, name: string, word: string): ByteString {
  const original = splitLines(content);
  const lines = [...original];
  const setting = settingOf(lines, name);
  const at = setting?.at.at(-1);
  const line = at === undefined ? undefined : lines[at];
  if (setting !== null && at !== undefined && line !== undefined) {
    const [, text = '', blank = ''] = /^(.*?)([ \t]*)$/s.exec(line.text) ?? [];
    lines[at] = { ...line, text: `${text}${setting.words.length === 0 ? ' ' : ', '}${word}${blank}` };
    return joinLines(lines, original);
  }
  const added = `${name} = ${word}`;
  const head = lines.findLastIndex(({ text }) => text === mark);
  if (head < 0) lines.push({ text: mark, end: '\n' }, { text: added, end: '\n' });
  else lines.splice(endOf(lines, head), 0, { text: added, end: '\n' });
  return joinLines(lines, original);
}

/** null: no line holds the word as a whole (it comes from another parameter, or goes over lines). */
export function removeWord(content: ByteString, name: string, isWanted: (word: string) => boolean): ByteString | null {
  const original = splitLines(content);
  const lines = [...original];
  const setting = settingOf(lines, name);
  for (const at of setting?.at ?? []) {
    const line = lines[at];
    const span = line === undefined ? null : spanOf(line.text, at === setting?.at[0], isWanted);
    if (line === undefined || span === null || setting === null) continue;
    const text = line.text.slice(0, span.from) + line.text.slice(span.to);
    lines[at] = { ...line, text };
    const head = lines.findLastIndex((each, index) => index < at && each.text === mark);
    const isOurs = head >= 0 && at < endOf(lines, head);
    if (isOurs && setting.words.length === 1) {
      lines.splice(at, 1);
      if (endOf(lines, head) === head + 1) lines.splice(head, 1);
    }
    return joinLines(lines, original);
  }
  return null;
}

/** Behind the last line that was added below the mark. */
function endOf(lines: readonly Line[], head: number): number {
  let end = head + 1;
  while (/^(?:non_)?smtpd_milters\s*=/.test(lines[end]?.text ?? '')) end += 1;
  return end;
}

/** The word with the separator before it, or (the first word of a line) with the one behind. */
function spanOf(
  text: ByteString,
  isFirst: boolean,
  isWanted: (word: string) => boolean,
): { readonly from: number; readonly to: number } | null {
  const start = isFirst ? text.indexOf('=') + 1 : 0;
  let depth = 0;
  let from = -1;
  for (let at = start; at <= text.length; at += 1) {
    const char = text[at] ?? ' ';
    if (char === '{') depth += 1;
    if (char === '}') depth -= 1;
    const isBlank = depth === 0 && /[ \t\r,]/.test(char);
    if (!isBlank && from < 0) from = at;
    if (!isBlank || from < 0) continue;
    if (isWanted(text.slice(from, at))) {
      const before = /[ \t\r,]*$/.exec(text.slice(start, from))?.[0].length ?? 0;
      const behind = /^[ \t\r,]*/.exec(text.slice(at))?.[0].length ?? 0;
      const isLast = at + behind === text.length;
      // a line that goes on keeps the blank that it begins with
      const isAlone = from - before === start && isLast;
      if (from - before === start && !isAlone) return { from, to: at + behind };
      const hasComma = isAlone && text.slice(at).includes(',');
      return { from: isAlone && !isFirst ? from : from - before, to: hasComma ? text.length : at };
    }
    from = -1;
  }
  return null;
}
