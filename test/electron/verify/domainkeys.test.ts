import { describe, expect, test } from 'vitest';
import type { Header } from '../../../electron/verify/milter-draft.ts';
import { verifySignatures } from '../../../electron/verify/signatures.ts';

/** Made by Mail::DKIM 1.20230212. */
const key =
  'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDjb75x77s5bJFvx+9Fznpsher7XJQXkYQ30z0oxecMeig3lQZenemKX/JgUP41EJRLgrXPYchu/vXYusZ2tCf+Im7lm08WnGodZQhurqNLXv4Rl5kJ2DCZ3nQJ4CgtvHl/alUAULJpABdA1YysGTJUpWbtb2QLA+GGDNonm+aFawIDAQAB';
const ofNames =
  ' a=rsa-sha1; c=nofws; d=a.example; h=From:Subject:To:Comments:Comments; q=dns; s=dk; b=rm5namFdd8u5Ez31Zfjm5Uo9dqoZkVyT6Zd/xled0UI42e49pk87phGZdkrSuAAlQFXUOiM4cje7Fk41eG2CJ8IoGVkFNmA05DR/hTeXuYy+IR5Qi4hmb/5WU+yMaFecGx3znTaUwZMwnNoUaqce+hCuf8XHtMz7tKhpeTU9i7c=';
const ofAll =
  ' a=rsa-sha1; c=nofws; d=a.example; q=dns; s=dk; b=y1GMITOOjaD07WJl5/yivUpmwWw/fRZJeqTrE8LY8zIEAtwpESTgeM6W5apgDqBUKcyh4w/an2h5b9hgqXWNZ/MUGRnHt1FMixL/SKLw7d2kJTtn2PQYEPduEprrALT9+MO+IkhMc5suf7UaZ/RTr5/I8rK6WmzFoPaR14f9UZ4=';

const received: Header = { name: 'Received', value: ' from x by y; Tue, 24 Nov 2026 00:00:00 +0000' };
const rest: readonly Header[] = [
  { name: 'From', value: ' Someone <a@a.example>' },
  { name: 'Subject', value: '  folded\r\n\tsubject  ' },
  { name: 'To', value: ' b@b.example' },
  { name: 'Comments', value: ' one' },
  { name: 'Comments', value: ' two' },
];
const body = 'line  one  \r\n\ttab\r\n.\r\n\r\nlast\r\n\r\n\r\n';

async function verified(
  signature: string,
  change: { readonly headers?: readonly Header[]; readonly body?: string; readonly record?: string | null } = {},
): Promise<readonly [boolean, string | null]> {
  const headers = [{ name: 'DomainKey-Signature', value: signature }, received, ...(change.headers ?? rest)];
  const record = change.record === undefined ? `v=DKIM1; k=rsa; p=${key}` : change.record;
  const [result, ...others] = await verifySignatures(headers, Buffer.from(change.body ?? body, 'latin1'), async name =>
    name === 'dk._domainkey.a.example' && record !== null ? [record] : null,
  );
  expect(others).toEqual([]);
  expect(result).toMatchObject({ scheme: 'domainkeys', domain: 'a.example', selector: 'dk', algorithm: 'rsa' });
  return [result?.verified ?? false, result?.reason ?? null];
}

describe('a DomainKeys signature of somebody else', () => {
  test.each([
    ['of named fields', ofNames],
    ['of all fields', ofAll],
  ])('%s is good, however white space was changed on the way', async (_, signature) => {
    expect(await verified(signature)).toEqual([true, null]);
    expect(await verified(signature, { body: 'line one\r\ntab\r\n.\r\n\r\nlast\r\n' })).toEqual([true, null]);
    expect(await verified(signature, { record: `p=${key}` })).toEqual([true, null]);
  });

  test('is not good any more once anything else was', async () => {
    const bad = [false, 'bad signature'];
    expect(await verified(ofAll, { body: body.replace('last', 'lost') })).toEqual(bad);
    expect(await verified(ofAll, { body: `${body}more\r\n` })).toEqual(bad);
    expect(await verified(ofNames, { headers: rest.slice(0, -1) })).toEqual(bad);
    expect(await verified(ofNames, { headers: [...rest, { name: 'Comments', value: ' three' }] })).toEqual(bad);
    expect(await verified(ofNames, { headers: [...rest, { name: 'X-Other', value: ' not signed' }] })).toEqual([
      true,
      null,
    ]);
  });

  test.each([
    ['that is not served', null, 'no key record is served at dk._domainkey.a.example'],
    ['that is revoked', 'p=', 'the key at dk._domainkey.a.example is revoked'],
    ['for other hashes', `h=sha256; p=${key}`, /names hashes/],
    ['of another kind', `k=ed25519; p=${key}`, /serves no RSA key/],
    ['that is none', 'p=AAAA', /cannot be read/],
  ])('is not good with a key %s', async (_, record, reason) => {
    expect(await verified(ofAll, { record })).toEqual([false, expect.stringMatching(reason)]);
  });

  test('is not good by an algorithm or a canonicalization that nothing should use', async () => {
    expect(await verified(ofAll.replace('rsa-sha1', 'rsa-md5'))).toEqual([false, expect.stringMatching(/algorithm/)]);
    expect(await verified(ofAll.replace('nofws', 'simple'))).toEqual([
      false,
      expect.stringMatching(/canonicalization/),
    ]);
  });
});
