import { describe, expect, test } from 'vitest';
import { formOf, schemesToChoose, settingsWish } from '../../../../renderer/features/servers/mail-settings-model.ts';
import type { MailSettingsIntent } from '../../../../shared/mail-settings.ts';

const bare = { signing: [], verifying: null } as const;
const full = { signing: ['dkim'], verifying: { failing: 'discard', policies: false } } as const;
const staged = (part: Partial<MailSettingsIntent>): MailSettingsIntent => ({
  kind: 'mail-settings',
  allowSigning: null,
  scheme: 'dkim',
  verifyIncoming: null,
  failing: 'reject',
  policies: true,
  ...part,
});

describe('what the form shows', () => {
  test('a server as it is; where nothing is verified yet, reject and policies are offered', () => {
    expect(formOf(bare, null)).toEqual({
      allowSigning: false,
      scheme: 'dkim',
      verifyIncoming: false,
      failing: 'reject',
      policies: true,
    });
    expect(formOf(full, null)).toEqual({
      allowSigning: true,
      scheme: 'dkim',
      verifyIncoming: true,
      failing: 'discard',
      policies: false,
    });
  });

  test('what is staged goes before what is', () => {
    expect(formOf(bare, staged({ allowSigning: 'on', scheme: 'both' }))).toMatchObject({
      allowSigning: true,
      scheme: 'both',
      verifyIncoming: false,
    });
    expect(formOf(full, staged({ allowSigning: 'off', verifyIncoming: 'on', failing: 'tag' }))).toMatchObject({
      allowSigning: false,
      verifyIncoming: true,
      failing: 'tag',
      policies: true,
    });
    expect(formOf(full, staged({ verifyIncoming: 'off' }))).toMatchObject({
      allowSigning: true,
      verifyIncoming: false,
    });
  });
});

describe('what OK asks for', () => {
  const form = formOf(full, null);

  test('only what differs', () => {
    expect(settingsWish('mx1', form, form)).toBeNull();
    expect(settingsWish('mx1', form, { ...form, allowSigning: false })).toEqual({ server: 'mx1', allowSigning: 'off' });
    expect(settingsWish('mx1', form, { ...form, scheme: 'both' })).toEqual({
      server: 'mx1',
      allowSigning: 'on',
      scheme: 'both',
    });
    expect(settingsWish('mx1', form, { ...form, verifyIncoming: false })).toEqual({
      server: 'mx1',
      verifyIncoming: 'off',
    });
  });

  test('how mail is judged goes along whenever it is verified anew, and never where it is not', () => {
    expect(settingsWish('mx1', form, { ...form, failing: 'tag' })).toEqual({
      server: 'mx1',
      verifyIncoming: 'on',
      failing: 'tag',
      policies: false,
    });
    const off = formOf(bare, null);
    expect(settingsWish('mx1', off, { ...off, failing: 'tag', scheme: 'both' })).toBeNull();
  });
});

test('a signature that is allowed stays among the choices, and the one that is not is never alone', () => {
  expect(schemesToChoose(bare)).toEqual(['dkim', 'domainkeys', 'both']);
  expect(schemesToChoose(full)).toEqual(['dkim', 'both']);
  expect(schemesToChoose({ signing: ['dkim', 'domainkeys'], verifying: null })).toEqual(['both']);
});
