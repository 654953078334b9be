import { expect, test } from 'vitest';
import { isSwitching, noChoices, wishOf } from '../../../../renderer/features/group-operations/wish.ts';
import { inputs } from '../../../../shared/contract.ts';

const targets = [{ domain: 'a.example', server: 'mx1' }];
const wish = (part: Partial<typeof noChoices>) => wishOf({ ...noChoices, ...part }, targets, 'rsa4096');

test('nothing is asked for until something is chosen, nor with a selector that cannot be', () => {
  const nothing = { signing: null, rotation: null };
  expect(wish({})).toEqual(nothing);
  expect(wish({ key: 'ed25519', scheme: 'both', selector: 'x' })).toEqual(nothing);
  expect(wish({ signing: 'on', selector: 'no dots.' })).toEqual(nothing);
});

test('switching on says the key, the selector and the signature; nothing else does', () => {
  expect(wish({ signing: 'on', selector: 'mail', scheme: 'both' }).signing).toEqual({
    targets,
    action: 'on',
    policy: 'keep',
    dmarc: 'keep',
    key: 'rsa4096',
    selector: 'mail',
    scheme: 'both',
  });
  const off = wish({ signing: 'off', policy: 'off', key: 'ed25519', selector: 'mail', scheme: 'both' });
  expect(off).toEqual({ rotation: null, signing: { targets, action: 'off', policy: 'none', dmarc: 'keep' } });
  expect(wish({ dmarc: 'reject' }).signing).toMatchObject({ action: 'keep', policy: 'keep', dmarc: 'reject' });
});

test('a rotation is asked for alone, with keys as they are unless one is chosen', () => {
  expect(wish({ isRotating: true })).toEqual({ signing: null, rotation: { targets } });
  expect(wish({ isRotating: true, key: 'ed25519' }).rotation).toEqual({ targets, key: 'ed25519' });
});

test.each([{ signing: 'off' }, { policy: 'on' }, { dmarc: 'none' }] as const)('%o is a switch', choice => {
  expect(isSwitching({ ...noChoices, ...choice })).toBe(true);
  expect(inputs['signing.stage'].safeParse(wish(choice).signing).success).toBe(true);
});
