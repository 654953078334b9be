/** The fixtures of OpenDKIM as hosts in memory, and plans carried out on them. */
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Step } from '../../../../shared/model.ts';
import { fromContent } from '../../../../shared/text.ts';
import { publicHalf } from '../../../../electron/drivers/kit/private-key.ts';
import type { InstallKey } from '../../../../electron/drivers/api.ts';
import { createMemoryHost, succeeded, type MemoryFile, type MemoryHost } from '../../../fakes/memory-host.ts';

export interface Expectation {
  readonly signs: Readonly<Record<string, readonly string[]>>;
  readonly signsOthers?: readonly string[];
  readonly keys: number;
  readonly problems: readonly string[];
  readonly can?: readonly string[];
  readonly endpoint?: unknown;
  readonly unavailable?: string;
  /** Whether novy.example can be switched on. */
  readonly switchable?: boolean;
  readonly refusal?: string;
  /** Why it cannot be switched off again. */
  readonly offRefusal?: string;
  readonly weak?: readonly string[];
  readonly missing?: readonly string[];
  readonly keyMode?: number;
  readonly directories?: Readonly<Record<string, MemoryFile>>;
  /** The lines that switching novy.example on adds, by file. */
  readonly lines?: Readonly<Record<string, string>>;
  /** The first of two lines stands right before the second. */
  readonly before?: Readonly<Record<string, readonly [string, string]>>;
}

export interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, MemoryFile>>;
  readonly host: { readonly chroot?: boolean; readonly exec?: string; readonly groups?: string };
  readonly expect: Expectation;
}

const folder = fileURLToPath(new URL('../../../fixtures/opendkim', import.meta.url));

function rsa(bits: number): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Made anew for each run: no private key stands in the repository. */
export const sampleKeys = { strong: rsa(2048), other: rsa(2048), weak: rsa(1024) };

function tree(path: string, prefix = ''): readonly (readonly [string, string])[] {
  return readdirSync(path).flatMap(name => {
    const full = join(path, name);
    if (statSync(full).isDirectory()) return tree(full, `${prefix}/${name}`);
    return [[`${prefix}/${name}`, readFileSync(full, 'latin1')] as const];
  });
}

/** Every key that the texts of a fixture name is there, but for those that are to be missing. */
function keyFiles(texts: readonly (readonly [string, string])[], expect: Expectation): Record<string, MemoryFile> {
  const keys: Record<string, MemoryFile> = {};
  for (const [, text] of texts) {
    for (const [, path = ''] of text.matchAll(
      /(?:[:\t ])(\/(?:etc\/(?:dkimkeys|opendkim)|var)\/\S*?(?:\.private|\.pem|\/s1))(?=[\s,]|$)/gm,
    )) {
      if (expect.missing?.includes(path)) continue;
      const content = expect.weak?.includes(path) ? sampleKeys.weak : sampleKeys.strong;
      keys[path] = {
        content,
        mode: expect.keyMode ?? 0o600,
        owner: expect.keyMode === undefined ? 'opendkim' : 'root',
        group: 'opendkim',
      };
    }
  }
  return keys;
}

export function readCases(): readonly Case[] {
  return readdirSync(folder).map(name => {
    const { host, expect } = JSON.parse(readFileSync(join(folder, name, 'case.json'), 'utf8')) as Pick<
      Case,
      'host' | 'expect'
    >;
    const texts = tree(join(folder, name, 'files'));
    const files = Object.fromEntries(texts.map(([path, content]) => [path, { content }]));
    return { name, host, expect, files: { ...files, ...keyFiles(texts, expect), ...expect.directories } };
  });
}

export function hostOf(files: Case['files'], host: Case['host'] = {}): MemoryHost {
  return createMemoryHost({
    files,
    exec: argv => {
      const command = argv.join(' ');
      if (command === 'opendkim -V') return succeeded('opendkim: OpenDKIM Filter v2.11.0\n');
      if (command.startsWith('systemctl show')) {
        const words = host.exec ?? '/usr/sbin/opendkim';
        return succeeded(
          `ExecStart={ path=/usr/sbin/opendkim ; argv[]=${words} ; ignore_errors=no }\nActiveState=active\n`,
        );
      }
      if (command === 'getent group') return succeeded(host.groups ?? 'root:x:0:\nopendkim:x:106:\n');
      if (command === 'getent passwd') {
        return succeeded('root:x:0:0:root:/root:/bin/bash\nopendkim:x:103:106::/run/opendkim:/usr/sbin/nologin\n');
      }
      if (command === 'postconf -h queue_directory') return succeeded('/var/spool/postfix\n');
      if (command === 'postconf -F smtp/inet/chroot')
        return succeeded(`smtp/inet/chroot = ${host.chroot === true ? 'y' : 'n'}\n`);
      return undefined;
    },
  });
}

/** The tree after the steps. Throws where a step does not fit what is there, as the server transaction would. */
export function carryOut(
  files: Case['files'],
  steps: readonly Step[],
  secrets: Readonly<Record<string, string>>,
): Record<string, MemoryFile> {
  const after: Record<string, MemoryFile> = { ...files };
  for (const step of steps) {
    const [owner = 'root', group = owner] = 'owner' in step ? step.owner.split(':') : [];
    if (step.kind === 'directory' && step.present) after[step.path] ??= { mode: step.mode, owner, group };
    if (
      step.kind === 'directory' &&
      !step.present &&
      !Object.keys(after).some(path => path.startsWith(`${step.path}/`))
    ) {
      delete after[step.path];
    }
    if (step.kind !== 'file') continue;
    const old = after[step.path];
    if ((old === undefined) !== (step.before === null)) throw new Error(`stale: ${step.path}`);
    if (step.after === null) {
      delete after[step.path];
      continue;
    }
    const content = 'secret' in step.after ? (secrets[step.after.secret] ?? '') : fromContent(step.after);
    after[step.path] = old === undefined ? { content, mode: step.mode, owner, group } : { ...old, content };
  }
  return after;
}

export function installKey(domain: string, selector: string, pem = sampleKeys.other): InstallKey {
  const half = publicHalf(pem);
  if (half === null) throw new Error('no key');
  return { domain, selector, scheme: 'dkim', secret: { secret: `${selector}.${domain}` }, ...half };
}
