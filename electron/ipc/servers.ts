/** Servers: added with a confirmed host key, imported, trusted anew, removed. */
import { readFile } from 'node:fs/promises';
import type { ImportPreview, Parsed } from '../../shared/contract.ts';
import { parseDomain } from '../../shared/dkim/domain.ts';
import type { PinnedHostKey, ServerConfig } from '../../shared/model.ts';
import { failed, refused, SignetError, usage } from '../../shared/problem.ts';
import { printable } from '../../shared/text.ts';
import { expandHome } from '../transport/key-file.ts';
import { lookup } from '../transport/known-hosts.ts';
import type { ImportedServer } from '../transport/ssh-config.ts';
import { importSshConfig } from '../transport/ssh-config.ts';
import type { SecretKind } from '../vault/api.ts';
import { secretKinds } from '../vault/api.ts';
import type { CallContext, Engine, Handlers } from './engine.ts';
import { serverConfig, serverRow } from './views.ts';

type Add = Parsed<'servers.add'>;

async function trustedKeys(engine: Engine, input: Add, signal: AbortSignal): Promise<readonly PinnedHostKey[]> {
  switch (input.trust.by) {
    case 'fingerprint':
      return [{ fingerprint: input.trust.fingerprint, type: null }];
    case 'known-hosts':
      return await keysFromFile(input, input.trust.file);
    case 'first-use': {
      const { type, fingerprint } = await engine.transport.hostKey(input, signal);
      return [{ type, fingerprint }];
    }
  }
}

async function keysFromFile(input: Add, file: string): Promise<readonly PinnedHostKey[]> {
  const where = { server: input.name, file };
  let text: string;
  try {
    text = await readFile(expandHome(file), 'utf8');
  } catch (error) {
    throw failed(
      'known-hosts-unreadable',
      `${printable(file)} cannot be read.`,
      'Name a known_hosts file.',
      where,
      error,
    );
  }
  const { pinned } = lookup(text, input.host, input.port);
  if (pinned.length === 0) {
    throw refused(
      'host-key-unknown',
      `${printable(file)} holds no key of ${input.host} (port ${input.port}).`,
      'Connect to it once with ssh, or confirm its fingerprint: --host-key SHA256:...',
      where,
    );
  }
  return pinned;
}

/** Logs in once before anything is kept: a server that cannot be reached is not added. */
async function addServer(engine: Engine, input: Add, { signal }: CallContext) {
  if (engine.store.servers.get(input.name) !== null) {
    throw refused(
      'server-exists',
      `There is a server ${input.name} already.`,
      'Choose another name, or remove it first.',
      {
        server: input.name,
      },
    );
  }
  if (input.jump !== null) serverConfig(engine, input.jump);
  const server: ServerConfig = {
    name: input.name,
    host: input.host,
    port: input.port,
    user: input.user,
    login: input.login,
    sudo: input.sudo,
    jump: input.jump,
    hostKeys: await trustedKeys(engine, input, signal),
    givenDomains: domainList(input.givenDomains),
  };
  await storeSecrets(engine, input.name, input.secrets);
  try {
    const session = await engine.transport.open(server, signal);
    try {
      const { stdout } = await session.run('id -u', { signal });
      if (stdout.trim() !== '0') throw notRoot(input);
    } finally {
      session.close();
    }
    engine.store.servers.put(server);
  } catch (error) {
    await forgetSecrets(engine, input.name);
    throw error;
  }
  engine.attempts.set(server.name, null);
  engine.emit({ type: 'changed', what: 'servers' });
  return serverRow(engine, server);
}

function notRoot({ name, user, sudo }: Add): SignetError {
  const hint =
    sudo === 'none'
      ? 'Log in as root, or say how to become root: --sudo nopasswd or --sudo password.'
      : 'Let sudo run commands as root.';
  return refused('not-root', `${name}: ${user} can log in, and is not root there.`, hint, { server: name });
}

/** Only what is given is stored: a log-in by agent needs no vault at all. */
async function storeSecrets(engine: Engine, name: string, secrets: Add['secrets']): Promise<readonly SecretKind[]> {
  const stored: SecretKind[] = [];
  for (const kind of secretKinds) {
    const value = secrets[kind];
    if (value === undefined) continue;
    await engine.vault.set(name, kind, value);
    stored.push(kind);
  }
  return stored;
}

/** Best effort: a vault that is locked now holds on to items that nothing refers to. */
async function forgetSecrets(engine: Engine, name: string): Promise<void> {
  try {
    await engine.vault.delete(name);
  } catch (error) {
    if (!(error instanceof SignetError)) throw error;
  }
}

function domainList(domains: readonly string[]): readonly string[] {
  return domains.map(text => {
    const parsed = parseDomain(text);
    if (parsed.ok) return parsed.value.ascii;
    throw usage(parsed.fault.code, `"${printable(text, 80)}": ${parsed.fault.message}`, 'A mail domain: example.com.');
  });
}

// ---------------------------------------------------------------- import

