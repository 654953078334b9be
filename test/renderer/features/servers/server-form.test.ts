import { describe, expect, it } from 'vitest';
import { inputs } from '../../../../shared/contract.ts';
import { emptyForm, formErrors, nameFromHost, serverOf } from '../../../../renderer/features/servers/server-form.ts';

const form = { ...emptyForm, name: 'mx1', host: 'mx1.example.com', user: 'root' };
const fingerprint = `SHA256:${'A'.repeat(43)}`;

describe('server form', () => {
  it('takes a name from a host name and none from an address', () => {
    expect(nameFromHost('mx1.example.com')).toBe('mx1');
    expect(nameFromHost('192.0.2.1')).toBe('');
    expect(nameFromHost('2001:db8::1')).toBe('');
  });

  it('says what is wrong by field', () => {
    expect(formErrors(form, [])).toEqual({});
    expect(Object.keys(formErrors(emptyForm, []))).toEqual(['host', 'name', 'user']);
    expect(formErrors(form, ['mx1'])).toHaveProperty('name');
    expect(formErrors({ ...form, port: '0' }, [])).toHaveProperty('port');
    expect(formErrors({ ...form, login: 'key' }, [])).toHaveProperty('identity');
    expect(formErrors({ ...form, sudo: 'password' }, [])).toHaveProperty('sudoPassword');
  });

  it('accepts nothing that the contract refuses', () => {
    const candidates = [
      form,
      { ...form, login: 'key' as const, identity: '~/.ssh/id', passphrase: 'x' },
      {
        ...form,
        login: 'password' as const,
        password: 'x',
        sudo: 'password' as const,
        sudoPassword: 'y',
        jump: 'jump',
      },
      { ...form, host: '-x y' },
      { ...form, name: '.x' },
      { ...form, user: '1x' },
      { ...form, port: '70000' },
    ];
    for (const candidate of candidates) {
      const isAccepted = Object.keys(formErrors(candidate, [])).length === 0;
      expect(inputs['servers.add'].safeParse(serverOf(candidate, fingerprint)).success).toBe(isAccepted);
    }
  });

  it('sends only the secrets of the chosen way to log in', () => {
    const sent = serverOf(
      { ...form, password: 'left over', passphrase: 'left over', sudoPassword: 'left over' },
      fingerprint,
    );
    expect(sent.secrets).toEqual({});
  });
});
