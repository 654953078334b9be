/** Which lines of a built program were executed, by V8's own count. */
import { Session } from 'node:inspector/promises';

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

export interface Executed {
  /** The paths of the modules that were looked at. */
  readonly modules: readonly string[];
  readonly missed: readonly string[];
}

export class Execution {
  readonly #session = new Session();

  /** Counts what is loaded from now on. */
  async begin(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /**
   * The lines of the modules whose path begins with `folder` of which a word was never executed, as "path: line". `text` is
   * the program that was loaded from `url`, once or more often (with a query); a line counts when one of them executed it.
   * The bundler writes the path of each module above it: `// electron/hosts/desktop/app.ts`.
   */
  async of(url: string, text: string, folder: string): Promise<Executed> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    await this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
    const lines = linesOf(text, folder);
    const modules = new Set(lines.map(one => one.path));
    const from = lines[0]?.offset ?? 0;
    const to = lines.reduce((end, { offset, line }) => Math.max(end, offset + line.length), from);
    const counts = new Int32Array(to - from);
    for (const script of result) {
      if (script.url.split('?', 1)[0] !== url) continue;
      const ranges = script.functions
        .flatMap(one => one.ranges)
        .filter(one => one.startOffset < to && one.endOffset > from);
      const own = countsOf(ranges, from, to);
      for (let i = 0; i < counts.length; i += 1) counts[i] = (counts[i] ?? 0) + (own[i] ?? 0);
    }
    const missed = lines.flatMap(({ path, offset, line }) =>
      [...line.matchAll(/\w+/g)].some(word => counts[offset - from + word.index] === 0)
        ? [`${path}: ${line.trim()}`]
        : [],
    );
    return { modules: [...modules], missed };
  }
}

/** Of nested ranges the innermost holds: they are written from the widest to the narrowest. */
function countsOf(ranges: readonly Range[], from: number, to: number): Int32Array {
  const counts = new Int32Array(to - from);
  const size = ({ startOffset, endOffset }: Range) => endOffset - startOffset;
  for (const range of [...ranges].sort((one, other) => size(other) - size(one))) {
    counts.fill(range.count, Math.max(0, range.startOffset - from), Math.max(0, range.endOffset - from));
  }
  return counts;
}

interface Line {
  readonly path: string;
  readonly offset: number;
  readonly line: string;
}

function linesOf(text: string, folder: string): readonly Line[] {
  const found: Line[] = [];
  let path = '';
  let offset = 0;
  for (const line of text.split('\n')) {
    const heading = /^\/\/ (\S+\.(?:[cm]?[jt]sx?|json))$/.exec(line);
    if (heading !== null) path = heading[1] ?? '';
    else if (path.startsWith(folder) && !/^\s*(\/\/|\/?\*)/.test(line)) found.push({ path, offset, line });
    offset += line.length + 1;
  }
  return found;
}
