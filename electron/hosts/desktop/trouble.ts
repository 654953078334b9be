/** What goes wrong outside of the page: a plain dialog with what happened and what to do. Never a stack. */
import { app, dialog } from 'electron';
import { SignetError } from '../../../shared/problem.ts';
import { printable } from '../../../shared/text.ts';

/** One line for whoever started Signet from a terminal. */
export function report(line: string): void {
  process.stderr.write(`signet: ${line}\n`);
}

export function showTrouble(error: unknown): void {
  if (error instanceof SignetError) {
    dialog.showErrorBox(error.problem.message, error.problem.hint);
    return;
  }
  const name = error instanceof Error ? printable(error.name, 60) : 'unknown error';
  const place = error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? '') : '';
  report(`${name} ${printable(place)}`);
  dialog.showErrorBox(
    `Signet itself is at fault (${name}).`,
    'Please report it with what Signet wrote to its standard error. Servers finish or roll back by themselves.',
  );
}

/** Electron would show the stack of a defect; and a process in an unknown state is better ended. */
export function endOnDefects(): void {
  const end = (error: unknown) => {
    showTrouble(error);
    app.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
