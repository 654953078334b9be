/** The form of a new server as plain values, and what the contract wants of it. */
import type { Input } from '../../../shared/contract.ts';
import { texts } from '../../texts.ts';

export interface ServerForm {
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly login: 'agent' | 'key' | 'password';
  readonly identity: string;
  readonly passphrase: string;
  readonly password: string;
  readonly sudo: 'none' | 'nopasswd' | 'password';
  readonly sudoPassword: string;
  /** '' for none. */
  readonly jump: string;
}

export const emptyForm: ServerForm = {
  name: '',
  host: '',
  port: '22',
  user: '',
  login: 'agent',
  identity: '',
  passphrase: '',
  password: '',
  sudo: 'none',
  sudoPassword: '',
  jump: '',
};

/** A name from the address: "mx1.example.com" is mx1; an IP address names nothing. */
export function nameFromHost(host: string): string {
  if (/^[\d.:]*$/.test(host) || host.includes(':')) return '';
  return host.split('.')[0]?.replaceAll(/[^A-Za-z0-9_-]/g, '') ?? '';
}

export type FormErrors = Partial<Record<keyof ServerForm, string>>;

/** What is wrong with the form, by field. The engine checks again; this is so that one need not wait for it. */
export function formErrors(form: ServerForm, taken: readonly string[]): FormErrors {
  const words = texts.servers.form.errors;
  const errors: FormErrors = {};
  if (!/^[A-Za-z0-9_.:%-]{1,255}$/.test(form.host)) errors.host = words.host;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(form.name)) errors.name = words.name;
  else if (taken.includes(form.name)) errors.name = words.taken(form.name);
  const port = Number(form.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) errors.port = words.port;
  if (!/^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/.test(form.user)) errors.user = words.user;
  if (form.login === 'key' && form.identity === '') errors.identity = words.identity;
  if (form.login === 'password' && form.password === '') errors.password = words.password;
  if (form.sudo === 'password' && form.sudoPassword === '') errors.sudoPassword = words.password;
  return errors;
}

export function addressOf(form: ServerForm): Input<'servers.hostKey'> {
  return { host: form.host, port: Number(form.port), jump: form.jump || null };
}

function loginOf(form: ServerForm): Input<'servers.add'>['login'] {
  return form.login === 'key' ? { method: 'key', identity: form.identity } : { method: form.login };
}

export function serverOf(form: ServerForm, fingerprint: string): Input<'servers.add'> {
  return {
    ...addressOf(form),
    name: form.name,
    user: form.user,
    login: loginOf(form),
    sudo: form.sudo,
    trust: { by: 'fingerprint', fingerprint },
    secrets: {
      ...(form.login === 'password' && { password: form.password }),
      ...(form.login === 'key' && form.passphrase !== '' && { passphrase: form.passphrase }),
      ...(form.sudo === 'password' && { sudoPassword: form.sudoPassword }),
    },
  };
}
