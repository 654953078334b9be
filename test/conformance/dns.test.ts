/**
 * What every DNS driver promises, on the real server. Each case is carried out as a run does it: scan over SSH, plan,
 * transaction; what is served is asked for with dig. A driver takes part by its scene (scene.ts).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DnsEdit, DnsView, DnsZone, DriverPlan, RestoreFile } from '../../electron/drivers/api.ts';
import { sha256 } from '../../electron/drivers/kit/bytes.ts';
import { registry } from '../../electron/drivers/registry.ts';
import { dmarcName, keyName, policyName } from '../../shared/dkim/names.ts';
import { formatTxt } from '../../shared/dns/txt.ts';
import type { Step } from '../../shared/model.ts';
import { fromContent } from '../../shared/text.ts';
import { check } from '../tools/lab.ts';
import { useHosts } from '../tools/hosts.ts';
import { expectCarriedOut, expectPlainJson, expectPrintable, expectProblem, expectRefused } from './expectations.ts';
import { casesOf } from './scene.ts';
import { failures, Stage } from './stage.ts';

const key = `v=DKIM1; k=rsa; p=${'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A'.repeat(12)}IDAQAB`;
const { cases, without } = casesOf('dns', registry.dns);

test('every DNS driver has a scene', () => {
  expect(registry.dns.length).toBeGreaterThan(0);
  expect(without).toEqual([]);
});

/** What is at a name now becomes these values; none: it goes. */
function edit(view: DnsView, zone: string, name: string, ...values: readonly string[]): DnsEdit {
  const found = view.zones.find(one => one.name === zone)?.txt.find(rrset => rrset.name === name) ?? null;
  const after = values.length === 0 ? null : { name, ttl: found?.ttl ?? null, values };
  return { zone, name, before: found, after };
}

/** Takes edits back, on the facts as they are now. */
function inverse(view: DnsView, edits: readonly DnsEdit[]): readonly DnsEdit[] {
  return edits.map(({ zone, name, before }) => ({
    zone,
    name,
    before: edit(view, zone, name).before,
    after: before,
  }));
}

function filesOf(steps: readonly Step[]): readonly RestoreFile[] {
  return steps.flatMap(step => {
    if (step.kind !== 'file' || step.old === null || step.after === null || 'secret' in step.after) return [];
    return [{ path: step.path, before: fromContent(step.old), after: sha256(fromContent(step.after)) }];
  });
}

/** RFC 1982, 3.2 */
function isNewer(serial: number, old: number): boolean {
  return serial !== old && (serial - old + 2 ** 32) % 2 ** 32 < 2 ** 31;
}

interface Transfer {
  readonly serial: number;
  /** "owner ttl class type data" but for the SOA, sorted. */
  readonly records: readonly string[];
}

useHosts(...cases.map(({ scene }) => scene.host));