interface Imported {
  readonly preview: ImportPreview;
  readonly servers: readonly ServerConfig[];
}

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

async function readImport(engine: Engine, input: Parsed<'servers.import'>): Promise<Imported> {
  const config = await importSshConfig({
    ...(input.file === undefined ? {} : { file: expandHome(input.file) }),
    patterns: input.patterns,
  });
  const present = new Set(engine.store.servers.list().map(server => server.name));
  const rows: ImportPreview['servers'][number][] = [];
  const servers: ServerConfig[] = [];
  for (const found of config.servers) {
    const hostKeys = await knownKeys(found);
    const skipped = whySkipped(found, hostKeys, present);
    rows.push({
      name: printable(found.name, 100),
      host: printable(found.host, 255),
      port: found.port,
      user: printable(found.user, 64),
      login: found.login.method === 'key' ? 'key' : 'agent',
      identity: found.login.method === 'key' ? found.login.identity : null,
      jump: found.jump,
      hostKeys: hostKeys.map(key => key.fingerprint),
      skipped,
    });
    if (skipped !== null) continue;
    const { name, host, port, user, jump, login } = found;
    const sudo = user === 'root' ? ('none' as const) : ('nopasswd' as const);
    servers.push({ name, host, port, user, login, sudo, jump, hostKeys, givenDomains: [] });
  }
  // a jump host that is not imported leaves nothing to go through
  const known = new Set([...present, ...servers.map(server => server.name)]);
  const complete = servers.filter(server => server.jump === null || known.has(server.jump));
  const names = new Set(complete.map(server => server.name));
  return {
    preview: {
      servers: rows.map(row =>
        row.skipped === null && !names.has(row.name)
          ? { ...row, skipped: `its jump host ${row.jump ?? ''} is not among the servers` }
          : row,
      ),
      notImported: config.notImported,
    },
    servers: complete,
  };
}

function whySkipped(
  found: ImportedServer,
  keys: readonly PinnedHostKey[],
  present: ReadonlySet<string>,
): string | null {
  if (present.has(found.name)) return 'there is a server of this name already';
  if (!nameForm.test(found.name)) return 'its name has characters that Signet does not use in names';
  if (!/^[A-Za-z0-9_.:%-]{1,255}$/.test(found.host)) return 'its host name is not one';
  if (!/^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/.test(found.user)) return 'its user name is not one';
  if (keys.length === 0) return 'its host key is not in known_hosts yet: connect once with ssh';
  return null;
}

async function knownKeys(found: ImportedServer): Promise<readonly PinnedHostKey[]> {
  const keys = new Map<string, PinnedHostKey>();
  for (const file of found.knownHostsFiles) {
    let text: string;
    try {
      text = await readFile(expandHome(file), 'utf8');
    } catch {
      continue; // a file that is not there knows no host
    }
    for (const key of lookup(text, found.knownHostsName, found.port).pinned) keys.set(key.fingerprint, key);
  }
  return [...keys.values()];
}

export const serverHandlers: Handlers = {
  'servers.list': engine => engine.store.servers.list().map(server => serverRow(engine, server)),
  'servers.hostKey': async (engine, input, { signal }) => {
    if (input.jump !== null) serverConfig(engine, input.jump);
    return await engine.transport.hostKey({ ...input, name: input.host }, signal);
  },
  'servers.add': addServer,
  'servers.remove': async (engine, { name }) => {
    serverConfig(engine, name);
    const dropped = engine.store.pending.list().filter(change => change.server === name).length;
    engine.store.servers.remove(name, { dropPending: true });
    engine.facts.forget(name);
    engine.attempts.delete(name);
    await forgetSecrets(engine, name);
    engine.emit({ type: 'changed', what: 'servers' });
    engine.emit({ type: 'changed', what: 'domains' });
    return { dropped };
  },
  'servers.trust': (engine, { name, fingerprint }) => {
    const server = { ...serverConfig(engine, name), hostKeys: [{ fingerprint, type: null }] };
    engine.store.servers.put(server);
    engine.attempts.delete(name);
    engine.emit({ type: 'changed', what: 'servers' });
    return serverRow(engine, server);
  },
  'servers.secrets': async (engine, { name, secrets }) => {
    serverConfig(engine, name);
    return { stored: await storeSecrets(engine, name, secrets) };
  },
  'servers.giveDomains': (engine, { name, domains }) => {
    const server = { ...serverConfig(engine, name), givenDomains: domainList(domains) };
    engine.store.servers.put(server);
    engine.emit({ type: 'changed', what: 'domains' });
    return serverRow(engine, server);
  },
  'servers.previewImport': async (engine, input) => (await readImport(engine, input)).preview,
  'servers.import': async (engine, input) => {
    const { preview, servers } = await readImport(engine, input);
    engine.store.transaction(() => {
      for (const server of servers) engine.store.servers.put(server);
    });
    if (servers.length > 0) engine.emit({ type: 'changed', what: 'servers' });
    return { added: servers.map(server => serverRow(engine, server)), preview };
  },
};
