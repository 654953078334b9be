import type { ServerRow } from '../../../shared/contract.ts';
import { RadioRow, SelectField, TextField } from '../../components/field.tsx';
import { texts } from '../../texts.ts';
import type { FormErrors, ServerForm } from './server-form.ts';
import { nameFromHost } from './server-form.ts';

const words = texts.servers.form;
const logins = (['agent', 'key', 'password'] as const).map(value => ({ value, label: words.logins[value] }));
const sudos = (['none', 'nopasswd', 'password'] as const).map(value => ({ value, label: words.sudos[value] }));

interface Props {
  readonly form: ServerForm;
  readonly errors: FormErrors;
  readonly servers: readonly ServerRow[];
  readonly onChange: (part: Partial<ServerForm>) => void;
}

export function ServerFields({ form, errors, servers, onChange }: Props) {
  const isNameAutomatic = form.name === nameFromHost(form.host);
  return (
    <>
      <div className="address-row">
        <TextField
          label={words.host}
          value={form.host}
          onChange={host =>
            onChange({ host: host.trim(), ...(isNameAutomatic && { name: nameFromHost(host.trim()) }) })
          }
          error={errors.host ?? null}
          placeholder="mx1.example.com"
          takesFocus
        />
        <TextField
          label={words.port}
          value={form.port}
          onChange={port => onChange({ port })}
          error={errors.port ?? null}
          type="number"
          width="short"
        />
      </div>
      <div className="form-grid">
        <TextField
          label={words.name}
          value={form.name}
          onChange={name => onChange({ name })}
          error={errors.name ?? null}
        />
        <TextField
          label={words.user}
          value={form.user}
          onChange={user => onChange({ user: user.trim() })}
          error={errors.user ?? null}
        />
      </div>
      <RadioRow
        layout="stacked"
        label={words.login}
        value={form.login}
        options={logins}
        onChange={login => onChange({ login })}
      />
      {form.login === 'key' && (
        <div className="form-grid">
          <TextField
            label={words.identity}
            value={form.identity}
            onChange={identity => onChange({ identity })}
            error={errors.identity ?? null}
            placeholder="~/.ssh/id_ed25519"
          />
          <TextField
            label={words.passphrase}
            value={form.passphrase}
            onChange={passphrase => onChange({ passphrase })}
            type="password"
            description={words.passphraseMeans}
          />
        </div>
      )}
      {form.login === 'password' && (
        <TextField
          label={words.password}
          value={form.password}
          onChange={password => onChange({ password })}
          error={errors.password ?? null}
          type="password"
          description={words.secretMeans}
        />
      )}
      <RadioRow
        layout="stacked"
        label={words.sudo}
        value={form.sudo}
        options={sudos}
        onChange={sudo => onChange({ sudo })}
      />
      {form.sudo === 'password' && (
        <TextField
          label={words.sudoPassword}
          value={form.sudoPassword}
          onChange={sudoPassword => onChange({ sudoPassword })}
          error={errors.sudoPassword ?? null}
          type="password"
          description={words.secretMeans}
        />
      )}
      {servers.length > 0 && (
        <SelectField
          label={words.jump}
          value={form.jump}
          options={[
            { value: '', label: words.noJump },
            ...servers.map(server => ({ value: server.name, label: server.name })),
          ]}
          onChange={jump => onChange({ jump })}
        />
      )}
    </>
  );
}
