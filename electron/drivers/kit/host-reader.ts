/**
 * Reads a server in few round trips: what is asked for before the next turn of the event loop travels together. Paths,
 * arguments and input are byte strings; what was read once is not read again while the reader lives.
 */
import { randomBytes } from 'node:crypto';
import type { ExecFact, FileFact, HostFacts, HostReader, StatFact } from '../api.ts';
import type { Session } from '../../transport/api.ts';
import { sha256 } from './bytes.ts';
import { firstLook } from './host-facts.ts';
import type { FirstLook } from './host-facts.ts';
import { maxFileSize, readOutput, readScript } from './read-script.ts';
import type { Batch, BatchResult, ExecRequest } from './read-script.ts';
import { failed, refused } from '../../../shared/problem.ts';
import type { SignetError } from '../../../shared/problem.ts';
import { isShellText } from '../../../shared/shell.ts';
import { printable } from '../../../shared/text.ts';

/** All files of one round trip together. */
const maxOutput = 256 * 1024 * 1024;
/** Longer than a command may be silent (30 s and 5 s to die). */
const silenceMs = 120_000;

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Queue {
  readonly files: Map<string, Waiting<FileFact | null>>;
  readonly stats: Map<string, Waiting<StatFact | null>>;
  readonly globs: Map<string, Waiting<readonly string[]>>;
  readonly execs: { readonly request: ExecRequest; readonly waiting: Waiting<ExecFact> }[];
}

function emptyQueue(): Queue {
  return { files: new Map(), stats: new Map(), globs: new Map(), execs: [] };
}

/** Connects nothing: it takes one round trip for the facts. Rejects with `not-root` or `server-tools-missing`. */
export async function createHostReader(session: Session): Promise<HostReader> {
  return new SessionReader(session, await firstLook(session));
}

class SessionReader implements HostReader {
  readonly server: string;
  readonly host: HostFacts;
  readonly #session: Session;
  readonly #look: FirstLook;
  readonly #known = new Map<string, Promise<unknown>>();
  #queue: Queue | null = null;

  constructor(session: Session, look: FirstLook) {
    this.server = session.server;
    this.host = look.facts;
    this.#session = session;
    this.#look = look;
  }

