/**
 * A host in memory for the tests of drivers: files, links and canned commands behind the HostReader interface. It counts
 * round trips by the rule that the interface documents: calls made before the next turn of the event loop travel together.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { ExecFact, FileFact, HostFacts, HostReader, StatFact } from '../../electron/drivers/api.ts';
import { failed } from '../../shared/problem.ts';

export interface MemoryFile {
  /** A byte string; absent: it is a directory. */
  readonly content?: string;
  readonly mode?: number;
  readonly owner?: string;
  readonly group?: string;
}

export interface MemoryHostOptions {
  /** By absolute path. Parent directories that are not named are root:root 0755. */
  readonly files: Readonly<Record<string, string | MemoryFile>>;
  /** Symbolic links: path of the link, target (absolute, or relative to the link's directory). */
  readonly links?: Readonly<Record<string, string>>;
  /** undefined: there is no such command (status 127). */
  readonly exec?: (argv: readonly string[], stdin: string) => ExecFact | undefined;
  readonly host?: Partial<HostFacts>;
  readonly server?: string;
}

export interface MemoryHost extends HostReader {
  readonly roundTrips: () => number;
  /** The commands that ran, in order. */
  readonly commands: () => readonly (readonly string[])[];
}

const notInstalled: ExecFact = { code: 127, stdout: '', stderr: '' };
const sha256 = (content: string) => createHash('sha256').update(Buffer.from(content, 'latin1')).digest('hex');

export function succeeded(stdout = ''): ExecFact {
  return { code: 0, stdout, stderr: '' };
}

function shellPattern(pattern: string): RegExp {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/(^|\/)(?=[*?])/g, '$1(?!\\.)');
  return new RegExp(`^${source.replace(/\*/g, '[^/]*').replace(/(?<!\()\?/g, '[^/]')}$`);
}

/** The tree with its implied directories. */
function treeOf(files: MemoryHostOptions['files']): Map<string, MemoryFile> {
  const tree = new Map<string, MemoryFile>();
  for (const [path, entry] of Object.entries(files)) {
    tree.set(path, typeof entry === 'string' ? { content: entry } : entry);
    for (let parent = posix.dirname(path); parent !== '/'; parent = posix.dirname(parent)) {
      if (!tree.has(parent)) tree.set(parent, {});
    }
  }
  return tree.set('/', tree.get('/') ?? {});
}

export function createMemoryHost(options: MemoryHostOptions): MemoryHost {
  const server = options.server ?? 'memory';
  const tree = treeOf(options.files);
  const links = options.links ?? {};
  let trips = 0;
  const commands: (readonly string[])[] = [];
  let waiting: (() => void)[] = [];

  function resolve(path: string, depth = 0): string {
    if (depth > 40) return path;
    let real = '/';
    const parts = path.split('/').filter(part => part !== '');
    for (const [index, part] of parts.entries()) {
      const here = posix.join(real, part);
      const target = links[here];
      if (target !== undefined) {
        const rest = parts.slice(index + 1).join('/');
        return resolve(posix.join(posix.resolve(real, target), rest), depth + 1);
      }
      real = here;
    }
    return real;
  }

  /** Answers in the round trip that is being gathered, or in a new one. */
  function ask<T>(answer: () => T): Promise<T> {
    return new Promise((done, fail) => {
      waiting.push(() => {
        try {
          done(answer());
        } catch (error) {
          fail(error);
        }
      });
      if (waiting.length > 1) return;
      setImmediate(() => {
        const batch = waiting;
        waiting = [];
        trips += 1;
        for (const reply of batch) reply();
      });
    });
  }

  const attributes = (entry: MemoryFile, mode: number) => ({
    mode: entry.mode ?? mode,
    owner: entry.owner ?? 'root',
    group: entry.group ?? 'root',
  });

  function readFile(path: string): FileFact | null {
    const real = resolve(path);
    const entry = tree.get(real);
    if (entry === undefined) return null;
    if (entry.content === undefined) {
      throw failed('file-unreadable', `${path} is a directory`, 'Name a file.', { server, file: path });
    }
    return { path, real, ...attributes(entry, 0o644), sha256: sha256(entry.content), content: entry.content };
  }

  function readStat(path: string): StatFact | null {
    const entry = tree.get(resolve(path));
    if (entry === undefined) return null;
    const directory = entry.content === undefined;
    return { path, type: directory ? 'directory' : 'file', ...attributes(entry, directory ? 0o755 : 0o644) };
  }

  return {
    server,
    host: {
      hostname: 'mx.example.net',
      os: { id: 'debian', version: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
      init: 'systemd',
      clock: { server: 1_800_000_000, laptop: 1_800_000_000 },
      ...options.host,
    },
    file: path => ask(() => readFile(path)),
    stat: path => ask(() => readStat(path)),
    glob: pattern =>
      ask(() => [...tree.keys(), ...Object.keys(links)].filter(path => shellPattern(pattern).test(path)).sort()),
    exec: (argv, execOptions) =>
      ask(() => {
        commands.push(argv);
        return options.exec?.(argv, execOptions?.stdin ?? '') ?? notInstalled;
      }),
    roundTrips: () => trips,
    commands: () => commands,
  };
}
