/** The driver on real-looking configurations: what it sees, what it plans, and that nothing is left and all can be taken back. */
import { describe, expect, test } from 'vitest';
import { driver } from '../../../../electron/drivers/signers/opendkim.ts';
import type { SignerEdit } from '../../../../electron/drivers/api.ts';
import { carryOut, hostOf, installKey, readCases, sampleKeys } from './opendkim-host.ts';

const domain = 'novy.example';
const selector = 'sel1';
const key = installKey(domain, selector);
const secrets = { [key.secret.secret]: sampleKeys.other };
const on: readonly SignerEdit[] = [
  { kind: 'install', key },
  { kind: 'activate', domain, selectors: [selector] },
];
const off: readonly SignerEdit[] = [
  { kind: 'deactivate', domain },
  { kind: 'remove', domain, selector },
];

const cases = readCases();

test('there are enough of them', () => expect(cases.length).toBeGreaterThan(24));

describe.each(cases)('$name', ({ files, host, expect: wanted }) => {
  test('is seen as it is', async () => {
    const memory = hostOf(files, host);
    expect(await driver.detect(memory)).toBe(true);
    const before = memory.roundTrips();
    const facts = await driver.scan(memory);
    expect(memory.roundTrips() - before).toBeLessThanOrEqual(6);
    const view = driver.view(facts);
    expect({
      signs: view.signs,
      keys: view.keys.length,
      problems: view.problems.map(problem => problem.code).sort(),
      unavailable: view.unavailable?.code,
    }).toEqual({ signs: wanted.signs, keys: wanted.keys, problems: wanted.problems, unavailable: wanted.unavailable });
    if (wanted.can !== undefined) expect([...view.can].sort()).toEqual(wanted.can);
    if (wanted.endpoint !== undefined) expect(view.endpoint).toEqual(wanted.endpoint);
    expect(view.signsOthers).toEqual(wanted.signsOthers ?? []);
    for (const problem of view.problems) expect(problem.message).toMatch(/\//);
    const stored = JSON.stringify(facts);
    expect(stored).not.toMatch(/PRIVATE KEY|geheim123|MIICXAIBAAK/);
    expect(JSON.parse(stored)).toEqual(facts);
  });

  test('is switched on, once, and back again', async () => {
    const facts = await driver.scan(hostOf(files, host));
    const plan = driver.plan(facts, on);
    if (wanted.switchable !== true) {
      expect(plan.refused.map(({ problem }) => problem.code)).toContain(wanted.refusal ?? wanted.unavailable);
      expect(plan.steps).toEqual([]);
      return;
    }
    expect(plan.refused).toEqual([]);
    const after = carryOut(files, plan.steps, secrets);
    const scanned = await driver.scan(hostOf(after, host));
    const others = Object.entries(driver.view(facts).signs);
    expect(Object.entries(driver.view(scanned).signs)).toEqual(
      expect.arrayContaining([...others, [domain, [selector]]]),
    );
    expect(driver.view(plan.after).signs).toEqual(driver.view(scanned).signs);
    expect(driver.plan(scanned, on)).toMatchObject({ steps: [], refused: [] });
    expect(driver.plan(plan.after, on)).toMatchObject({ steps: [], refused: [] });
    expect(after[key.secret.secret]).toBeUndefined();
    for (const [path, line] of Object.entries(wanted.lines ?? {})) {
      expect(after[path]?.content?.split(/\r?\n/)).toContain(line);
    }
    for (const [path, [first, second]] of Object.entries(wanted.before ?? {})) {
      const lines = after[path]?.content?.split('\n') ?? [];
      expect(lines[lines.indexOf(second) - 1]).toContain(first);
    }

    const back = driver.plan(scanned, off);
    if (wanted.offRefusal !== undefined) {
      expect(back.refused[0]?.problem.code).toBe(wanted.offRefusal);
      return;
    }
    expect(back.refused).toEqual([]);
    const restored = carryOut(after, back.steps, {});
    for (const [path, file] of Object.entries(files)) {
      // a form without tables is not made again: the tables do the same
      if (restored[path]?.content !== file.content) expect(path).toMatch(/opendkim.conf$/);
    }
    expect(driver.view(await driver.scan(hostOf(restored, host))).signs).toEqual(driver.view(facts).signs);
  });
});
