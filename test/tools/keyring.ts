/**
 * A real gnome-keyring on a session bus of its own, for the processes that a test starts with `env` (libsecret keeps the
 * first bus that a process saw: the test's own process cannot change).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Keyring {
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/**
 * Shell text that brings the service into the state. `locked`: there is a keyring in `data`, and nobody gave its password;
 * `none`: the bus starts the service, and it has no keyring.
 */
const starters = {
  unlocked: 'printf ci | gnome-keyring-daemon --unlock --components=secrets >/dev/null',
  locked: 'gnome-keyring-daemon --start --components=secrets >/dev/null',
  none: ':',
} as const;

/** `data`: the folder that the keyring lives in; it outlives the daemon. */
export async function startKeyring(state: keyof typeof starters, data: string): Promise<Keyring> {
  const runtime = mkdtempSync(join(tmpdir(), 'signet-keyring-'));
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const env = { ...process.env, XDG_DATA_HOME: data, XDG_RUNTIME_DIR: runtime };
  for (const name of ['DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY']) Reflect.deleteProperty(env, name);
  // ends when its standard input does, so also when the test dies
  const script = `${starters[state]}; echo "$DBUS_SESSION_BUS_ADDRESS"; cat >/dev/null`;
  const session = spawn('dbus-run-session', ['--', 'sh', '-c', script], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const [address] = await once(createInterface(session.stdout), 'line');
  return {
    env: { ...env, DBUS_SESSION_BUS_ADDRESS: String(address) },
    stop: async () => {
      session.stdin.end();
      await once(session, 'exit');
      rmSync(runtime, { recursive: true, force: true });
    },
  };
}

/** A machine without a session bus. */
export function withoutBus(): NodeJS.ProcessEnv {
  const env = { ...process.env, XDG_RUNTIME_DIR: '/nonexistent' };
  for (const name of ['DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY']) Reflect.deleteProperty(env, name);
  return env;
}
