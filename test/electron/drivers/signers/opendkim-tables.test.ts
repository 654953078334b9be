/** The table editor and the look-up on generated tables: what is put in and taken out leaves every byte, and look-ups are as defined. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lookup, matcher } from '../../../../electron/drivers/signers/opendkim/lookup.ts';
import { parseTableLine, Table, type Entry } from '../../../../electron/drivers/signers/opendkim/table.ts';

const domains = ['a.example', 'b.example', 'sub.a.example', 'x.sub.a.example', 'A.example', 'example'];
const patterns = [
  '*@a.example',
  '*@b.example',
  '*@A.example',
  '*@*.a.example',
  '*@*.example',
  '*example',
  '*',
  '*@*',
  'bob@a.example',
  'b*@a.example',
  '*@sub.a.example',
  '*.a.example',
  '*@*a*',
];
const plain = [
  'a.example',
  '.a.example',
  '.example',
  'sub.a.example',
  '*',
  'bob@a.example',
  'bob@*',
  'B.example',
  'bob@.example',
];

const blank = fc.constantFrom(' ', '\t', '    ', '\t\t');
const ending = fc.constantFrom('\n', '\r\n');
const comment = fc.constantFrom('', ' # x', '#y', '\t');
const filler = fc.constantFrom('', '# a comment', '   ', ' *@lead.example k', '\u00e9\u00ff', '\u00c3\u00a0 \u00a0k');

function line(keys: readonly string[]) {
  const entry = fc
    .tuple(fc.constantFrom(...keys), blank, fc.constantFrom('k1', 'k2', 'k3:user@a.example', '%'), comment)
    .map(parts => parts.join(''));
  return fc.oneof({ weight: 4, arbitrary: entry }, { weight: 1, arbitrary: filler });
}

function file(keys: readonly string[]) {
  return fc
    .tuple(fc.array(line(keys), { maxLength: 12 }), ending, fc.boolean())
    .map(([lines, end, closed]) => lines.join(end) + (closed && lines.length > 0 ? end : ''));
}

describe('the table editor', () => {
  test('writes a table that nobody edited byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '*', '@', ' ', '\t', '\r', '\n', '#', '\u00ff') }), text => {
        expect(new Table(text, 'refile').render()).toBe(text);
      }),
    );
  });

  test('takes out what it has put in, in any order, and leaves every byte', () => {
    const places = fc.array(fc.tuple(fc.nat(), fc.constantFrom('before', 'after', 'end')), {
      minLength: 1,
      maxLength: 80,
    });
    fc.assert(
      fc.property(file(patterns), places, fc.nat(), (text, wishes, seed) => {
        const table = new Table(text, 'refile');
        const added: Entry[] = [];
        for (const [index, [position, how]] of wishes.entries()) {
          const entries = table.entries();
          const at = entries[position % Math.max(1, entries.length)];
          const place = at === undefined || how === 'end' ? null : how === 'before' ? { before: at } : { after: at };
          added.push(table.insert(`*@n${index}.example`, `key${index}`, place));
        }
        const entries = table.entries();
        for (let index = 1; index < entries.length; index += 1) {
          const [a, b] = [entries[index - 1], entries[index]];
          if (a !== undefined && b !== undefined) expect(table.compare(a, b)).toBeLessThan(0);
        }
        // what it wrote it reads
        const again = new Table(table.render(), 'refile').entries().map(({ key, value }) => `${key} ${value}`);
        expect(again).toEqual(entries.map(({ key, value }) => `${key} ${value}`));
        const order = added.toSorted((a, b) => ((a.key.length * 7 + seed) % 5) - ((b.key.length * 7 + seed) % 5));
        for (const entry of order) table.remove(entry);
        expect(table.render()).toBe(text);
      }),
    );
  });

  test('changes a value and nothing else', () => {
    fc.assert(
      fc.property(file(patterns), fc.nat(), (text, position) => {
        const table = new Table(text, 'refile');
        const entries = table.entries();
        const entry = entries[position % Math.max(1, entries.length)];
        if (entry === undefined) return;
        const changed = table.replace(entry, 'another');
        expect(new Table(table.render(), 'refile').entries().map(each => each.value)).toEqual(
          entries.map(each => (each === entry ? 'another' : each.value)),
        );
        table.replace(changed, entry.value);
        if (entry.value !== '') expect(table.render()).toBe(text);
      }),
    );
  });

  test.each([
    ['*@tovarna.example\t\tk1\n*@les.example\t\t\tk2\n', '*@novy-dlouhy.example\t\tk'],
    ['*@tovarna.example   k1\n*@les.example       k2\n', '*@novy.example      k'],
    ['*@tovarna.example k1\n*@les.example k2\n', '*@novy-dlouhy.example k'],
    ['*@tovarna.example\tk1\n', '*@novy.example\tk'],
    ['', '*@novy.example k'],
  ])('%j is gone on with in its own style', (text, wanted) => {
    const table = new Table(text, 'refile');
    const key = wanted.split(/\s/)[0] ?? '';
    table.insert(key, 'k', null);
    const column = (each: string) => each.replace(/\t/g, (_tab, at: number) => ' '.repeat(8 - (at % 8)));
    expect(column(table.render())).toBe(column(`${text}${wanted}\n`));
  });
});

/** opendkim.conf(5) word for word: the definition that the index is held against. */
function reference(text: string, kind: 'file' | 'refile', domain: string): readonly string[] {
  const entries = text.split('\n').flatMap(each => parseTableLine(each, kind) ?? []);
  if (kind === 'refile') {
    return entries.filter(({ key }) => matcher(key)(`\u0001@${domain}`)).map(({ key, value }) => `${key} ${value}`);
  }
  const labels = domain.split('.');
  const steps = [domain, ...labels.slice(1).map((_label, index) => `.${labels.slice(index + 1).join('.')}`), '*'];
  return steps.flatMap(step => {
    const found = entries.find(({ key }) => key.toLowerCase() === step);
    return found === undefined ? [] : [`${found.key} ${found.value}`];
  });
}