  file(path: string): Promise<FileFact | null> {
    return this.#once(`file ${path}`, path, (queue, waiting: Waiting<FileFact | null>) => {
      queue.files.set(path, waiting);
    });
  }

  stat(path: string): Promise<StatFact | null> {
    return this.#once(`stat ${path}`, path, (queue, waiting: Waiting<StatFact | null>) => {
      queue.stats.set(path, waiting);
    });
  }

  glob(pattern: string): Promise<readonly string[]> {
    return this.#once(`glob ${pattern}`, pattern, (queue, waiting: Waiting<readonly string[]>) => {
      queue.globs.set(pattern, waiting);
    });
  }

  async exec(argv: readonly string[], options: { readonly stdin?: string } = {}): Promise<ExecFact> {
    const stdin = options.stdin ?? null;
    const unusual = [...argv, stdin ?? ''].find(text => !isShellText(text));
    if (unusual !== undefined)
      throw refused(
        'argument-unusual',
        `${this.server}: an argument or input of ${printable(argv[0] ?? '')} holds a NUL or a character that is no byte`,
        'Rename what it is about.',
        { server: this.server },
      );
    const request = { argv, stdin };
    return this.#once(`exec ${JSON.stringify(request)}`, '/', (queue, waiting: Waiting<ExecFact>) => {
      queue.execs.push({ request, waiting });
    });
  }

  /** The same question has the same answer for the life of the reader: a scan sees one state. */
  async #once<T>(key: string, path: string, ask: (queue: Queue, waiting: Waiting<T>) => void): Promise<T> {
    this.#checkPath(path);
    const known = this.#known.get(key);
    if (known !== undefined) return known as Promise<T>;
    const answer = new Promise<T>((resolve, reject) => ask(this.#pending(), { resolve, reject }));
    this.#known.set(key, answer);
    return answer;
  }

  #checkPath(path: string): void {
    if (path.startsWith('/') && !/[\n\r]/.test(path) && isShellText(path)) return;
    throw refused(
      'path-unusual',
      `${this.server}: the path "${printable(path)}" cannot be read: it is not absolute, or holds a newline, a NUL or a character that is no byte`,
      'Rename it, or mend the configuration that names it.',
      { server: this.server, file: printable(path) },
    );
  }

  #pending(): Queue {
    if (this.#queue !== null) return this.#queue;
    const queue = emptyQueue();
    this.#queue = queue;
    setImmediate(() => {
      this.#queue = null;
      this.#travel(queue).catch((error: unknown) => rejectAll(queue, error));
    });
    return queue;
  }

  async #travel(queue: Queue): Promise<void> {
    const result = await this.#read({
      files: [...queue.files.keys()],
      stats: [...queue.stats.keys()],
      globs: [...queue.globs.keys()],
      execs: queue.execs.map(each => each.request),
      oneByOne: false,
    });
    for (const [path, waiting] of queue.stats) waiting.resolve(statFact(result, path));
    [...queue.globs.values()].forEach((waiting, index) => waiting.resolve([...(result.globs[index] ?? [])].sort()));
    queue.execs.forEach(({ waiting }, index) => {
      const fact = result.execs[index];
      if (fact === undefined) waiting.reject(this.#incomplete());
      else waiting.resolve(fact);
    });
    const again = [...queue.files].filter(([path, waiting]) => !this.#settle(path, waiting, result));
    if (again.length === 0) return;
    const files = again.map(([path]) => path);
    const second = await this.#read({ files, stats: [], globs: [], execs: [], oneByOne: true });
    for (const [path, waiting] of again) {
      if (!this.#settle(path, waiting, second)) waiting.reject(this.#unsteady(path, second));
    }
  }

  async #read(batch: Batch): Promise<BatchResult> {
    const mark = randomBytes(16).toString('hex');
    const script = readScript(batch, mark, this.#look);
    const { stdout, stderr } = await this.#session.run(script, { maxOutput, timeoutMs: silenceMs });
    const result = readOutput(stdout, stderr, mark);
    if (result === null) throw this.#incomplete();
    return result;
  }

  /** false: what was read does not fit together (it changed meanwhile), ask again. */
  #settle(path: string, waiting: Waiting<FileFact | null>, result: BatchResult): boolean {
    const stat = result.stats.get(path);
    if (stat === undefined) {
      waiting.resolve(null);
      return true;
    }
    if (stat.type !== 'file') {
      const what = stat.type === 'directory' ? 'a directory' : 'not a regular file';
      waiting.reject(this.#fileError('not-a-file', path, `it is ${what}`, 'Check the configuration that names it.'));
      return true;
    }
    if (stat.size > maxFileSize) {
      const size = `it has ${Math.round(stat.size / 1024 / 1024)} MiB, more than 16`;
      waiting.reject(this.#fileError('file-too-long', path, size, 'It is not read. Split it, or check what it is.'));
      return true;
    }
    const sum = result.sums.get(path);
    const content = result.contents.get(path);
    const real = result.reals.get(path);
    if (sum === undefined || content === undefined || real === undefined || sha256(content) !== sum) return false;
    const { mode, owner, group } = stat;
    waiting.resolve({ path, real, mode, owner, group, sha256: sum, content });
    return true;
  }

  #unsteady(path: string, result: BatchResult): SignetError {
    return result.sums.has(path)
      ? this.#fileError(
          'file-changing',
          path,
          'it changes while it is read',
          'Somebody is writing it. Scan again later.',
        )
      : this.#fileError('file-unreadable', path, 'it cannot be read, not even by root', 'Check its file system.');
  }

  #fileError(code: string, path: string, why: string, hint: string): SignetError {
    const file = printable(path);
    return failed(code, `${this.server}: ${file}: ${why}`, hint, { server: this.server, file });
  }

  #incomplete(): SignetError {
    const hint = 'Scan again. If it stays so, the tools of this server are of an unknown kind: please report it.';
    return failed('read-incomplete', `${this.server}: the answer of the server is not complete`, hint, {
      server: this.server,
    });
  }
}

function statFact(result: BatchResult, path: string): StatFact | null {
  const stat = result.stats.get(path);
  if (stat === undefined) return null;
  const { type, mode, owner, group } = stat;
  return { path, type, mode, owner, group };
}

function rejectAll(queue: Queue, error: unknown): void {
  const all = [...queue.files.values(), ...queue.stats.values(), ...queue.globs.values()];
  for (const waiting of all) waiting.reject(error);
  for (const { waiting } of queue.execs) waiting.reject(error);
}
