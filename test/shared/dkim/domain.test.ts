import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { domainToASCII, domainToUnicode } from 'node:url';
import { fitsDns, parseDomain, parseSelector } from '../../../shared/dkim/domain.ts';
import { adspName, dmarcName, keyName, policyName } from '../../../shared/dkim/names.ts';

describe('parseDomain', () => {
  it.each([
    ['Example.COM.', 'example.com', 'example.com'],
    ['žluťoučký.example', 'xn--luouk-uva4it5a4g.example', 'žluťoučký.example'],
    ['XN--LUOUK-UVA4IT5A4G.example', 'xn--luouk-uva4it5a4g.example', 'žluťoučký.example'],
    ['straße.example', 'xn--strae-oqa.example', 'straße.example'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah', '例え.テスト'],
    ['zaci.skola.example', 'zaci.skola.example', 'zaci.skola.example'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
    ['1.example', '1.example', '1.example'],
  ])('takes %s', (text, ascii, unicode) => {
    expect(parseDomain(text)).toEqual({ ok: true, value: { ascii, unicode } });
  });
  it.each([
    ['', 'name-empty'],
    ['.', 'name-empty'],
    ['a..example', 'label-empty'],
    ['.example.com', 'label-empty'],
    ['example.com..', 'label-empty'],
    [`${'a'.repeat(64)}.example`, 'label-too-long'],
    [`${'abcdefgh.'.repeat(28)}ab`, 'name-too-long'],
    [`${'žluťoučký.'.repeat(20)}example`, 'name-too-long'],
    ['under_score.example', 'bad-character'],
    ['-a.example', 'bad-hyphen'],
    ['a-.example', 'bad-hyphen'],
    ['192.0.2.1', 'ip-address'],
    ['[192.0.2.1]', 'ip-address'],
    ['2001:db8::1', 'ip-address'],
    ['１９２.０.２.１', 'ip-address'],
    ['0x7f.1', 'ip-address'],
    ['localhost', 'not-qualified'],
    ['xn--.example', 'bad-hyphen'],
    ['xn--a.example', 'bad-idn'],
    ['a b.example', 'bad-character'],
    ['a/b.example', 'bad-character'],
    ['a%2e.example', 'bad-character'],
    ['user@a.example', 'bad-character'],
    ['$(reboot).example', 'bad-character'],
    ['a.example\n', 'bad-character'],
    ['a;b.example', 'bad-character'],
    ['\u001b[31m.example', 'bad-character'],
  ])('refuses %j', (text, code) => {
    expect(parseDomain(text)).toMatchObject({ ok: false, fault: { code } });
  });
  it('agrees with the platform on international names, both ways', () => {
    const label = fc.string({ unit: fc.constantFrom(...'abž字я-ßéñ0あ한'), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(label, text => {
        const parsed = parseDomain(`${text}.example`);
        if (!parsed.ok) return;
        expect(parsed.value.ascii).toBe(domainToASCII(`${text}.example`));
        expect(parsed.value.unicode).toBe(domainToUnicode(parsed.value.ascii));
        expect(parseDomain(parsed.value.ascii)).toEqual(parsed);
        expect(parseDomain(parsed.value.unicode)).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });
  it('lets nothing through that a shell, a file or DNS could take for something else', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'ab.-xn0_;$`\'"\n ') }));
    fc.assert(
      fc.property(text, name => {
        const parsed = parseDomain(name);
        const ascii = parsed.ok ? parsed.value.ascii : 'refused';
        expect(ascii).toMatch(/^[a-z0-9][a-z0-9.-]*[a-z0-9]$/);
        expect(fitsDns(ascii)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseSelector', () => {
  it('takes labels', () => {
    expect(parseSelector('MX1-202611')).toEqual({ ok: true, value: 'mx1-202611' });
    expect(parseSelector('a.b')).toEqual({ ok: true, value: 'a.b' });
  });
  it.each(['', 'a b', 'a_b', '-a', 'a.', 'a/../b', '*', `${'a'.repeat(64)}`, 'a\n'])('refuses %j', text => {
    expect(parseSelector(text).ok).toBe(false);
  });
});

describe('names', () => {
  it('stand where the standards say', () => {
    expect(keyName('s1', 'a.example')).toBe('s1._domainkey.a.example');
    expect(policyName('a.example')).toBe('_domainkey.a.example');
    expect(adspName('a.example')).toBe('_adsp._domainkey.a.example');
    expect(dmarcName('a.example')).toBe('_dmarc.a.example');
  });
});
