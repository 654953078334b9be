/**
 * What every signer driver promises, on the real daemon. Each case is carried out as a run does it: scan over SSH, plan,
 * transaction, probe. A driver takes part by its scene (scene.ts).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RestoreFile, SignerEdit, SignerView } from '../../electron/drivers/api.ts';
import { sha256 } from '../../electron/drivers/kit/bytes.ts';
import { registry } from '../../electron/drivers/registry.ts';
import { askServed } from '../../electron/verify/authoritative.ts';
import { createDnsClient } from '../../electron/verify/dns.ts';
import { probeDomains } from '../../electron/verify/probe.ts';
import { keyRecord } from '../../shared/dkim/key-record.ts';
import { keyName } from '../../shared/dkim/names.ts';
import type { FileStep, Probe, Step } from '../../shared/model.ts';
import { fromContent } from '../../shared/text.ts';
import { check } from '../tools/lab.ts';
import { useHosts } from '../tools/hosts.ts';
import {
  expectCarriedOut,
  expectNoPrivateKey,
  expectPlainJson,
  expectPrintable,
  expectProblem,
  expectRefused,
} from './expectations.ts';
import { casesOf } from './scene.ts';
import { failures, Stage, type Made } from './stage.ts';

const resolver = '10.99.0.53';
const selector = 'conf1';
const { cases, without } = casesOf('signer', registry.signers);

test('every signer driver has a scene', () => {
  expect(registry.signers.length).toBeGreaterThan(0);
  expect(without).toEqual([]);
});

const install = ({ key }: Made): SignerEdit => ({ kind: 'install', key });
const activate = (domain: string, ...selectors: readonly string[]): SignerEdit => ({
  kind: 'activate',
  domain,
  selectors,
});
const deactivate = (domain: string): SignerEdit => ({ kind: 'deactivate', domain });
const remove = (domain: string): SignerEdit => ({ kind: 'remove', domain, selector });

/** Where a plan puts a private key. */
function keyFileOf(steps: readonly Step[]): string {
  const found = steps.find(
    (step): step is FileStep => step.kind === 'file' && step.after !== null && 'secret' in step.after,
  );
  if (found === undefined) throw new Error('the plan installs no key');
  return found.path;
}

/** The files of a change as undo asks for them. */
function filesOf(steps: readonly Step[]): readonly RestoreFile[] {
  return steps.flatMap(step => {
    if (step.kind !== 'file' || (step.after !== null && 'secret' in step.after)) return [];
    if (step.before !== null && step.old === null) return [];
    const before = step.old === null ? null : fromContent(step.old);
    return [{ path: step.path, before, after: step.after === null ? null : sha256(fromContent(step.after)) }];
  });
}

useHosts(...cases.map(({ scene }) => scene.host));

