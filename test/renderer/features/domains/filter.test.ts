import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DomainRow } from '../../../../shared/model.ts';
import { parseFilter, toggleTerm } from '../../../../renderer/features/domains/filter.ts';
import { key, problem, row, signed } from '../../rows.ts';

const now = Date.parse('2026-11-24T00:00:00Z');

function matches(text: string, candidate: DomainRow): boolean {
  return parseFilter(text, now).test(candidate);
}

describe('filter', () => {
  it('finds plain words in the domain, the server and the selectors, whatever their case', () => {
    const candidate = signed({ domain: 'muzeum.example', server: 'MX1', keys: [key({ selector: 'Autumn26' })] });
    for (const word of ['muz', 'MUZEUM', 'mx1', 'autumn']) expect(matches(word, candidate)).toBe(true);
    expect(matches('lekarna', candidate)).toBe(false);
  });

  it('needs every term to hold, and none that begins with a dash', () => {
    const candidate = row({ domain: 'a.example', server: 'mx1' });
    expect(matches('a.ex server:mx1', candidate)).toBe(true);
    expect(matches('a.ex server:mx2', candidate)).toBe(false);
    expect(matches('a.ex -server:mx1', candidate)).toBe(false);
    expect(matches('-server:mx2', candidate)).toBe(true);
  });

  it('takes a comma as "one of", and a star at the end of a server', () => {
    expect(matches('server:mx1,mx2', row({ server: 'mx2' }))).toBe(true);
    expect(matches('server:mx1', row({ server: 'mx10' }))).toBe(false);
    expect(matches('server:mx1*', row({ server: 'mx10' }))).toBe(true);
  });

  it('tells signing on, off and not allowed', () => {
    expect(matches('signing:on', signed())).toBe(true);
    expect(matches('signing:off', row())).toBe(true);
    expect(matches('signing:not-allowed', row({ signing: 'unavailable' }))).toBe(true);
    expect(matches('signing:not-allowed', row({ allowSigning: false }))).toBe(true);
    expect(matches('signing:on', row())).toBe(false);
  });

  it('compares the bits of keys that mail is signed with', () => {
    const retired = key({ bits: 1024, inUse: false, selector: 'old' });
    expect(matches('key:<2048', signed({ keys: [key({ bits: 1024 })] }))).toBe(true);
    expect(matches('key:<2048', signed({ keys: [key({ bits: 2048 }), retired] }))).toBe(false);
    expect(matches('key:>=2048', signed())).toBe(true);
    expect(matches('key:2048', signed())).toBe(true);
    expect(matches('key:ed25519', signed({ keys: [key({ algorithm: 'ed25519', bits: 256 })] }))).toBe(true);
    expect(matches('key:<2048', signed({ keys: [key({ algorithm: 'ed25519', bits: 256 })] }))).toBe(false);
    expect(matches('key:none', row())).toBe(true);
  });

  it('knows ages from the date of the key or from its name', () => {
    expect(matches('age:>365', signed({ keys: [key({ since: '2024-01-01T00:00:00Z' })] }))).toBe(true);
    expect(matches('age:<90', signed({ keys: [key({ selector: 'mx1-202610' })] }))).toBe(true);
    expect(matches('age:unknown', signed({ keys: [key({ selector: 'mail' })] }))).toBe(true);
  });

  it('finds problems by code, by message and at all', () => {
    const candidate = row({ problems: [problem({ code: 'dns-key-missing', message: 'ns2 serves nothing' })] });
    for (const text of ['problem:dns', 'problem:ns2', 'problem:any']) expect(matches(text, candidate)).toBe(true);
    expect(matches('problem:none', candidate)).toBe(false);
  });

  it('tells proven from signed only', () => {
    expect(matches('proof:proven', signed())).toBe(true);
    expect(matches('proof:unproven', signed({ keys: [key({ published: 'missing' })] }))).toBe(true);
    expect(matches('proof:unproven', row())).toBe(false);
  });

  it('names what it does not understand and does not filter by it', () => {
    const filter = parseFilter('color:red signing:maybe key:big example', now);
    expect(filter.unknown).toEqual(['color:red', 'signing:maybe', 'key:big']);
    expect(filter.test(row())).toBe(true);
  });

  it('filters nothing while a value is still being typed', () => {
    const filter = parseFilter('server:', now);
    expect(filter.test(row())).toBe(true);
    expect(filter.unknown).toEqual([]);
  });

  it('keeps spaces within quotes together', () => {
    const candidate = row({ problems: [problem({ message: 'connection was lost' })] });
    expect(matches('problem:"was lost"', candidate)).toBe(true);
    expect(matches('problem:"was found"', candidate)).toBe(false);
  });

  it('never throws, and a term and its negation never both match', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        parseFilter(text, now).test(signed());
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom('a', 'signing:on', 'server:mx1', 'key:<4096', 'problem:any'), term => {
        expect(matches(term, signed())).toBe(!matches(`-${term}`, signed()));
      }),
    );
  });
});

describe('toggleTerm', () => {
  it('adds, replaces within a field, and takes away', () => {
    expect(toggleTerm('word', 'signing:on')).toBe('word signing:on');
    expect(toggleTerm('word signing:off', 'signing:on')).toBe('word signing:on');
    expect(toggleTerm('word signing:on', 'signing:on')).toBe('word');
  });
});
