/** sudo with a password: it is sent when, and only when, sudo asks for it. */
import type { ServerConfig } from '../../shared/model.ts';
import { failed, SignetError } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';

export interface SudoActions {
  readonly write: (text: string) => void;
  /** The shell stands and reads its script. */
  readonly ready: () => void;
  readonly fail: (error: SignetError) => void;
}

/**
 * Follows what comes before the shell. The prompt is a nonce: until it appears, the password would go to whatever reads
 * standard input (under NOPASSWD, the shell). A second prompt means that the first answer was wrong.
 */
export class SudoDialogue {
  readonly #nonce: string;
  readonly #password: () => Promise<string | null>;
  readonly #server: ServerConfig;
  readonly #actions: SudoActions;
  #errors = '';
  #output = '';
  #prompts = 0;
  #done = false;
  passwordGiven = false;

  constructor(nonce: string, password: () => Promise<string | null>, server: ServerConfig, actions: SudoActions) {
    this.#nonce = nonce;
    this.#password = password;
    this.#server = server;
    this.#actions = actions;
  }

  push(text: string, from: 'out' | 'err'): void {
    if (this.#done) return;
    if (from === 'out') {
      this.#output = (this.#output + text).slice(-4096);
      if (this.#output.includes(`ready-${this.#nonce}\n`)) {
        this.#done = true;
        this.#actions.ready();
      }
      return;
    }
    this.#errors += text;
    for (let at = this.#errors.indexOf(this.#nonce); at !== -1; at = this.#errors.indexOf(this.#nonce)) {
      this.#errors = this.#errors.slice(at + this.#nonce.length);
      this.#prompts += 1;
      this.#prompted();
    }
    this.#errors = this.#errors.slice(-this.#nonce.length);
  }

  #prompted(): void {
    if (this.#prompts > 1) return this.#fail(SudoDialogue.wrong(this.#server));
    this.#password().then(
      password => {
        if (this.#done) return;
        if (password === null) return this.#fail(SudoDialogue.missing(this.#server));
        this.passwordGiven = true;
        this.#actions.write(`${password}\n`);
      },
      (error: unknown) => {
        this.#fail(error instanceof SignetError ? error : SudoDialogue.missing(this.#server, error));
      },
    );
  }

  #fail(error: SignetError): void {
    if (this.#done) return;
    this.#done = true;
    this.#actions.fail(error);
  }

  static wrong({ name, user }: ServerConfig): SignetError {
    const hint = 'Store the right sudo password with the server.';
    return failed('sudo-password-wrong', `${name}: sudo does not accept the stored password of ${user}`, hint, {
      server: name,
    });
  }

  static missing({ name, user }: ServerConfig, cause?: unknown): SignetError {
    const hint = 'Store the sudo password with the server.';
    return failed(
      'sudo-password-needed',
      `${name}: sudo wants the password of ${user}, and none is stored`,
      hint,
      { server: name },
      cause,
    );
  }

  /** sudo ended without starting the shell. Its words are English: it ran under LC_ALL=C. */
  static refusal(server: ServerConfig, code: number, said: string, passwordGiven: boolean): SignetError {
    const { name, user } = server;
    if (passwordGiven && /incorrect password|no password was provided/i.test(said)) return SudoDialogue.wrong(server);
    if (/a password is required/i.test(said))
      return failed(
        'sudo-password-needed',
        `${name}: sudo wants a password for ${user}`,
        'Set sudo to "password" for this server and store it, or allow NOPASSWD.',
        { server: name },
      );
    if (code === 127 || /sudo.{0,5}: (?:no such file|command not found|not found)/i.test(said))
      return failed('sudo-missing', `${name}: sudo is not installed`, 'Install it, or log in as root.', {
        server: name,
      });
    const words = printable(said.trim(), 200);
    const hint = `Allow ${user} to run commands as root, without requiretty, in sudoers (visudo).`;
    return failed('sudo-refused', `${name}: sudo refused ${user} (exit status ${code}): ${words}`, hint, {
      server: name,
    });
  }
}