describe.each(cases)('$driver.id', ({ driver, scene }) => {
  const stage = new Stage(scene.host, scene.scheme);
  const [one = '', two = '', third = '', fourth = ''] = scene.domains;
  const keys = [one, two].map(domain => stage.key(domain, selector));
  const [keyOne, keyTwo] = keys as [Made, Made];

  const look = () => stage.facts(driver);
  const view = async (): Promise<SignerView> => driver.view(await look());
  const state = () => check.fleetState(scene.host);

  async function expectAsBefore(before: Awaited<ReturnType<typeof state>>): Promise<void> {
    expect(await check.fleetDiff(before)).toMatchObject({ ok: true });
  }

  /** The domains come back signed with these selectors, and good by the key as served; without selectors: not signed. */
  async function expectSigned(wanted: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const { endpoint } = await view();
    if (endpoint === null) throw new Error('no socket for the probe');
    const dns = createDnsClient((target, signal) => stage.session.connect(target, signal));
    const wishes = Object.entries(wanted).map(([domain, selectors]): Probe => ({
      domain,
      selectors,
      ...(selectors.length === 0 ? { unsigned: true } : {}),
    }));
    const notServed: unknown[] = [];
    try {
      const results = await probeDomains(stage.session, [endpoint], wishes, async name => {
        const { served } = await askServed(dns, [resolver], [name]);
        const answer = served.get(name);
        if (answer?.state === 'agreed') return answer.values;
        notServed.push(answer);
        return null;
      });
      expect(notServed).toEqual([]);
      expect(results.map(({ domain, ok, problem }) => ({ domain, ok, problem }))).toEqual(
        wishes.map(({ domain }) => ({ domain, ok: true, problem: null })),
      );
    } finally {
      dns.close();
    }
  }

  /** A fresh host whose DNS serves the keys of the first two domains. */
  async function begin(): Promise<void> {
    await stage.reset();
    await scene.setUp?.();
    const records = keys.map(({ key }) => ({ name: keyName(selector, key.domain), value: keyRecord(key) }));
    await stage.script(scene.serve(records));
  }

  /** `one` is signed. */
  async function beginSigned(): Promise<void> {
    await begin();
    await expectCarriedOut(stage, driver.plan(await look(), [install(keyOne), activate(one, selector)]));
  }

  afterAll(() => stage.end());

  describe('on and off', () => {
    const edits = [
      [install(keyOne), install(keyTwo)],
      [activate(one, selector), activate(two, selector)],
    ] as const;
    let before: Awaited<ReturnType<typeof state>>;

    beforeAll(async () => {
      await begin();
      before = await state();
    });

    test('what is there is read, and nothing is signed', async () => {
      const facts = await look();
      expectPlainJson(facts);
      const found = driver.view(facts);
      expectPlainJson(found);
      expect(found.unavailable).toBeNull();
      expect(scene.domains.filter(domain => found.signs[domain] !== undefined)).toEqual([]);
      expect(found.signsOthers ?? []).toEqual([]);
      found.problems.forEach(expectProblem);
      await expectAsBefore(before);
    });

    test('two domains are switched on in two phases that were planned together, and only these sign', async () => {
      const facts = await look();
      const first = driver.plan(facts, edits[0]);
      const second = driver.plan(first.after, edits[1]);
      for (const { pem } of keys) expectNoPrivateKey([first, second], pem);
      await expectCarriedOut(stage, first);
      await expectSigned({ [one]: [], [two]: [] });
      await expectCarriedOut(stage, second);
      await expectSigned({ [one]: [selector], [two]: [selector], [third]: [] });
      const fresh = await look();
      expect(driver.view(second.after)).toEqual(driver.view(fresh));
      expect(driver.view(fresh).signs).toEqual({ [one]: [selector], [two]: [selector] });
      driver.view(fresh).problems.forEach(expectProblem);
      expectPlainJson(fresh);
      for (const { pem } of keys) expectNoPrivateKey(fresh, pem);
    });

    test('real mail carries good signatures, and that of other domains none', async () => {
      const [first, second, other] = await Promise.all(
        [one, two, third].map(domain =>
          scene.scheme === 'dkim'
            ? check.signed(scene.host, domain, { selector })
            : check.domainKeysSigned(scene.host, domain, { selector }),
        ),
      );
      expect(first).toMatchObject({ ok: true });
      expect(second).toMatchObject({ ok: true });
      expect(other).toMatchObject({
        ok: false,
        reason: `no ${scene.scheme === 'dkim' ? 'DKIM' : 'DomainKey'}-Signature header`,
      });
    });

    test('a second plan is empty', async () => {
      const facts = await look();
      for (const plan of [
        driver.plan(facts, edits[0]),
        driver.plan(facts, edits[1]),
        driver.plan(facts, edits.flat()),
      ]) {
        expect(plan).toEqual({ steps: [], requires: [], after: facts, refused: [] });
      }
    });

    test('one domain off leaves the other signing', async () => {
      await expectCarriedOut(stage, driver.plan(await look(), [deactivate(one)]));
      await expectSigned({ [one]: [], [two]: [selector] });
    });

    test('off and removed, every byte is as before', async () => {
      const facts = await look();
      const off = driver.plan(facts, [deactivate(one), deactivate(two)]);
      const removal = driver.plan(off.after, [remove(one), remove(two)]);
      await expectCarriedOut(stage, off);
      await expectCarriedOut(stage, removal);
      await expectAsBefore(before);
      const fresh = await look();
      expect(driver.view(removal.after)).toEqual(driver.view(fresh));
      const again = [deactivate(one), remove(one), deactivate(two), remove(two)];
      expect(driver.plan(fresh, again)).toEqual({ steps: [], requires: [], after: fresh, refused: [] });
      await expectSigned({ [one]: [], [two]: [] });
    });

    test('twenty domains take as many round trips as one, to read and to switch', async () => {
      const many = scene.domains.slice(0, 20).map(domain => stage.key(domain, 'many', keyOne));
      const on = (made: readonly Made[]) => made.flatMap(each => [install(each), activate(each.key.domain, 'many')]);
      const cost = async (made: readonly Made[]) => {
        const { facts, roundTrips } = await stage.scan(driver);
        const start = stage.session.roundTrips;
        await expectCarriedOut(stage, driver.plan(facts, on(made)));
        return { roundTrips, carriedOut: stage.session.roundTrips - start };
      };
      expect(many).toHaveLength(20);
      const first = await cost(many.slice(0, 1));
      const rest = await cost(many);
      const { facts, roundTrips } = await stage.scan(driver);
      expect(Object.keys(driver.view(facts).signs).toSorted()).toEqual(many.map(({ key }) => key.domain).toSorted());
      expect({ ...rest, roundTrips }).toEqual(first);
    });
  });

  describe('keys of others', () => {
    beforeAll(begin);

    test('a key that is there is adopted, and stays when signing is off', async context => {
      if (!(await view()).can.includes('adopt')) context.skip();
      const { pem } = stage.key(third, 'given', keyOne);
      await stage.script(scene.give({ domain: third, selector: 'given', pem }));
      await stage.script(scene.serve([{ name: keyName('given', third), value: keyRecord(keyOne.key) }]));
      const before = await state();
      const facts = await look();
      expectNoPrivateKey(facts, pem);
      const found = driver.view(facts);
      expect(found.signs[third]).toBeUndefined();
      const { publicKey, bits, algorithm } = keyOne.key;
      expect(found.keys).toContainEqual(
        expect.objectContaining({ domain: third, selector: 'given', publicKey, bits, algorithm }),
      );
      const on = driver.plan(facts, [activate(third, 'given')]);
      expect(on.steps.filter(step => step.kind === 'file' && (step.after === null || 'secret' in step.after))).toEqual(
        [],
      );
      await expectCarriedOut(stage, on);
      await expectSigned({ [third]: ['given'] });
      await expectCarriedOut(stage, driver.plan(await look(), [deactivate(third)]));
      await expectSigned({ [third]: [] });
      await expectAsBefore(before);
    });

    test("somebody else's file at the place of a key is never overwritten", async () => {
      const made = stage.key(fourth, selector, keyOne);
      const early = driver.plan(await look(), [install(made)]);
      const path = keyFileOf(early.steps);
      await stage.script(`mkdir -p "$(dirname ${path})"; printf 'mine\\n' > ${path}`);
      const before = await state();
      expect(await stage.carryOut(early)).toMatchObject({ state: 'stale', files: [path] });
      await expectAsBefore(before);
      const facts = await look();
      const late = driver.plan(facts, [install(made)]);
      if (late.refused.length > 0) expectRefused(late, facts, fourth);
      else await expectCarriedOut(stage, late);
      expect(await stage.script(`cat ${path}`)).toBe('mine\n');
    });
  });

  describe('refusals', () => {
    let facts: unknown;

    beforeAll(async () => {
      await beginSigned();
      facts = await look();
    });

    const foreign = stage.key(one, selector);
    const fresh = stage.key(two, selector, keyTwo).key;
    const edits: readonly (readonly [string, string, SignerEdit])[] = [
      ['a selector without a key', two, activate(two, 'nosuch')],
      ['one selector of two without a key', one, activate(one, selector, 'nosuch')],
      ['another key under a selector that is taken', one, install(foreign)],
      ['removing a key that signs', one, remove(one)],
      [
        'a domain that climbs out of its folder',
        '../../etc',
        install({ ...keyTwo, key: { ...fresh, domain: '../../etc' } }),
      ],
      ['a selector that is no name', two, install({ ...keyTwo, key: { ...fresh, selector: '../x' } })],
      ['a domain with a line of its own', 'x.example\\u{a}*', activate('x.example\n*', selector)],
      ['a selector with a line of its own', two, activate(two, 'x\ny')],
      ['switching off what is no name', 'a b', deactivate('a b')],
      ['removing what is no name', two, { kind: 'remove', domain: two, selector: '\u001b[2J' }],
    ];

    test.each(edits)('%s', (_name, subject, edit) => {
      const plan = driver.plan(facts, [edit]);
      expectPrintable(plan.refused.map(({ problem }) => ({ ...problem, hint: '' })));
      expect(plan.refused.map(refused => refused.problem.domain)).toEqual([subject]);
      expectRefused(plan, facts, edit.kind === 'install' ? edit.key.domain : edit.domain);
    });

    test.each([
      ['dkim', { ...fresh, scheme: 'dkim' }],
      ['domainkeys', { ...fresh, scheme: 'domainkeys' }],
      ['ed25519', { ...fresh, algorithm: 'ed25519', bits: 256, publicKey: 'A'.repeat(43).concat('=') }],
    ] as const)('%s, where the driver says that it cannot', (ability, key) => {
      const plan = driver.plan(facts, [{ kind: 'install', key }]);
      if (driver.view(facts).can.includes(ability)) expect(plan.refused).toEqual([]);
      else expectRefused(plan, facts, two);
    });

    test('a refused edit takes no other with it', async () => {
      const good = [install(keyTwo), activate(two, selector)];
      const alone = driver.plan(facts, good);
      const mixed = driver.plan(facts, [...edits.map(([, , edit]) => edit), ...good]);
      expect(mixed.refused).toHaveLength(edits.length);
      expect(mixed.steps).toEqual(alone.steps);
      expect(mixed.after).toEqual(alone.after);
    });

    test('planning changes nothing, neither there nor in the facts', async () => {
      const copy = structuredClone(facts);
      driver.plan(facts, [install(keyTwo), activate(two, selector), deactivate(one), remove(one)]);
      expect(facts).toEqual(copy);
      expect(await look()).toEqual(facts);
    });
  });

  describe('taken back', () => {
    beforeAll(beginSigned);

    test.each(failures)('%s: every byte is as before, and the daemon does what it did', async (_name, options) => {
      const before = await state();
      const plan = driver.plan(await look(), [install(keyTwo), activate(two, selector), deactivate(one)]);
      expect(plan.refused).toEqual([]);
      expect(await stage.carryOut(plan, options)).toMatchObject({ state: 'rolled-back', files: [] });
      await expectAsBefore(before);
      await expectSigned({ [one]: [selector], [two]: [] });
    });

    test('the old content of files is put back, but not over what somebody wrote since', async () => {
      await expectCarriedOut(stage, driver.plan(await look(), [install(keyTwo)]));
      const before = await state();
      const plan = driver.plan(await look(), [activate(two, selector), deactivate(one)]);
      await expectCarriedOut(stage, plan);
      await expectSigned({ [one]: [], [two]: [selector] });
      const signing = await look();
      const files = filesOf(plan.steps);
      expect(files.length).toBeGreaterThan(0);

      const stale = files.map(file => ({ ...file, after: '0'.repeat(64) }));
      const refused = driver.restore(signing, stale);
      expect(refused.steps).toEqual([]);
      expect(refused.refused.map(({ subject }) => subject)).toEqual(files.map(({ path }) => path));
      refused.refused.forEach(({ problem }) => expectProblem(problem));

      const restored = driver.restore(signing, files);
      await expectCarriedOut(stage, restored);
      await expectAsBefore(before);
      await expectSigned({ [one]: [selector], [two]: [] });
      expect(driver.view(restored.after)).toEqual(driver.view(await look()));
    });
  });

  test('hostile text in the configuration is never shown raw', async () => {
    await begin();
    await stage.script(scene.hostile);
    const facts = await look();
    expectPlainJson(facts);
    const { problems, signs, keys: found, name, version } = driver.view(facts);
    expect(problems.length).toBeGreaterThan(0);
    problems.forEach(expectProblem);
    expectPrintable({ signs, name, version });
    expectPrintable(found.map(({ domain, selector }) => ({ domain, selector })));
    const edits = scene.domains
      .slice(0, 4)
      .flatMap(domain => [
        install(stage.key(domain, selector, keyOne)),
        activate(domain, selector),
        activate(domain, 'one'),
        deactivate(domain),
        remove(domain),
      ]);
    for (const edit of edits) driver.plan(facts, [edit]).refused.forEach(({ problem }) => expectProblem(problem));
  });
});
