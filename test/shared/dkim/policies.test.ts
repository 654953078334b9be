import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDmarc, dmarcRecords, mergeDmarc, parseDmarc } from '../../../shared/dkim/dmarc.ts';
import {
  adspRecord,
  comparePolicy,
  parseAdsp,
  parseDomainKeysPolicy,
  signAllPolicy,
  signSomePolicy,
} from '../../../shared/dkim/policies.ts';

describe('DomainKeys policy', () => {
  it('is read', () => {
    expect(parseDomainKeysPolicy('t=y; o=-; r=dk@a.example; n=hello')).toMatchObject({
      signsAll: true,
      testing: true,
      reportTo: 'dk@a.example',
      notes: 'hello',
    });
    expect(parseDomainKeysPolicy('r=x@a.example')).toMatchObject({ signsAll: false, testing: false });
    expect(parseDomainKeysPolicy('o=?')).toBeNull();
    expect(parseDomainKeysPolicy('v=spf1 -all')).toBeNull();
  });
  it.each([
    [null, 'o=-'],
    ['v=spf1 -all', 'o=-'],
    ['o=~', 'o=-'],
    ['o=~; r=a@b.example', 'o=-; r=a@b.example'],
    ['t=y;o = ~ ;r=a@b.example;zz=1', 't=y;o = - ;r=a@b.example;zz=1'],
    ['r=a@b.example', 'o=-; r=a@b.example'],
    ['n=x;o=-', 'n=x;o=-'],
  ])('signs all: %j becomes %j', (existing, wanted) => {
    expect(signAllPolicy(existing)).toBe(wanted);
  });
  it('goes back to "some"', () => {
    expect(signSomePolicy('o=-; r=a@b.example')).toBe('o=~; r=a@b.example');
    expect(signSomePolicy('r=a@b.example')).toBe('r=a@b.example');
  });
});

describe('ADSP', () => {
  it('is read', () => {
    expect(parseAdsp('dkim = all')).toBe('all');
    expect(parseAdsp('dkim=strange')).toBe('unknown');
    expect(parseAdsp('t=s; dkim=all')).toBeNull();
    expect(adspRecord('discardable')).toBe('dkim=discardable');
  });
});

describe('comparePolicy', () => {
  it.each([
    ['o=-; r=a@b.example', ['r=a@b.example;o=-;'], 'match'],
    ['o=-', ['o=-; n=a note'], 'match'],
    ['o=-', ['o=-; t=y'], 'mismatch'],
    ['o=~', ['n=some'], 'match'],
    ['o=-', ['o=~'], 'mismatch'],
    ['o=-', ['v=spf1 -all'], 'missing'],
    ['o=-', ['v=spf1 -all', 'o=-'], 'match'],
    ['o=-', ['o=~', 'o=-'], 'several'],
    ['o=-', null, 'missing'],
    ['dkim=all', ['dkim=all; x=1'], 'match'],
    ['dkim=all', ['dkim=discardable'], 'mismatch'],
  ] as const)('%j against %j is %s', (expected, served, outcome) => {
    expect(comparePolicy(expected, served)).toBe(outcome);
  });
});

describe('DMARC', () => {
  it('is read', () => {
    expect(parseDmarc('v=DMARC1; p=Reject; sp=none; np=quarantine; t=y; rua=mailto:a@b.example')).toMatchObject({
      policy: 'reject',
      subdomains: 'none',
      nonexistent: 'quarantine',
      testing: true,
    });
    expect(parseDmarc('v=DMARC1; rua=mailto:a@b.example')).toMatchObject({ policy: 'none', subdomains: null });
    expect(parseDmarc('v=dmarc1; p=none')).toBeNull();
    expect(parseDmarc('p=none; v=DMARC1')).toBeNull();
    expect(dmarcRecords(['v=spf1 -all', 'v=DMARC1; p=none'])).toEqual(['v=DMARC1; p=none']);
  });
  it.each([
    [null, 'reject', 'v=DMARC1; p=reject'],
    ['v=spf1 -all', 'none', 'v=DMARC1; p=none'],
    [
      'v=DMARC1;p=none;  rua=mailto:a@b.example!10m,mailto:c@d.example; sp=none;np=reject;pct=50;zz=top;',
      'reject',
      'v=DMARC1;p=reject;  rua=mailto:a@b.example!10m,mailto:c@d.example; sp=none;np=reject;pct=50;zz=top;',
    ],
    ['v=DMARC1; rua=mailto:a@b.example; p = QUARANTINE ', 'reject', 'v=DMARC1; rua=mailto:a@b.example; p = reject '],
    ['v=DMARC1; rua=mailto:a@b.example', 'quarantine', 'v=DMARC1; p=quarantine; rua=mailto:a@b.example'],
    ['v=DMARC1', 'none', 'v=DMARC1; p=none'],
    ['v=DMARC1;', 'none', 'v=DMARC1; p=none;'],
    ['v=DMARC1; p=none;; rua=mailto:a@b.example; oops', 'reject', 'v=DMARC1; p=reject;; rua=mailto:a@b.example; oops'],
    ['v=DMARC1; p=none; p=reject', 'quarantine', 'v=DMARC1; p=quarantine; p=quarantine'],
    ['v=DMARC1; p=REJECT', 'reject', 'v=DMARC1; p=REJECT'],
  ] as const)('%j with %s becomes %j', (existing, wish, wanted) => {
    expect(mergeDmarc(existing, wish)).toBe(wanted);
  });
  it('keeps every other tag in its place, and is idempotent', () => {
    const tag = fc.constantFrom(
      'p=none',
      'sp=reject',
      'np=none',
      'rua=mailto:a@b.example',
      'x=1',
      'adkim=s',
      't=y',
      'ri=1',
    );
    const gap = fc.constantFrom('', ' ', '  ');
    fc.assert(
      fc.property(fc.uniqueArray(tag), gap, gap, (tags, before, after) => {
        const text = ['v=DMARC1', ...tags].map(t => `${before}${t}${after}`).join(';');
        const merged = mergeDmarc(text, 'quarantine');
        expect(parseDmarc(merged)?.policy).toBe('quarantine');
        const others = (record: string) => parseDmarc(record)?.tags.filter(t => t.name !== 'p');
        expect(others(merged)).toEqual(others(text));
        expect(mergeDmarc(merged, 'quarantine')).toBe(merged);
        expect(compareDmarc(merged, [merged.replaceAll(' ', '')])).toBe('match');
      }),
    );
  });
  it.each([
    ['v=DMARC1; p=reject', ['v=DMARC1;p=reject; sp=reject; adkim=r; pct=100'], 'match'],
    ['v=DMARC1; p=reject', ['v=DMARC1; p=reject; sp=none'], 'mismatch'],
    ['v=DMARC1; p=reject', ['v=DMARC1; p=reject; adkim=s'], 'mismatch'],
    ['v=DMARC1; p=reject', ['v=DMARC1; p=reject', 'v=DMARC1; p=none'], 'several'],
    ['v=DMARC1; p=reject', ['v=spf1 -all'], 'missing'],
  ] as const)('%j against %j is %s', (expected, served, outcome) => {
    expect(compareDmarc(expected, served)).toBe(outcome);
  });
});
