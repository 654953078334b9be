/**
 * What is wrong, in data: `code` is for programs (stable, kebab-case), `message` says what happened and where,
 * `hint` what the admin can do next. Texts that came from a server must have passed `printable` before they stand here.
 */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** `stop`: nothing is done unless the code is acknowledged; `warning`: it should be mended; `info`: worth knowing. */
  readonly severity: 'info' | 'warning' | 'stop';
  /** A `stop` that an admin may override with `--acknowledge CODE`. */
  readonly overridable?: boolean;
  readonly server?: string;
  readonly domain?: string;
  readonly file?: string;
}

/** Why an operation ended, in the classes of the command line's exit codes. */
export type Failure = 'failed' | 'usage' | 'refused' | 'incomplete';

/** Exit codes of the command line: promises (see docs/cli.md). */
export const exitCodes: Readonly<Record<Failure, number>> = { failed: 1, usage: 2, refused: 3, incomplete: 4 };

/** The one error type that crosses a module's border: it carries a Problem, never a secret, never raw server text. */
export class SignetError extends Error {
  readonly failure: Failure;
  readonly problem: Problem;
  constructor(failure: Failure, problem: Problem, options?: { cause?: unknown }) {
    super(problem.message, options);
    this.name = 'SignetError';
    this.failure = failure;
    this.problem = problem;
  }
}

type Where = Pick<Problem, 'server' | 'domain' | 'file'>;

/** Nothing was changed: safety, an unknown name, something unsupported. Exit code 3. */
export function refused(code: string, message: string, hint: string, where: Where = {}): SignetError {
  return new SignetError('refused', { code, message, hint, severity: 'stop', ...where });
}

/** It was tried and did not work. Exit code 1. */
export function failed(code: string, message: string, hint: string, where: Where = {}, cause?: unknown): SignetError {
  return new SignetError('failed', { code, message, hint, severity: 'stop', ...where }, { cause });
}

/** The call itself is wrong. Exit code 2. */
export function usage(code: string, message: string, hint: string): SignetError {
  return new SignetError('usage', { code, message, hint, severity: 'stop' });
}
