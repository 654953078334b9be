/** The files of a run directory that the runner works from (see the head of runner.sh), out of a change. Pure. */
import { createHash } from 'node:crypto';
import type { Change, CommandLine, DirectoryStep, FileStep, PackageStep, SecretRef, Step } from '../../shared/model.ts';
import { packageScript, packageTimeout } from './packages.ts';
import { refused } from '../../shared/problem.ts';
import { shellQuote, shownCommand } from '../../shared/shell.ts';
import { fromContent, printable, type ByteString, type Content } from '../../shared/text.ts';

/** Path below the run directory to bytes. */
export type RunFiles = Map<string, ByteString>;

export interface LayoutOptions {
  readonly run: string;
  readonly change: Change;
  /** For whoever finds the lock taken: "anna@laptop, signet apply". */
  readonly who: string;
  /** Opened private keys (byte strings), by the id of their reference. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Seconds that the runner waits, after activation, for the laptop to confirm; 0: it commits by itself. */
  readonly confirm: number;
  /** Part of the names of staged files; hexadecimal. */
  readonly tag: string;
}

const defaultTimeout = 60;

/** Of a byte string. */
export const sha256 = (bytes: string) => createHash('sha256').update(Buffer.from(bytes, 'latin1')).digest('hex');

export function isSecret(after: Content | SecretRef): after is SecretRef {
  return 'secret' in after;
}

function checkedPath(path: string, server: string): string {
  // oxlint-disable-next-line no-control-regex -- controls and backslashes are what sha256sum and rows of a table cannot carry
  const plain = /^(?:\/[^\x00-\x1f\x7f\\/]+)+$/.test(path) && !/\/\.\.?(?:\/|$)/.test(path);
  if (plain) return path;
  throw refused(
    'path-unsupported',
    `${server}: the path ${printable(JSON.stringify(path))} holds what a transaction cannot carry`,
    'Paths are absolute, without ".", "..", control characters and backslashes. Use another path in the configuration.',
    { server },
  );
}

function checkedOwner(owner: string, path: string, server: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?:[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(owner)) return owner;
  throw refused(
    'owner-unsupported',
    `${server}: "${printable(owner)}" is not an owner "user:group"`,
    'This is a defect: please report it.',
    {
      server,
      file: path,
    },
  );
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0');
const row = (...columns: readonly (string | number)[]) => `${columns.join('\t')}\n`;
const title = (text: string) => printable(text, 120).replace(/[^\x20-\x7e]/g, '?') || '-';

/** argv as a script whose arguments $1, $2, ... are the staged paths of `refs`. */
function commandScript(command: CommandLine, refs: readonly number[], index: ReadonlyMap<string, number>): string {
  const words = command.argv.map(word =>
    word
      .split(/(\{new:[^}]*\})/)
      .map((part, at) =>
        at % 2 === 1
          ? `"\${${refs.indexOf(index.get(part.slice(5, -1)) ?? -1) + 1}}"`
          : part === '' && word !== ''
            ? ''
            : shellQuote(part),
      )
      .join(''),
  );
  return `exec ${words.join(' ')}\n`;
}

function stagedRefs(argv: readonly string[], index: ReadonlyMap<string, number>, server: string): readonly number[] {
  const paths = argv.flatMap(word => [...word.matchAll(/\{new:([^}]*)\}/g)].map(match => match[1] ?? ''));
  return [...new Set(paths)].map(path => {
    const at = index.get(path);
    if (at !== undefined) return at;
    throw refused(
      'staged-file-unknown',
      `${server}: a check names ${printable(path)}, which the change does not write`,
      'This is a defect: please report it.',
      {
        server,
        file: path,
      },
    );
  });
}

class Layout {
  readonly files: RunFiles = new Map();
  readonly #options: LayoutOptions;
  readonly #server: string;
  readonly #staged = new Map<string, number>();
  #manifest = '';
  #before = '';
  #absent = '';

  constructor(options: LayoutOptions) {
    this.#options = options;
    this.#server = options.change.server;
  }

  header(lock: string): void {
    const { tag, who, change, run, confirm } = this.#options;
    this.#manifest += row('tag', tag) + row('lock', lock) + row('who', title(`${who}, ${change.id} of run ${run}`));
    this.#manifest += row('confirm', confirm);
  }

