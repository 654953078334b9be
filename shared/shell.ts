/** Words for a POSIX shell. The only place where text becomes shell source: apply, drivers and transport all come here. */
import { usage } from './problem.ts';

/**
 * One word, in single quotes whatever it holds, so that no shell finds anything to expand in it (POSIX.1-2024, XCU 2.2.2).
 * Throws for NUL, which no argument can hold. Says nothing about options: put `--` before a path that may begin with `-`.
 */
export function shellQuote(word: string): string {
  if (word.includes('\0')) throw usage('nul-in-word', 'a word of a command holds a NUL byte', 'Check the name given.');
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A simple command: every word quoted, none expanded. */
export function shellCommand(argv: readonly string[]): string {
  if (argv.length === 0) throw usage('empty-command', 'a command has no words', 'This is a defect: please report it.');
  return argv.map(shellQuote).join(' ');
}

/** A command as people read it: a script of `sh -c` by its name ($0) and its arguments, everything else word by word. */
export function shownCommand(argv: readonly string[]): string {
  const isScript = /(^|\/)sh$/.test(argv[0] ?? '') && argv[1] === '-c';
  return (isScript ? argv.slice(3) : argv)
    .map(word => (/^[A-Za-z0-9_@%+=:,./{}^-]+$/.test(word) ? word : `'${word}'`))
    .join(' ');
}

/** The source of a script of `sh -c`; null: it is a plain command. */
export function scriptOf(argv: readonly string[]): string | null {
  return /(^|\/)sh$/.test(argv[0] ?? '') && argv[1] === '-c' ? (argv[2] ?? null) : null;
}

/** Whether text can stand in a script that is sent as bytes: no NUL, and no character that is not one byte. */
export function isShellText(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit === 0 || unit > 0xff) return false;
  }
  return true;
}
