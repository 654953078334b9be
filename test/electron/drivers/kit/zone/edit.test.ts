import { describe, expect, test } from 'vitest';
import { editZone } from '../../../../../electron/drivers/kit/zone/edit.ts';
import { readZone } from '../../../../../electron/drivers/kit/zone/read.ts';

const now = new Date('2026-11-24T12:00:00Z');
const soa = '@ IN SOA ns.host.example. h 5 1h 1h 1h 1h\n@ IN NS ns.host.example.\n';
const head = `$TTL 1h\n${soa}`;
const zone = 'firma.example';

interface Wish {
  readonly name: string;
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly ttl?: number;
}

function edit(text: string, wishes: readonly Wish[], includes: Readonly<Record<string, string>> = {}) {
  const edits = wishes.map(({ name, before, after, ttl }) => ({
    name: `${name}.${zone}`,
    before: before === undefined ? null : { name: `${name}.${zone}`, ttl: null, values: before },
    after: after === undefined ? null : { name: `${name}.${zone}`, ttl: ttl ?? null, values: after },
  }));
  return editZone({ text, includes }, zone, edits, now);
}

/** The text behind the head, when all went well. */
function body(text: string, ...wishes: readonly Wish[]): string {
  const result = edit(head + text, wishes);
  expect(result.refused).toEqual([]);
  const start = head.replace(' 5 ', ` ${result.serial} `);
  expect(result.text.startsWith(start)).toBe(true);
  return result.text.slice(start.length);
}

const codes = (...args: Parameters<typeof edit>): readonly string[] =>
  edit(...args).refused.map(({ reason }) => reason.code);

describe('adding', () => {
  test('behind the siblings, before what follows them', () => {
    const text = 'a._domainkey IN TXT "x"\n IN A 192.0.2.1\nwww IN A 192.0.2.1\n';
    expect(body(text, { name: 'b._domainkey', after: ['y'] })).toBe(
      'a._domainkey IN TXT "x"\n IN A 192.0.2.1\nb._domainkey IN TXT "y"\nwww IN A 192.0.2.1\n',
    );
  });

  test('a second value behind the first', () => {
    const text = 'a._domainkey IN TXT "x"\nwww IN A 192.0.2.1\n';
    expect(body(text, { name: 'a._domainkey', before: ['x'], after: ['x', 'y'] })).toBe(
      'a._domainkey IN TXT "x"\na._domainkey IN TXT "y"\nwww IN A 192.0.2.1\n',
    );
  });

  test('with a TTL of its own where the zone has none, in the order of the file', () => {
    const text = `@ 600 IN SOA ns.host.example. h 5 1h 1h 1h 1h\n@ 600 IN NS ns.host.example.\nwww 300 IN A 192.0.2.1\n`;
    const result = edit(text, [{ name: 'b._domainkey', after: ['y'] }]);
    expect(result.text.split('\n').at(-2)).toBe('b._domainkey 600 IN TXT "y"');
  });

  test('a label that looks like a directive or a blank is escaped', () => {
    const name = `\\$b\\032c.${zone}`;
    const result = editZone(
      { text: head, includes: {} },
      zone,
      [{ name, before: null, after: { name, ttl: null, values: ['y'] } }],
      now,
    );
    expect(result.text).toContain('\\$b\\032c IN TXT "y"');
    expect(result.difference.added).toEqual([`${name}. 3600 IN TXT "y"`]);
  });

  test('nothing when it is there already', () => {
    const result = edit(`${head}a IN TXT "x"\n`, [{ name: 'a', after: ['x'] }]);
    expect(result).toMatchObject({ changed: [], refused: [], serial: 5 });
  });
});

describe('replacing', () => {
  test('keeps owner, TTL, class, blanks and comment', () => {
    const text = 'A._Domainkey\t600  IN\ttxt\t"x"\t; since 2019\n';
    expect(body(text, { name: 'a._domainkey', before: ['x'], after: ['new;'] })).toBe(
      'A._Domainkey\t600  IN\ttxt\t"new;"\t; since 2019\n',
    );
  });

  test('keeps the parentheses and the comments between the strings', () => {
    const text = 'a TXT ( "one" ; first\n  "two" ; second\n  "three" )\n';
    expect(body(text, { name: 'a', before: ['onetwothree'], after: ['new'] })).toBe(
      'a TXT ( "new" ; first\n   ; second\n   )\n',
    );
    const long = 'x'.repeat(600);
    expect(body('a TXT ( "one"\n "two" ) ; key\n', { name: 'a', before: ['onetwo'], after: [long] })).toBe(
      `a TXT ( "${'x'.repeat(255)}"\n "${'x'.repeat(255)}" "${'x'.repeat(90)}" ) ; key\n`,
    );
  });

  test('sets a TTL where it is asked for', () => {
    expect(body('a IN TXT "x"\n', { name: 'a', before: ['x'], after: ['x'], ttl: 60 })).toBe('a 60 IN TXT "x"\n');
    expect(body('a 1h30m TXT "x"\n', { name: 'a', before: ['x'], after: ['y'], ttl: 60 })).toBe('a 60 TXT "y"\n');
  });
});