describe.each(cases)('$driver.id', ({ driver, scene }) => {
  const stage = new Stage(scene.host);
  const { zones } = scene;
  const [first = '', second = '', third = ''] = zones;
  const last = zones.at(-1) ?? '';
  /** One of each style, as the scene orders them. */
  const samples = [first, second, third, last];

  const look = () => stage.facts(driver);
  const zoneOf = (view: DnsView, name: string): DnsZone => {
    const found = view.zones.find(zone => zone.name === name);
    if (found === undefined) throw new Error(`no zone ${name}`);
    return found;
  };

  async function begin(): Promise<void> {
    await stage.reset();
    await stage.script(scene.setUp);
  }

  /** The zones as the server transfers them now. */
  async function served(names: readonly string[] = zones): Promise<ReadonlyMap<string, Transfer>> {
    const output = await stage.script(
      names.map(zone => `echo ";zone ${zone}"; dig +noall +answer +onesoa AXFR ${zone} @127.0.0.1`).join('\n'),
    );
    const parts = output.split(/^;zone /m).slice(1);
    return new Map(
      parts.map(part => {
        const [zone = '', ...lines] = part.split('\n');
        const fields = lines.flatMap(line => {
          const [, owner = '', ttl = '', type = '', data = ''] = /^(\S+)\s+(\d+)\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? [];
          return owner === '' ? [] : [{ type, data, record: `${owner} ${ttl} IN ${type} ${data}` }];
        });
        const soa = fields.find(({ type }) => type === 'SOA');
        const records = fields.filter(({ type }) => type !== 'SOA').map(({ record }) => record);
        return [zone, { serial: Number(soa?.data.split(' ')[2]), records: records.sort() }] as const;
      }),
    );
  }

  /** What the server keeps of each zone, but for the serial. */
  async function sources(names: readonly string[] = zones): Promise<readonly string[]> {
    const serials = await served(names);
    const output = await stage.script(names.map(zone => `echo ";zone ${zone}"; ${scene.source(zone)}`).join('\n'));
    const parts = output.split(/^;zone /m).slice(1);
    return parts.map((part, index) => {
      const serial = serials.get(names[index] ?? '')?.serial;
      return part.replace(new RegExp(`(?<![0-9])${serial}(?![0-9])`), 'SERIAL');
    });
  }

  /** The records that differ are exactly those of the edits, and the serial of each zone grew; of others nothing did. */
  function expectServed(
    before: ReadonlyMap<string, Transfer>,
    after: ReadonlyMap<string, Transfer>,
    edits: readonly DnsEdit[],
  ): void {
    for (const [zone, now] of after) {
      const old = before.get(zone);
      if (old === undefined) throw new Error(`no zone ${zone} before`);
      const mine = edits.filter(one => one.zone === zone);
      const added = now.records.filter(record => !old.records.includes(record)).map(withoutTtl);
      const removed = old.records.filter(record => !now.records.includes(record)).map(withoutTtl);
      const lines = (name: string, values: readonly string[] = []) =>
        values.map(value => `${name}. IN TXT ${formatTxt(value)}`);
      expect([zone, added.sort()]).toEqual([zone, mine.flatMap(one => lines(one.name, one.after?.values)).sort()]);
      expect([zone, removed.sort()]).toEqual([zone, mine.flatMap(one => lines(one.name, one.before?.values)).sort()]);
      expect([zone, mine.length > 0 ? isNewer(now.serial, old.serial) : now.serial === old.serial]).toEqual([
        zone,
        true,
      ]);
    }
  }

  /** What a plan says that will be is what a scan finds, but for serials that the server counts by itself. */
  function expectForeseen(plan: DriverPlan<unknown>, facts: unknown): void {
    const shown = (one: unknown) => {
      const view = driver.view(one);
      return { ...view, zones: view.zones.map(zone => ({ ...zone, serial: null, txt: [...zone.txt].sort(byName) })) };
    };
    expect(shown(plan.after)).toEqual(shown(facts));
  }

  afterAll(() => stage.end());

  describe('records of every zone', () => {
    let before: ReadonlyMap<string, Transfer>;
    let kept: readonly string[];

    beforeAll(async () => {
      await begin();
      before = await served();
      kept = await sources();
    });

    const wanted = (view: DnsView, values: readonly [string, string, string]) =>
      zones.flatMap(zone => [
        edit(view, zone, keyName('conf1', zone), values[0]),
        edit(view, zone, policyName(zone), values[1]),
        edit(view, zone, dmarcName(zone), values[2]),
      ]);

    async function carryOut(edits: readonly DnsEdit[]): Promise<void> {
      const old = await served();
      const plan = driver.plan(await look(), edits);
      await expectCarriedOut(stage, plan);
      expectServed(old, await served(), edits);
      const facts = await look();
      expectForeseen(plan, facts);
      expect(driver.plan(facts, edits)).toEqual({ steps: [], requires: [], after: facts, refused: [] });
    }

    test('are read, in as many round trips as a few zones take', async () => {
      const { facts, roundTrips } = await stage.scan(driver);
      expectPlainJson(facts);
      const view = driver.view(facts);
      expectPlainJson(view);
      view.problems.forEach(expectProblem);
      for (const zone of zones) {
        expect(zoneOf(view, zone)).toMatchObject({ role: 'primary', refusal: null, serial: before.get(zone)?.serial });
      }
      await stage.script(scene.few);
      const few = await stage.scan(driver);
      const left = driver.view(few.facts).zones.filter(({ name }) => zones.includes(name));
      expect(left.length).toBeLessThanOrEqual(zones.length / 4);
      expect(roundTrips).toBe(few.roundTrips);
      await begin();
    });

    test('are added, replaced and taken back, and every other byte stays', async () => {
      const edits = wanted(driver.view(await look()), [key, 'o=~; t=y', 'v=DMARC1; p=reject; rua=mailto:a@b.example']);
      await carryOut(edits);
      expect(await check.txt(keyName('conf1', first), { server: scene.host, equals: key })).toMatchObject({ ok: true });

      const added = driver.view(await look());
      const replaced = wanted(added, [key.replace('k=rsa; ', ''), 'o=-', 'v=DMARC1; p=none; sp=none']);
      await carryOut(replaced);
      await carryOut(inverse(driver.view(await look()), replaced));
      await carryOut(inverse(driver.view(await look()), edits));
      expect(await sources()).toEqual(kept);
    });

    test('are one change of their zone: as many serials for two as for one', async () => {
      const facts = await look();
      const view = driver.view(facts);
      for (const zone of samples) {
        const both = [edit(view, zone, keyName('a', zone), key), edit(view, zone, keyName('b', zone), key)];
        const two = driver.plan(facts, both);
        const one = driver.plan(facts, both.slice(0, 1));
        expect(zoneOf(driver.view(two.after), zone).serial).toBe(zoneOf(driver.view(one.after), zone).serial);
        expect(filesOf(two.steps)).toHaveLength(filesOf(one.steps).length);
      }
    });

    test('planning changes nothing, neither there nor in the facts', async () => {
      const facts = await look();
      const copy = structuredClone(facts);
      driver.plan(facts, wanted(driver.view(facts), [key, 'o=~', 'v=DMARC1; p=none; x=y']));
      expect(facts).toEqual(copy);
      expect(await sources()).toEqual(kept);
    });
  });

  describe('values', () => {
    beforeAll(begin);

    const values: readonly (readonly [string, string])[] = [
      ['255 bytes', 'x'.repeat(255)],
      ['256 bytes', 'x'.repeat(256)],
      ['a key of 4096 bits', `v=DKIM1; k=rsa; p=${'MIICIjANBgkqhkiG9w0BAQEFAAOCAg8A'.repeat(23)}`],
      ['semicolons and comments', 'v=DKIM1; n=a;b ; c ;'],
      ['quotes', 'v=DKIM1; n="quoted" and "'],
      ['backslashes', String.raw`v=DKIM1; n=\ \\ \" \032 \;`],
      ['parentheses, @ and $', '( v=DKIM1 ) @ $ORIGIN $TTL'],
      ['blanks at both ends and a tab', '  v=DKIM1;\tn=x  '],
      ['one blank', ' '],
      ['nothing', ''],
      ['a byte that is no ASCII', 'v=DKIM1; n=\xc3\xa9\x01\xff'],
      ['an escape on the border of two strings', `${'x'.repeat(254)}"\\;y`],
    ];

    test('of every kind are served as they were asked for, and read back', async () => {
      const kept = await sources(samples);
      const old = await served(samples);
      const view = driver.view(await look());
      const edits = samples.flatMap(zone =>
        values.map(([, value], index) => edit(view, zone, keyName(`v${index}`, zone), value)),
      );
      await expectCarriedOut(stage, driver.plan(await look(), edits));
      expectServed(old, await served(samples), edits);
      const facts = await look();
      for (const { zone, name, after } of edits) {
        expect(edit(driver.view(facts), zone, name).before?.values).toEqual(after?.values);
      }
      for (const [index, [, value]] of values.entries()) {
        if (/[^ -~]/.test(value) || value.trim() !== value || value === '') continue;
        const name = keyName(`v${index}`, first);
        expect(await check.txt(name, { server: scene.host, equals: value })).toMatchObject({ ok: true });
      }
      expect(driver.plan(facts, edits).steps).toEqual([]);
      await expectCarriedOut(stage, driver.plan(facts, inverse(driver.view(facts), edits)));
      expect(await sources(samples)).toEqual(kept);
    });

    test('several at one name are one RRset', async () => {
      const name = policyName(last);
      const view = driver.view(await look());
      const edits = [first, last].map(zone => edit(view, zone, policyName(zone), 'o=~', 'o=- ; "x"', 'third'));
      await expectCarriedOut(stage, driver.plan(await look(), edits));
      const now = driver.view(await look());
      expect([...(edit(now, last, name).before?.values ?? [])].sort()).toEqual(['o=- ; "x"', 'o=~', 'third']);
      const fewer = [first, last].map(zone => edit(now, zone, policyName(zone), 'o=- ; "x"'));
      await expectCarriedOut(stage, driver.plan(await look(), fewer));
      expect(edit(driver.view(await look()), last, name).before?.values).toEqual(['o=- ; "x"']);
    });
  });

  describe('refusals', () => {
    let facts: unknown;
    let view: DnsView;

    beforeAll(async () => {
      await begin();
      for (const zone of samples) await stage.script(scene.paste(zone, `there._domainkey.${zone}. 300 IN TXT "old"`));
      await stage.script(scene.broken.script);
      facts = await look();
      view = driver.view(facts);
    });

    test('of zones carry the reason and the record to paste', () => {
      expect(Object.keys(scene.refused).length).toBeGreaterThan(0);
      for (const [zone, code] of Object.entries(scene.refused)) {
        expect(zoneOf(view, zone).refusal?.code).toBe(code);
        const asked = edit(view, zone, keyName('conf1', zone), key);
        const problem = expectRefused(driver.plan(facts, [asked]), facts, asked.name);
        expect(problem.code).toBe(code);
        expect(problem.hint).toContain(`${asked.name}. IN TXT ${formatTxt(key)}`);
      }
    });

    test('of a zone that is broken on disk leave it alone', async () => {
      const { zone } = scene.broken;
      const before = await stage.script(scene.source(zone));
      const refusal = zoneOf(view, zone).refusal;
      if (refusal === null) throw new Error('the broken zone is not refused');
      expectProblem(refusal);
      const broken = edit(view, zone, keyName('conf1', zone), key);
      const good = edit(view, first, keyName('conf1', first), key);
      expectRefused(driver.plan(facts, [broken]), facts, broken.name);
      const mixed = driver.plan(facts, [broken, good]);
      expect(mixed.refused.map(({ subject }) => subject)).toEqual([broken.name]);
      expect(mixed.steps).toEqual(driver.plan(facts, [good]).steps);
      expect(await stage.script(scene.source(zone))).toBe(before);
    });

    test('come where the record is not what the edit was made from', () => {
      for (const zone of samples) {
        const name = keyName('there', zone);
        const right = edit(view, zone, name, key);
        expect(right.before?.values).toEqual(['old']);
        for (const before of [null, { name, ttl: 300, values: ['other'] }, { name, ttl: 300, values: ['old', 'x'] }]) {
          const problem = expectRefused(driver.plan(facts, [{ ...right, before }]), facts, name);
          expect(problem.hint).toContain(formatTxt(key));
        }
        const absent = edit(view, zone, keyName('absent', zone), key);
        const before = { name: absent.name, ttl: 300, values: ['was there'] };
        expectRefused(driver.plan(facts, [{ ...absent, before }]), facts, absent.name);
      }
    });

    test('come for names that cannot be there', () => {
      for (const zone of samples) {
        const outside = { ...edit(view, zone, 'conf1._domainkey.elsewhere.test', key) };
        expectRefused(driver.plan(facts, [outside]), facts, outside.name);
      }
      const unknown = edit(view, 'unknown.test', 'conf1._domainkey.unknown.test', key);
      expectRefused(driver.plan(facts, [unknown]), facts, unknown.name);
    });
  });

  test('hostile text in zones and configuration is never shown raw', async () => {
    await begin();
    await stage.script(scene.hostile);
    const facts = await look();
    expectPlainJson(facts);
    const { zones: found, problems, name, version } = driver.view(facts);
    expect(problems.length).toBeGreaterThan(0);
    problems.forEach(expectProblem);
    expectPrintable({ name, version, kinds: found.map(({ kind }) => kind) });
    for (const zone of found) {
      if (zone.refusal !== null) expectProblem(zone.refusal);
      const plan = driver.plan(facts, [
        {
          zone: zone.name,
          name: keyName('conf1', zone.name),
          before: null,
          after: { name: '', ttl: null, values: [key] },
        },
        { zone: zone.name, name: dmarcName(zone.name), before: null, after: { name: '', ttl: null, values: [key] } },
      ]);
      plan.refused.forEach(({ problem }) => expectProblem(problem));
    }
  });

  describe('taken back', () => {
    beforeAll(begin);

    test.each(failures)('%s: the zones are as before, in the files and as served', async (_name, options, wasLive) => {
      const kept = await sources(samples);
      const old = await served(samples);
      const facts = await look();
      const view = driver.view(facts);
      const edits = samples.flatMap(zone => [
        edit(view, zone, keyName('conf1', zone), key),
        edit(view, zone, dmarcName(zone)),
      ]);
      const plan = driver.plan(facts, edits);
      expect(await stage.carryOut(plan, options)).toMatchObject({ state: 'rolled-back', files: [] });
      const records = async () => [...(await served(samples)).values()].map(transfer => transfer.records);
      await expect.poll(records, { timeout: 10_000 }).toEqual([...old.values()].map(transfer => transfer.records));
      expect(await sources(samples)).toEqual(kept);
      const foreseen = driver.view(plan.after);
      for (const [zone, { serial }] of await served(samples)) {
        const before = old.get(zone)?.serial ?? 0;
        const planned = zoneOf(foreseen, zone).serial ?? 0;
        // secondaries may have taken what was live: what is put back must be newer than that
        if (wasLive && planned !== before) expect([zone, isNewer(serial, planned)]).toEqual([zone, true]);
        else expect([zone, isNewer(before, serial)]).toEqual([zone, false]);
      }
    });

    test('a record that somebody else made meanwhile stops the whole transaction', async () => {
      for (const zone of [first, last]) {
        const kept = await sources(samples.filter(one => one !== zone));
        const view = driver.view(await look());
        const edits = samples.map(one => edit(view, one, keyName('race', one), key));
        const plan = driver.plan(await look(), edits);
        await stage.script(scene.paste(zone, `${keyName('race', zone)}. 300 IN TXT "mine"`));
        const outcome = await stage.carryOut(plan);
        expect(outcome.state).toMatch(/^(?:stale|rolled-back)$/);
        if (outcome.problem !== null) expectProblem(outcome.problem);
        expect(edit(driver.view(await look()), zone, keyName('race', zone)).before?.values).toEqual(['mine']);
        expect(await sources(samples.filter(one => one !== zone))).toEqual(kept);
      }
    });

    test('the old content of files is put back with a newer serial, but not over what somebody wrote since', async () => {
      const before = await look();
      const view = driver.view(before);
      const edits = samples.map(zone => edit(view, zone, keyName('back', zone), key));
      const plan = driver.plan(before, edits);
      const files = filesOf(plan.steps);
      if (files.length === 0) {
        expect(driver.restore(before, [{ path: '/x', before: '', after: null }]).refused).toHaveLength(1);
        return;
      }
      const kept = await sources(samples);
      const old = await served(samples);
      await expectCarriedOut(stage, plan);
      const facts = await look();
      const stale = driver.restore(
        facts,
        files.map(file => ({ ...file, after: '0'.repeat(64) })),
      );
      expect(stale.steps).toEqual([]);
      expect(stale.refused.map(({ subject }) => subject)).toEqual(files.map(({ path }) => path));
      stale.refused.forEach(({ problem }) => expectProblem(problem));
      const changed = await served(samples);
      await expectCarriedOut(stage, driver.restore(facts, files));
      const dynamic = edits.filter(({ zone }) =>
        plan.steps.some(step => step.kind === 'records' && step.zone === zone),
      );
      await expectCarriedOut(stage, driver.plan(await look(), inverse(driver.view(await look()), dynamic)));
      const now = await served(samples);
      expect([...now.values()].map(({ records }) => records)).toEqual([...old.values()].map(({ records }) => records));
      for (const [zone, { serial }] of now) expect(isNewer(serial, changed.get(zone)?.serial ?? 0)).toBe(true);
      expect(await sources(samples)).toEqual(kept);
    });
  });
});

function withoutTtl(record: string): string {
  return record.replace(/^(\S+) \d+/, '$1');
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}
