/** What every MTA driver promises, on the real mail server. A driver takes part by its scene (scene.ts). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registry } from '../../electron/drivers/registry.ts';
import { parseDomain } from '../../shared/dkim/domain.ts';
import { check } from '../tools/lab.ts';
import { useHosts } from '../tools/hosts.ts';
import { expectPlainJson, expectPrintable, expectProblem } from './expectations.ts';
import { casesOf } from './scene.ts';
import { Stage } from './stage.ts';

const { cases, without } = casesOf('mta', registry.mta);

test('every MTA driver has a scene', () => {
  expect(registry.mta.length).toBeGreaterThan(0);
  expect(without).toEqual([]);
});

useHosts(...cases.map(({ scene }) => scene.host));

describe.each(cases)('$driver.id', ({ driver, scene }) => {
  const stage = new Stage(scene.host);
  const names = (facts: unknown) => driver.view(facts).domains.map(({ domain }) => domain);

  beforeAll(() => stage.reset());
  afterAll(() => stage.end());

  test('finds exactly the domains of the host, each with the list that names it', async () => {
    const before = await check.fleetState(scene.host);
    const facts = await stage.facts(driver);
    expectPlainJson(facts);
    expect(names(facts).toSorted()).toEqual(scene.domains.toSorted());
    const view = driver.view(facts);
    expectPlainJson(view);
    expect(view.name).toMatch(/\S/);
    expect(view.domains.filter(({ source }) => source === '')).toEqual([]);
    view.problems.forEach(expectProblem);
    expect(await check.fleetDiff(before)).toMatchObject({ ok: true });
  });

  test('text with controls in the lists is never shown raw, and hides no other domain', async () => {
    await stage.script(scene.hostile);
    const facts = await stage.facts(driver);
    expectPlainJson(facts);
    const view = driver.view(facts);
    expect(names(facts)).toEqual(expect.arrayContaining([...scene.domains]));
    for (const name of names(facts)) expect(parseDomain(name)).toMatchObject({ ok: true, value: { ascii: name } });
    expect(view.problems.length).toBeGreaterThan(0);
    view.problems.forEach(expectProblem);
    const { domains, notEnumerable, name, version } = view;
    expectPrintable({ domains, notEnumerable, name, version, milters: view.milters.map(({ text }) => text) });
  });

  test('takes as many round trips for many domains as for one', async () => {
    await stage.reset();
    const many = await stage.scan(driver);
    await stage.script(scene.few);
    const one = await stage.scan(driver);
    expect(names(one.facts)).toHaveLength(1);
    expect(many.roundTrips).toBe(one.roundTrips);
  });
});
