/** What every driver promises of its problems, facts and plans, whatever its kind. */
import { expect } from 'vitest';
import type { DriverPlan } from '../../electron/drivers/api.ts';
import type { Problem } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import type { Stage } from './stage.ts';

/** Every string in a value, keys of objects too. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsIn(inner)]);
}

/** Nothing in it that a terminal, a log or a window must not get raw. */
export function expectPrintable(value: unknown): void {
  const raw = textsIn(value).filter(text => printable(text, Infinity) !== text);
  expect(raw).toEqual([]);
}

/** A code for programs, what happened, what to do next. A hint may have several lines: it can hold text to paste. */
export function expectProblem(problem: Problem): void {
  expect(problem).toMatchObject({
    code: expect.stringMatching(/^[a-z0-9]+(?:-[a-z0-9]+)*$/),
    message: expect.stringMatching(/\S/),
    hint: expect.stringMatching(/\S/),
    severity: expect.stringMatching(/^(?:info|warning|stop)$/),
  });
  expectPrintable({ ...problem, hint: problem.hint.split('\n') });
}

/** Nothing is done, and the facts stay: the subject is named with the reason. */
export function expectRefused(plan: DriverPlan<unknown>, facts: unknown, subject: string): Problem {
  expect(plan.steps).toEqual([]);
  expect(plan.after).toEqual(facts);
  expect(plan.refused.map(refused => refused.subject)).toEqual([subject]);
  const problem = plan.refused[0]?.problem;
  if (problem === undefined) throw new Error('not refused');
  expectProblem(problem);
  return problem;
}

/** Facts are stored: what comes back from JSON is what was there, with no undefined, Map or Date in it. */
export function expectPlainJson(facts: unknown): void {
  expect(JSON.parse(JSON.stringify(facts))).toStrictEqual(facts);
}

/** Neither the armour nor the body of a private key, in one piece or by lines. */
export function expectNoPrivateKey(value: unknown, pem: string): void {
  const text = JSON.stringify(value);
  const lines = pem.split('\n').filter(line => line !== '' && !line.startsWith('-----'));
  // the first lines hold the modulus, which is public (2048 bits: to the seventh line)
  const secret = lines.slice(7);
  expect(secret.length).toBeGreaterThan(10);
  for (const part of [...secret, lines.join('')]) expect(text.includes(part)).toBe(false);
  expect(/BEGIN [A-Z ]*PRIVATE KEY/.test(text)).toBe(false);
}

/** Nothing is refused, and the whole plan is carried out. */
export async function expectCarriedOut(stage: Stage, plan: DriverPlan<unknown>): Promise<void> {
  expect(plan.refused).toEqual([]);
  expect(await stage.carryOut(plan)).toEqual({ state: 'applied', problem: null, files: [] });
}
