import { describe, expect, it } from 'vitest';
import { keyAgeInDays } from '../../../../renderer/features/domains/key-age.ts';
import { proofOf } from '../../../../renderer/features/domains/proof.ts';
import { key, row, signed } from '../../rows.ts';

describe('proofOf', () => {
  it('is proven only when the file, the daemon and DNS all say so', () => {
    expect(proofOf(signed())).toEqual({ file: 'yes', daemon: 'yes', dns: 'yes', proven: true });
    expect(proofOf(signed({ probe: null }))).toMatchObject({ daemon: 'unknown', proven: false });
    expect(proofOf(signed({ probe: { signed: false, at: '' } }))).toMatchObject({ daemon: 'no', proven: false });
    expect(proofOf(signed({ keys: [key({ published: 'mismatch' })] }))).toMatchObject({ dns: 'no', proven: false });
    expect(proofOf(row())).toMatchObject({ file: 'no', dns: 'unknown', proven: false });
  });

  it('asks for every key in use, and for no other', () => {
    const other = key({ selector: 's2', published: 'missing' });
    expect(proofOf(signed({ keys: [key(), other] })).dns).toBe('no');
    expect(proofOf(signed({ keys: [key(), { ...other, inUse: false }] })).dns).toBe('yes');
    expect(proofOf(signed({ keys: [key(), key({ published: 'unknown' })] })).dns).toBe('unknown');
  });
});

describe('keyAgeInDays', () => {
  const now = Date.parse('2026-11-24T00:00:00Z');
  it('prefers the date of the key, then the month in its name', () => {
    expect(keyAgeInDays({ selector: 'mx1-202610', since: '2026-11-14T00:00:00Z' }, now)).toBe(10);
    expect(keyAgeInDays({ selector: 'mx1-202610' }, now)).toBe(54);
    expect(keyAgeInDays({ selector: 's20250101' }, now)).toBe(692);
  });
  it('does not take any digits for a month', () => {
    for (const selector of ['mail', 's1', 'x-209913', 'key2048', '12026105']) {
      expect(keyAgeInDays({ selector }, now)).toBe(null);
    }
  });
  it('is never negative', () => {
    expect(keyAgeInDays({ selector: 'x', since: '2027-01-01T00:00:00Z' }, now)).toBe(0);
  });
});
