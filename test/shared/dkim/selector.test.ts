import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsDns, parseSelector } from '../../../shared/dkim/domain.ts';
import { newSelector } from '../../../shared/dkim/selector.ts';

const date = new Date('2026-11-24T12:00:00Z');
const wish = { server: 'mx1', date, algorithm: 'rsa', dual: false, taken: new Set<string>() } as const;

describe('newSelector', () => {
  it('says where and when', () => {
    expect(newSelector(wish)).toBe('mx1-202611');
    expect(newSelector({ ...wish, algorithm: 'ed25519' })).toBe('mx1-202611-e');
    expect(newSelector({ ...wish, server: 'Mail_1.Lab.example' })).toBe('mail-1-lab-example-202611');
    expect(newSelector({ ...wish, server: '***' })).toBe('key-202611');
  });
  it('counts on where it is taken', () => {
    expect(newSelector({ ...wish, taken: new Set(['mx1-202611', 'mx1-202611-2']) })).toBe('mx1-202611-3');
    expect(newSelector({ ...wish, algorithm: 'ed25519', taken: new Set(['mx1-202611']) })).toBe('mx1-202611-e');
  });
  it('gives a pair one number', () => {
    const taken = new Set(['mx1-202611']);
    expect(newSelector({ ...wish, dual: true, taken })).toBe('mx1-202611-2');
    expect(newSelector({ ...wish, dual: true, algorithm: 'ed25519', taken })).toBe('mx1-202611-2-e');
  });
  it('is always one valid label that is free', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), fc.boolean(), (server, ed, dual) => {
        const taken = new Set<string>();
        for (let i = 0; i < 12; i += 1) {
          const name = newSelector({ server, date, algorithm: ed ? 'ed25519' : 'rsa', dual, taken });
          expect(taken.has(name)).toBe(false);
          expect(parseSelector(name)).toEqual({ ok: true, value: name });
          expect(name.includes('.')).toBe(false);
          expect(fitsDns(name)).toBe(true);
          taken.add(name);
        }
      }),
    );
  });
});
