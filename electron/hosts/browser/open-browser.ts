/**
 * Opens the default browser at an address that holds a secret. Arguments of a process are public on the machine, so what the
 * browser is started with is a private file that leads on to the address (as Jupyter does it).
 */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const programs: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', win32: 'explorer.exe' };

/** Whether there is a screen that a browser could appear on; over SSH, xdg-open would start a text browser. */
function hasDisplay(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (platform === 'darwin' || platform === 'win32') return true;
  return (env['DISPLAY'] ?? '') !== '' || (env['WAYLAND_DISPLAY'] ?? '') !== '';
}

/** The address must need no escaping in HTML, which ours never does. */
function leadingTo(address: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Signet</title><meta http-equiv="refresh" content="0; url=${address}">\n`;
}

/** Does nothing where it cannot: the address is on the terminal, too. Returns the function that removes the file. */
export function openBrowser(address: string, privateFolder: string): () => void {
  const file = join(privateFolder, 'open.html');
  const remove = () => rmSync(file, { force: true });
  if (!hasDisplay(process.env, process.platform)) return remove;
  try {
    remove();
    writeFileSync(file, leadingTo(address), { mode: 0o600, flag: 'wx' });
    const child = spawn(programs[process.platform] ?? 'xdg-open', [file], { detached: true, stdio: 'ignore' });
    child.on('error', () => {});
    child.unref();
  } catch {
    // a full disk, a home that went away: no reason not to serve
  }
  return remove;
}
