/** A server for tests of transactions: a folder, a real shell and its real tools. Only the network is missing. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Places } from '../../../electron/apply/bundle.ts';
import type { RunResult, Session } from '../../../electron/transport/api.ts';
import type { Change, CommandStep, FileStep, Step } from '../../../shared/model.ts';
import { failed } from '../../../shared/problem.ts';
import { toContent } from '../../../shared/text.ts';

export const shells = ['dash', 'bash', 'busybox'] as const;
export type ShellName = (typeof shells)[number];

export const hashOf = (bytes: string) => createHash('sha256').update(Buffer.from(bytes, 'latin1')).digest('hex');

function which(name: string): string | null {
  return ['/usr/local/bin', '/usr/bin', '/bin'].map(folder => join(folder, name)).find(existsSync) ?? null;
}

export function hasShell(name: ShellName): boolean {
  return which(name) !== null;
}

export class LocalHost {
  readonly root = mkdtempSync(join(tmpdir(), 'signet-apply-'));
  readonly places: Places;
  readonly #path: string;
  readonly owner: string;

  /** `hide`: tools that this host does not have. */
  constructor(shell: ShellName, hide: readonly string[] = []) {
    const bin = join(this.root, 'bin');
    mkdirSync(bin);
    mkdirSync(join(this.root, 'etc'));
    this.places = { state: join(this.root, 'state'), lock: join(this.root, 'signet.lock') };
    const binary = which(shell) ?? '/bin/false';
    if (shell === 'busybox') execFileSync(binary, ['--install', '-s', bin]);
    rmSync(join(bin, 'sh'), { force: true });
    symlinkSync(binary, join(bin, 'sh'));
    if (hide.length > 0 || shell === 'busybox') {
      if (shell !== 'busybox') this.#linkTools(bin);
      for (const tool of hide) rmSync(join(bin, tool), { force: true });
      this.#path = bin;
    } else this.#path = `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`;
    const { uid, gid } = userInfo();
    this.owner = `${uid}:${gid}`;
  }

  #linkTools(bin: string): void {
    for (const name of readdirSync('/usr/bin'))
      if (!existsSync(join(bin, name))) symlinkSync(join('/usr/bin', name), join(bin, name));
  }

  path(name: string): string {
    return join(this.root, 'etc', name);
  }

  write(name: string, bytes: string, mode = 0o644): string {
    const path = this.path(name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, Buffer.from(bytes, 'latin1'), { mode });
    chmodSync(path, mode);
    return path;
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'latin1');
  }

  /** Every entry below etc/ with type, mode, owner and content: what must be as before after a rollback. */
  tree(): string {
    const lines: string[] = [];
    const walk = (folder: string) => {
      for (const name of readdirSync(folder).sort()) {
        const path = join(folder, name);
        const at = lstatSync(path);
        const mode = (at.mode & 0o7777).toString(8);
        if (at.isSymbolicLink()) lines.push(`${path} -> ${readlinkSync(path)}`);
        else if (at.isDirectory()) {
          lines.push(`${path}/ ${mode} ${at.uid}:${at.gid}`);
          walk(path);
        } else lines.push(`${path} ${mode} ${at.uid}:${at.gid} ${hashOf(readFileSync(path, 'latin1'))}`);
      }
    };
    walk(join(this.root, 'etc'));
    return lines.join('\n');
  }

  mode(name: string): number {
    return statSync(this.path(name)).mode & 0o7777;
  }

  /** Everything below the state directory: where no secret may be left. */
  stateText(): string {
    // grep's status 1 (nothing there) and 2 (a file went meanwhile) are answers too
    return spawnSync('grep', ['-r', '', this.places.state], { encoding: 'latin1', maxBuffer: 1 << 28 }).stdout;
  }

  /** `onScript` sees each script; `cutAfter`: the link breaks after that many lines of output. */
  session(options: { readonly cutAfter?: number; readonly onLine?: (line: string) => void } = {}): Session {
    const { root } = this;
    const path = this.#path;
    let roundTrips = 0;
    return {
      server: 'local',
      get roundTrips() {
        return roundTrips;
      },
      run(script, runOptions = {}) {
        roundTrips += 1;
        return new Promise<RunResult>((resolve, reject) => {
          const child = spawn(join(root, 'bin', 'sh'), ['-s'], {
            env: { PATH: path, LC_ALL: 'C' },
            cwd: '/',
            argv0: 'sh',
            detached: true,
          });
          let stdout = '';
          let stderr = '';
          let seen = 0;
          child.stdout.on('data', (data: Buffer) => {
            stdout += data.toString('latin1');
            const lines = stdout.split('\n').slice(0, -1);
            for (; seen < lines.length; seen += 1) {
              const line = lines[seen] ?? '';
              runOptions.onLine?.(line);
              options.onLine?.(line);
              if (options.cutAfter !== undefined && seen + 1 >= options.cutAfter) {
                // Its group, as sshd does it: what the script detached is not in it
                if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
                child.stdout.destroy();
                reject(failed('connection-lost', 'local: the link was cut', 'Connect again.'));
                return;
              }
            }
          });
          child.stderr.on('data', (data: Buffer) => (stderr += data.toString('latin1')));
          child.on('error', reject);
          child.on('close', code => resolve({ code: code ?? -1, stdout, stderr }));
          child.stdin.on('error', () => {});
          child.stdin.end(Buffer.from(script, 'latin1'));
        });
      },
      connect: () => Promise.reject(failed('no-connect', 'local: no sockets here', '')),
      close: () => {},
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  // ---------------------------------------------------------------- changes

  /** A step that edits or makes a file, computed from what is there. */
  file(name: string, after: string | null, extra: Partial<FileStep> = {}): FileStep {
    const path = this.path(name);
    const old = existsSync(path) ? readFileSync(path, 'latin1') : null;
    return {
      kind: 'file',
      path,
      before: old === null ? null : hashOf(old),
      old: old === null ? null : toContent(old),
      after: after === null ? null : toContent(after),
      mode: 0o640,
      owner: this.owner,
      ...extra,
    };
  }

  command(phase: CommandStep['phase'], script: string, ...args: readonly string[]): CommandStep {
    return { kind: 'command', phase, argv: ['sh', '-c', script, 'sh', ...args] };
  }

  change(steps: readonly Step[], extra: Partial<Change> = {}): Change {
    return {
      id: 'switch@local',
      intent: 'signing-on',
      server: 'local',
      phase: 'switch',
      pending: ['p1'],
      domains: ['example.com'],
      dependsOn: [],
      gates: [],
      requires: [],
      steps,
      probes: [],
      reason: '',
      ...extra,
    };
  }
}