  require(path: string, hash: string | null): void {
    const checked = checkedPath(path, this.#server);
    if (hash === null) this.#absent += `${checked}\n`;
    else this.#before += `${hash}  ${checked}\n`;
  }

  directory(step: DirectoryStep): void {
    const path = checkedPath(step.path, this.#server);
    const owner = checkedOwner(step.owner, path, this.#server);
    this.#manifest += row('dir', step.present ? 'present' : 'absent', octal(step.mode), owner, path);
  }

  file(step: FileStep, at: number, group: number): void {
    this.require(step.path, step.before);
    const bytes = step.after === null ? null : this.#bytes(step.after);
    const after = bytes === null ? '-' : sha256(bytes);
    if (after === (step.before ?? '-')) return;
    const name = step.path.slice(step.path.lastIndexOf('/') + 1);
    const takesBack = step.before !== null && bytes !== null && step.rollback !== undefined;
    if (bytes !== null) this.files.set(`new/${group}/${name}`, bytes);
    if (takesBack) this.files.set(`rollback/${group}/${name}`, fromContent(step.rollback));
    if (bytes !== null) this.#staged.set(step.path, at);
    const owner = checkedOwner(step.owner, step.path, this.#server);
    const kept = [step.before ?? '-', after, octal(step.mode), owner, takesBack ? 'rollback' : '-'] as const;
    this.#manifest += row('file', at, group, bytes === null ? 'remove' : 'write', ...kept, step.path);
  }

  packages(steps: readonly PackageStep[]): void {
    if (steps.length === 0) return;
    this.files.set('command/packages.sh', packageScript(steps, this.#server));
    this.#manifest += row('packages', packageTimeout, title(steps.map(({ name }) => name).join(' ')));
  }

  command(step: Exclude<Step, FileStep | DirectoryStep | PackageStep>, at: number): void {
    switch (step.kind) {
      case 'records':
        this.#manifest += row('records', at, 120, title(`${step.name} in ${step.zone}`));
        this.#script(`${at}`, step.apply, []);
        this.#script(`${at}.revert`, step.revert, []);
        return;
      case 'command': {
        const refs = stagedRefs(step.argv, step.phase === 'check' ? this.#staged : new Map(), this.#server);
        const limit = Math.max(1, Math.ceil(step.timeout ?? defaultTimeout));
        this.#manifest += row('command', at, step.phase, limit, refs.join(',') || '-', title(shownCommand(step.argv)));
        this.#script(`${at}`, step, refs);
      }
    }
  }

  finish(): RunFiles {
    this.files.set('manifest', `${this.#manifest}end\n`);
    this.files.set('before', this.#before);
    this.files.set('absent', this.#absent);
    return this.files;
  }

  #script(name: string, command: CommandLine, refs: readonly number[]): void {
    this.files.set(`command/${name}.sh`, commandScript(command, refs, this.#staged));
    if (command.stdin !== undefined) this.files.set(`command/${name}.in`, command.stdin);
  }

  #bytes(after: Content | SecretRef): ByteString {
    if (!isSecret(after)) return fromContent(after);
    const bytes = this.#options.secrets.get(after.secret);
    if (bytes !== undefined) return bytes;
    throw refused(
      'secret-missing',
      `${this.#server}: a private key of the change was not opened`,
      'This is a defect: please report it.',
      {
        server: this.#server,
      },
    );
  }
}

/** Files of one directory are one group: the runner handles a group at once. */
function inGroups(
  steps: readonly Step[],
): readonly { readonly step: FileStep; readonly at: number; readonly group: number }[] {
  const groups = new Map<string, number>();
  return steps
    .flatMap((step, at) => (step.kind === 'file' ? [{ step, at }] : []))
    .map(({ step, at }) => {
      const folder = step.path.slice(0, step.path.lastIndexOf('/'));
      const group = groups.get(folder) ?? groups.size;
      groups.set(folder, group);
      return { step, at, group };
    })
    .sort((a, b) => a.group - b.group || a.at - b.at);
}

function checkBytes(files: RunFiles, server: string): void {
  for (const [path, bytes] of files) {
    // oxlint-disable-next-line no-control-regex -- NUL is what a shell cannot carry
    if (!/[\u0000\u0100-\uffff]/.test(bytes)) continue;
    throw refused(
      'content-unsupported',
      `${server}: ${printable(path)} of the change holds a NUL or is not a byte string`,
      'The file is not text. Signet does not edit it.',
      { server },
    );
  }
}

/** Throws a refusal for what a transaction cannot carry; nothing was sent then. */
export function layOut(options: LayoutOptions, lock: string): RunFiles {
  const { change } = options;
  const layout = new Layout(options);
  const seen = new Set<string>();
  layout.header(lock);
  for (const { path, before } of change.requires) layout.require(path, before);
  layout.packages(change.steps.filter(step => step.kind === 'package'));
  for (const step of change.steps) if (step.kind === 'directory') layout.directory(step);
  for (const { step, at, group } of inGroups(change.steps)) {
    if (seen.has(step.path))
      throw refused(
        'same-file-twice',
        `${change.server}: two steps of ${change.id} write ${printable(step.path)}`,
        'This is a defect: please report it.',
        {
          server: change.server,
          file: step.path,
        },
      );
    seen.add(step.path);
    layout.file(step, at, group);
  }
  for (const [at, step] of change.steps.entries())
    if (step.kind === 'command' || step.kind === 'records') layout.command(step, at);
  const files = layout.finish();
  checkBytes(files, change.server);
  return files;
}
