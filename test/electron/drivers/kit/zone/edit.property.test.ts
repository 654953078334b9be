import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffArrays } from 'diff';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editZone } from '../../../../../electron/drivers/kit/zone/edit.ts';
import type { ZoneFiles } from '../../../../../electron/drivers/kit/zone/parse.ts';
import { canonicalDifference, recordLine, zoneRecords } from '../../../../../electron/drivers/kit/zone/records.ts';
import { txtValue } from '../../../../../electron/drivers/kit/zone/draft.ts';
import { serialIsNewer } from '../../../../../electron/drivers/kit/zone/serial.ts';
import { formatTxt } from '../../../../../shared/dns/txt.ts';
import type { TxtRRset } from '../../../../../shared/model.ts';
import { editedName, includes, madeZone, values, zone, type MadeZone } from './arbitrary-zone.ts';

const now = new Date('2026-11-24T12:00:00Z');

function present(files: ZoneFiles, name: string): TxtRRset | null {
  const records = zoneRecords(files, zone).filter(record => record.owner === name && record.type === 'TXT');
  const [first] = records;
  return first === undefined ? null : { name, ttl: first.ttl, values: records.map(record => txtValue(record) ?? '') };
}

const masked = (text: string): string => text.replace(/(SOA[^\d]*?[\s(]+)(\d+)/i, '$1SERIAL');

interface Case {
  readonly made: MadeZone;
  readonly name: string;
  readonly values: readonly string[];
  readonly ttl: number | null;
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  made: madeZone,
  name: editedName,
  values,
  ttl: fc.constantFrom(null, null, 300, 7200),
});

/** Refusals that the generated zones can rightly meet. */
function mayRefuse(code: string, { made, name }: Case): boolean {
  if (code === 'record-in-include') return name === `sel._domainkey.sub.${zone}` || name.startsWith('sel._domainkey');
  // without $TTL, a removed line may be the one that gave the next its TTL
  return code === 'edit-not-exact' && !made.files.text.includes('$TTL');
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  JSON.stringify([...new Set(a)].sort()) === JSON.stringify([...new Set(b)].sort());

interface Outcome {
  readonly kind: 'edited' | 'unchanged' | 'refused';
  /** What does not hold. */
  readonly faults: readonly string[];
}

function outcomeOf(one: Case): Outcome {
  const { made, name } = one;
  const { files } = made;
  const before = present(files, name);
  const after = one.values.length === 0 ? null : { name, ttl: one.ttl, values: one.values };
  const result = editZone(files, zone, [{ name, before, after }], now);
  const faults: string[] = [];
  const claim = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(fault);
  };
  const [refusal] = result.refused;
  if (refusal !== undefined) {
    claim(mayRefuse(refusal.reason.code, one), `refused: ${refusal.reason.code}`);
    claim(result.text === files.text, 'refused and changed');
    return { kind: 'refused', faults };
  }
  const edited = { ...files, text: result.text };
  const got = present(edited, name);
  claim(sameSet(got?.values ?? [], one.values), 'the values are not those asked for');
  claim(after === null || one.ttl === null || got?.ttl === one.ttl, 'the TTL is not the one asked for');
  if (result.text === files.text) return { kind: 'unchanged', faults };

  const difference = canonicalDifference(files, edited, zone);
  claim(JSON.stringify(difference) === JSON.stringify(result.difference), 'the difference is not the one reported');
  for (const line of [...difference.removed, ...difference.added]) {
    claim(line.startsWith(`${name}. `) && / \d+ IN TXT /.test(line), `another record changed: ${line}`);
  }
  for (const value of one.values) {
    const line = `${name}. ${got?.ttl} IN TXT ${formatTxt(value)}`;
    claim(before?.values.includes(value) === true || difference.added.includes(line), `not added: ${line}`);
  }
  claim(serialIsNewer(result.serial ?? 0, made.serial), 'the serial did not grow');
  faults.push(...changedLines(made, name, result.text));

  const back = editZone(edited, zone, [{ name, before: got, after: before }], now);
  const restored = canonicalDifference(files, { ...files, text: back.text }, zone);
  claim(back.refused.length > 0 || restored.removed.length === 0, 'the inverse does not restore the records');
  claim(before !== null || masked(back.text) === masked(files.text), 'the inverse does not restore the bytes');
  return { kind: 'edited', faults };
}