describe('the look-up', () => {
  test.each([
    ['refile', patterns],
    ['file', plain],
  ] as const)('in a %s table is what the manual says', (kind, keys) => {
    fc.assert(
      fc.property(file(keys), fc.constantFrom(...domains), (text, name) => {
        const domain = name.toLowerCase();
        const lookup = new Lookup(new Table(text, kind));
        const wanted = reference(text, kind, domain);
        expect(lookup.all(domain).map(({ key, value }) => `${key} ${value}`)).toEqual(wanted);
        expect(lookup.find(domain, false)).toEqual(lookup.all(domain).slice(0, 1));
        const both = lookup.find(domain, true);
        expect([both[0], both.at(-1)]).toEqual([lookup.all(domain)[0], lookup.all(domain).at(-1)]);
        expect(both).toHaveLength(Math.min(2, wanted.length));
      }),
      { numRuns: 500 },
    );
  });

  test('follows edits', () => {
    fc.assert(
      fc.property(
        file(patterns),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.constantFrom(...domains),
        (text, victims, name) => {
          const domain = name.toLowerCase();
          const table = new Table(text, 'refile');
          const lookup = new Lookup(table);
          for (const victim of victims) {
            const entries = table.entries();
            const entry = entries[victim % Math.max(1, entries.length)];
            if (entry === undefined) break;
            if (victim % 2 === 0) {
              lookup.add(table.insert(`*@${domain}`, 'k9', { before: entry }));
              continue;
            }
            lookup.remove(entry);
            table.remove(entry);
          }
          expect(lookup.all(domain).map(({ key, value }) => `${key} ${value}`)).toEqual(
            reference(table.render(), 'refile', domain),
          );
        },
      ),
    );
  });

  test.each([
    ['*@a.example', 'u@a.example', true],
    ['*@a.example', 'u@sub.a.example', false],
    ['*@A.EXAMPLE', 'u@a.example', true],
    ['a.example', 'u@a.example', false],
    ['*a.example', 'u@xa.example', true],
    ['*@a.e', 'u@axe', false],
    ['*+x@a.example', 'u+x@a.example', true],
    ['*@?.example', 'u@b.example', true],
    ['*@q?a.example', 'u@a.example', true],
    ['*@(a', 'u@(a', false],
  ])('%s and %s: %s', (pattern, address, wanted) => expect(matcher(pattern)(address)).toBe(wanted));
});