describe('removing', () => {
  test('a record whose owner the next one inherits: the owner moves there', () => {
    expect(body('a\tTXT "x"\n\tA 192.0.2.1\n', { name: 'a', before: ['x'] })).toBe('a\tA 192.0.2.1\n');
    expect(body('a TXT "x"\n$ORIGIN sub\n A 192.0.2.1\n', { name: 'a', before: ['x'] })).toBe(
      '$ORIGIN sub\na.firma.example. A 192.0.2.1\n',
    );
  });

  test('all lines of a record in parentheses, and only them', () => {
    const text = '; before\na TXT ( ; c\n "x"\n )\n; after\n';
    expect(body(text, { name: 'a', before: ['x'] })).toBe('; before\n; after\n');
  });

  test('the last lines of a file without final newline', () => {
    expect(body('b A 192.0.2.1\na TXT "x"\na TXT "y"', { name: 'a', before: ['x', 'y'] })).toBe('b A 192.0.2.1');
    expect(body('$ORIGIN firma.example.\na TXT "x"', { name: 'a', before: ['x'] })).toBe('$ORIGIN firma.example.\n');
  });

  test('is refused where the next record has its TTL from it', () => {
    const text = `@ 600 IN SOA ns.host.example. h 5 1h 1h 1h 1h\n@ IN NS ns.host.example.\na 60 TXT "x"\nb A 192.0.2.1\n`;
    expect(codes(text, [{ name: 'a', before: ['x'] }])).toEqual(['edit-not-exact']);
  });
});

describe('refusing', () => {
  const after = ['v'];
  test.each([
    ['record-exists', 'a TXT "x"\n', { name: 'a', after }],
    ['record-changed', 'a TXT "x"\n', { name: 'a', before: ['y'], after }],
    ['record-changed', '', { name: 'a', before: ['y'], after }],
    ['name-is-alias', 'a CNAME b\n', { name: 'a', after }],
    ['name-is-alias', 'a DNAME b\n', { name: 'x.a', after }],
    ['name-delegated', 'a NS ns.host.example.\n', { name: 'x.a', after }],
    ['name-outside-zone', '', { name: 'a.example.com', after }],
    ['record-generated', '$GENERATE 1-2 k$ TXT x\n', { name: 'k1', before: ['x'], after }],
    ['record-in-include', '$INCLUDE inc\n', { name: 'i', before: ['x'], after }],
    ['record-format', 'a TXT \\# 2 0178\n', { name: 'a', before: [''], after }],
    ['zone-include-missing', '$INCLUDE none\n', { name: 'a', after }],
    ['zone-syntax', 'a TXT "open\n', { name: 'a', after }],
    ['zone-syntax', 'a TXT ( "open"\n', { name: 'a', after }],
    ['zone-syntax', 'a TXT "x" )\n', { name: 'a', after }],
    ['zone-syntax', 'a CH TXT "x"\n', { name: 'a', after }],
    ['zone-syntax', '$UNKNOWN x\n', { name: 'a', after }],
    ['zone-syntax', 'a A 192.0.2.1\rb A 192.0.2.2\n', { name: 'a', after }],
    ['zone-syntax', 'a TXT "\0"\n', { name: 'a', after }],
    ['zone-syntax', `${'l'.repeat(64)} A 192.0.2.1\n`, { name: 'a', after }],
    ['zone-without-soa', soa, { name: 'a', after }],
  ])('%s: %j', (code, text, wish) => {
    const outside = wish.name === 'a.example.com';
    const name = outside ? 'a.example.com' : `${wish.name}.${zone}`;
    const rrset = (values: readonly string[] | undefined) =>
      values === undefined ? null : { name, ttl: null, values };
    const before = 'before' in wish ? rrset(wish.before) : null;
    const files = { text: head + text, includes: { inc: 'i TXT "x"\n' } };
    const result = editZone(files, zone, [{ name, before, after: rrset(wish.after) }], now);
    expect(result.refused.map(({ reason }) => reason.code)).toEqual([code]);
    expect(result.text).toBe(files.text);
  });

  test('one of several edits does not hinder the others', () => {
    const result = edit(`${head}a CNAME b\n`, [
      { name: 'a', after },
      { name: 'c', after },
      { name: 'c', after: ['other'] },
    ]);
    expect(result.refused.map(({ reason }) => reason.code)).toEqual(['name-is-alias', 'record-edited-twice']);
    expect(result.difference.added).toEqual(['c.firma.example. 3600 IN TXT "v"']);
  });

  test('an SOA in an included file, and files that include each other', () => {
    expect(readZone({ text: '$TTL 1\n$INCLUDE s\n', includes: { s: soa } }, zone)).toMatchObject({
      code: 'soa-in-include',
    });
    expect(readZone({ text: `${head}$INCLUDE s\n`, includes: { s: '$INCLUDE s\n' } }, zone)).toMatchObject({
      code: 'zone-syntax',
    });
  });

  test('names the line', () => {
    expect(readZone({ text: `${head}\na TXT "x\n`, includes: {} }, zone)).toMatchObject({
      message: expect.stringMatching(/^line 5: /),
    });
  });
});