/** Lines that changed and had no reason to: not the record's own, not the serial's, not one that got an owner. */
function changedLines({ files, serial }: MadeZone, name: string, text: string): readonly string[] {
  const own = zoneRecords(files, zone)
    .filter(record => record.owner === name && record.type === 'TXT')
    .map(record => files.text.slice(record.entry.line.start, record.entry.line.end));
  const faults: string[] = [];
  const parts = diffArrays(files.text.split(/\r?\n/), text.split(/\r?\n/));
  for (const [index, part] of parts.entries()) {
    if (!part.removed) continue;
    for (const line of part.value) {
      const owned = /^[ \t]/.test(line) && parts[index + 1]?.value.some(added => added.endsWith(line)) === true;
      if (own.some(lines => lines.includes(line)) || line.includes(String(serial)) || owned) continue;
      faults.push(`changed: ${line}`);
    }
  }
  if (/\r\n/.test(files.text) !== /\r\n/.test(text)) faults.push('line ends changed');
  if (/[^\r]\n/.test(files.text) !== /[^\r]\n/.test(text)) faults.push('line ends mixed');
  if (own.length === 0 && files.text.endsWith('\n') !== text.endsWith('\n')) faults.push('the final newline changed');
  return faults;
}

describe('editing any zone', () => {
  test(
    '10,000 zones: the difference is exactly the edit, other bytes stand, the inverse restores',
    { timeout: 60_000 },
    () => {
      const seen = { edited: 0, unchanged: 0, refused: 0 };
      fc.assert(
        fc.property(anyCase, one => {
          const { kind, faults } = outcomeOf(one);
          expect(faults).toEqual([]);
          seen[kind] += 1;
        }),
        { numRuns: 12_000 },
      );
      expect(seen.edited).toBeGreaterThan(7500);
    },
  );

  test('several edits of one zone are one change', () => {
    const several = fc.record({
      made: madeZone,
      names: fc.uniqueArray(editedName, { minLength: 2, maxLength: 4 }),
      values,
    });
    fc.assert(
      fc.property(several, ({ made: { files, serial }, names, values }) => {
        const edits = names.map(name => ({
          name,
          before: present(files, name),
          after: values.length === 0 ? null : { name, ttl: null, values },
        }));
        const result = editZone(files, zone, edits, now);
        const edited = { ...files, text: result.text };
        for (const { name, after } of edits) {
          if (result.refused.some(refusal => refusal.name === name)) continue;
          expect(new Set(present(edited, name)?.values)).toEqual(new Set(after?.values));
        }
        expect(canonicalDifference(files, edited, zone)).toEqual(result.difference);
        expect(result.text === files.text || serialIsNewer(result.serial ?? 0, serial)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

/** The zone as BIND reads it, in the spelling of `recordLine`, names in lower case. */
function compiled(directory: string, files: ZoneFiles): readonly string[] {
  const file = join(directory, 'zone');
  writeFileSync(file, files.text, 'latin1');
  const argv = [
    '-k',
    'ignore',
    '-i',
    'none',
    '-w',
    directory,
    '-s',
    'full',
    '-f',
    'text',
    '-F',
    'text',
    '-o',
    '-',
    zone,
    file,
  ];
  const output = execFileSync('named-compilezone', argv, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  return output
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [, owner, ttl, type, data] = /^(\S+)\s+(\d+) IN (\S+)\s+(.*)$/.exec(line) ?? [];
      return `${owner?.toLowerCase()} ${ttl} IN ${type} ${type === 'TXT' ? data : data?.toLowerCase()}`;
    })
    .sort();
}

function understood(files: ZoneFiles): readonly string[] {
  return [...new Set(zoneRecords(files, zone).map(recordLine))].sort();
}

test('named-compilezone reads 150 zones, and what came of them, as we do', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'signet-zone-'));
  try {
    for (const [path, text] of Object.entries(includes)) writeFileSync(join(directory, path), text);
    fc.assert(
      fc.property(anyCase, ({ made: { files }, name, values, ttl }) => {
        expect(understood(files)).toEqual(compiled(directory, files));
        const after = values.length === 0 ? null : { name, ttl, values };
        const result = editZone(files, zone, [{ name, before: present(files, name), after }], now);
        if (result.text === files.text) return;
        const edited = { ...files, text: result.text };
        expect(understood(edited)).toEqual(compiled(directory, edited));
      }),
      { numRuns: 150 },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
