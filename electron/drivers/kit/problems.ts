/** What a linter or a refusal says. Texts of a server must have passed `printable` before they stand in one. */
import type { Problem } from '../../../shared/problem.ts';

type Where = Pick<Problem, 'server' | 'domain' | 'file'>;

export function info(code: string, message: string, hint: string, where: Where = {}): Problem {
  return { code, message, hint, severity: 'info', ...where };
}

export function warning(code: string, message: string, hint: string, where: Where = {}): Problem {
  return { code, message, hint, severity: 'warning', ...where };
}

export function stop(code: string, message: string, hint: string, where: Where = {}): Problem {
  return { code, message, hint, severity: 'stop', ...where };
}
