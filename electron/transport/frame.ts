/**
 * A script and its output between marks that nobody can guess. What a profile, an rc file or a login shell prints before
 * the script is not ours, and an end that did not arrive is an end that did not happen.
 */
import { randomBytes } from 'node:crypto';

export interface Marks {
  readonly start: string;
  readonly end: string;
}

export function newMarks(): Marks {
  return {
    start: `signet-start-${randomBytes(16).toString('hex')}`,
    end: `signet-end-${randomBytes(16).toString('hex')}`,
  };
}

/**
 * The script as it goes to `/bin/sh -s`. It stands in a subshell: a shell reads a compound command to its end before it
 * runs any of it, so a script cut off on the way does nothing, and `exit` leaves the subshell, not the frame. Commands of
 * the script must not eat what follows it on standard input: they read /dev/null.
 */
export function frameScript(script: string, marks: Marks): string {
  return [
    `printf '%s\\n' ${marks.start}; printf '%s\\n' ${marks.start} >&2`,
    '(',
    script,
    '',
    ') </dev/null',
    `signet_code=$?; printf '%s %s\\n' ${marks.end} "$signet_code"; printf '%s\\n' ${marks.end} >&2`,
    'exit 0',
    '',
  ].join('\n');
}

/** Takes what stands between the marks out of one stream. Holds back only what may be the beginning of the end mark. */
export class FrameReader {
  readonly #start: string;
  readonly #end: string;
  readonly #take: (text: string) => void;
  #state: 'before' | 'inside' | 'after' = 'before';
  #held = '';
  #tail = '';
  /** What came before the start mark (its last 2000 bytes): the words of a shell or a sudo that refused. */
  before = '';

  constructor(marks: Marks, take: (text: string) => void) {
    this.#start = `${marks.start}\n`;
    this.#end = marks.end;
    this.#take = take;
  }

  get started(): boolean {
    return this.#state !== 'before';
  }

  /** What stands behind the end mark on its line: "" or " <exit status>"; null: the end has not come yet. */
  get end(): string | null {
    if (this.#state !== 'after') return null;
    const newline = this.#tail.indexOf('\n');
    return newline === -1 ? null : this.#tail.slice(0, newline);
  }

  push(chunk: string): void {
    if (this.#state === 'after') {
      if (this.#tail.length < 1000) this.#tail += chunk;
      return;
    }
    this.#held += chunk;
    if (this.#state === 'before') this.#seekStart();
    if (this.#state === 'inside') this.#seekEnd();
  }

  #seekStart(): void {
    const at = this.#held.indexOf(this.#start);
    if (at === -1) {
      this.#held = this.#held.slice(-Math.max(2000, this.#start.length));
      this.before = this.#held;
      return;
    }
    this.before = this.#held.slice(Math.max(0, at - 2000), at);
    this.#held = this.#held.slice(at + this.#start.length);
    this.#state = 'inside';
  }

  #seekEnd(): void {
    const at = this.#held.indexOf(this.#end);
    if (at !== -1) {
      if (at > 0) this.#take(this.#held.slice(0, at));
      this.#tail = this.#held.slice(at + this.#end.length);
      this.#held = '';
      this.#state = 'after';
      return;
    }
    const keep = this.#held.length - this.#possibleEnd();
    if (keep > 0) this.#take(this.#held.slice(0, keep));
    this.#held = this.#held.slice(keep);
  }

  /** How many of the last bytes may be the beginning of the end mark. A complete line is never held back. */
  #possibleEnd(): number {
    for (let length = Math.min(this.#end.length - 1, this.#held.length); length > 0; length -= 1) {
      if (this.#held.endsWith(this.#end.slice(0, length))) return length;
    }
    return 0;
  }
}
