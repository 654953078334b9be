/** Zones as people and panels write them. What an edit does to each is in test/fixtures/bind/edited, to be looked at. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createPatch } from 'diff';
import { describe, expect, test } from 'vitest';
import { txtValue, type ZoneEdit } from '../../../../../electron/drivers/kit/zone/draft.ts';
import { editZone, renumbered } from '../../../../../electron/drivers/kit/zone/edit.ts';
import type { ZoneFiles } from '../../../../../electron/drivers/kit/zone/parse.ts';
import { isReason, readZone } from '../../../../../electron/drivers/kit/zone/read.ts';
import { canonicalDifference, zoneRecords } from '../../../../../electron/drivers/kit/zone/records.ts';
import { serialIsNewer } from '../../../../../electron/drivers/kit/zone/serial.ts';

const fixtures = fileURLToPath(new URL('../../../../fixtures/bind', import.meta.url));
const now = new Date('2026-11-24T12:00:00Z');
const read = (path: string): string => readFileSync(`${fixtures}/${path}`, 'latin1');
const includes = Object.fromEntries(readdirSync(`${fixtures}/includes`).map(name => [name, read(`includes/${name}`)]));
const corpus = readdirSync(`${fixtures}/zones`).map(file => file.replace(/^db\./, ''));

const filesOf = (zone: string): ZoneFiles => ({ text: read(`zones/db.${zone}`), includes });

const sameSpelling = new Set(['SOA', 'NS', 'MX', 'CNAME', 'DNAME', 'SRV', 'TXT', 'A']);

/** Line by line: owner, TTL, type, and the data of types that are spelled out. */
function compiled(zone: string): readonly string[] {
  const argv = ['-k', 'ignore', '-i', 'none', '-w', `${fixtures}/includes`, '-s', 'full', '-o', '-'];
  const output = execFileSync('named-compilezone', [...argv, zone, `${fixtures}/zones/db.${zone}`], {
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return output
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [, owner, ttl, type = '', data = ''] = /^(\S+)\s+(\d+) IN (\S+)\s+(.*)$/.exec(line) ?? [];
      const shown = type === 'TXT' ? data : data.toLowerCase();
      return `${owner?.toLowerCase()} ${ttl} ${type} ${sameSpelling.has(type) ? shown : ''}`;
    })
    .sort();
}

function numberedOne(files: ZoneFiles, zone: string): string {
  const read = readZone(files, zone);
  if (isReason(read)) throw new Error(read.message);
  return renumbered(read, 1);
}

const edited = (files: ZoneFiles, zone: string, edits: readonly ZoneEdit[]) => editZone(files, zone, edits, now);

const add = (name: string, value: string): ZoneEdit => ({
  name,
  before: null,
  after: { name, ttl: null, values: [value] },
});

test('there are zones enough', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(25);
});

describe.each(corpus)('%s', zone => {
  const files = filesOf(zone);

  test('is read as BIND reads it', () => {
    const ours = zoneRecords(files, zone).map(
      ({ owner, ttl, type, rdata }) => `${owner}. ${ttl} ${type} ${sameSpelling.has(type) ? rdata : ''}`,
    );
    expect(ours.sort()).toEqual(compiled(zone));
  });

  test('gets a key and a policy where a person would put them, and gives them back', async () => {
    const key = `v=DKIM1; k=rsa; p=${'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A'.repeat(10)}`;
    const edits = [add(`s2026._domainkey.${zone}`, key), add(`_adsp._domainkey.sub2.${zone}`, 'dkim=all')];
    const result = edited(files, zone, edits);
    expect(result.refused).toEqual([]);
    const patch = createPatch(zone, files.text, result.text, '', '', { context: 2 }).replaceAll('\r', '\\r');
    await expect(Buffer.from(patch, 'latin1').toString('utf8')).toMatchFileSnapshot(`${fixtures}/edited/${zone}.diff`);
    const difference = canonicalDifference(files, { ...files, text: result.text }, zone);
    expect(difference).toMatchObject({ removed: [], added: expect.toSatisfy((lines: string[]) => lines.length === 2) });
    const serial = Number(
      zoneRecords(files, zone)
        .find(({ type }) => type === 'SOA')
        ?.rdata.split(' ')[2],
    );
    expect(serialIsNewer(result.serial ?? 0, serial)).toBe(true);

    const inverse = edits.map(({ name, after }) => ({ name, before: after, after: null }));
    const back = edited({ ...files, text: result.text }, zone, inverse);
    expect(back.refused).toEqual([]);
    // the serial alone may differ
    expect(numberedOne({ ...files, text: back.text }, zone)).toBe(numberedOne(files, zone));
  });

  test('loses any of its TXT records and nothing else, or says why not', () => {
    const names = new Set(
      zoneRecords(files, zone)
        .filter(({ type }) => type === 'TXT')
        .map(({ owner }) => owner),
    );
    for (const name of names) {
      const records = zoneRecords(files, zone).filter(({ owner, type }) => owner === name && type === 'TXT');
      const before = { name, ttl: null, values: records.map(record => txtValue(record) ?? '') };
      const result = edited(files, zone, [{ name, before, after: null }]);
      const lost = result.text === files.text ? [] : records;
      expect(canonicalDifference(files, { ...files, text: result.text }, zone).removed).toHaveLength(lost.length);
      expect(result.refused.map(({ reason }) => reason.code)).toEqual(
        lost.length > 0 ? [] : [expect.stringMatching(/^record-in-include$/)],
      );
    }
  });
});
