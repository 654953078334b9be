/**
 * The directives of an ssh_config in the order in which ssh reads them, each with the Host lines that it stands under.
 * Include is resolved here; a Match block is never evaluated (`Match exec` runs a command), it is only named.
 */
import { isAbsolute, join } from 'node:path';
import { parse } from 'ssh-config';
import type { Directive, Line, Section } from 'ssh-config';
import { printable } from '../../shared/text.ts';

export interface ConfigDirective {
  /** Lower case. */
  readonly keyword: string;
  readonly values: readonly string[];
  /** Pattern lists that must all match: the Host line, and those around the Include that brought it. */
  readonly hosts: readonly (readonly string[])[];
}

export interface NotImported {
  readonly text: string;
  readonly reason: string;
}

export interface ConfigSource {
  /** The text of a file; rejects or throws when it cannot be read. */
  readonly readFile: (path: string) => string | Promise<string>;
  /** Paths that match a shell pattern. */
  readonly glob: (pattern: string) => readonly string[] | Promise<readonly string[]>;
  readonly home: string;
}

export interface ConfigLines {
  readonly directives: readonly ConfigDirective[];
  /** Pattern lists of all Host lines, in their order. */
  readonly hostLines: readonly (readonly string[])[];
  readonly notImported: readonly NotImported[];
}

/** ssh's own limit (READCONF_MAX_DEPTH). */
const maxDepth = 16;

function isSection(line: Line): line is Section {
  return 'config' in line;
}

function isDirective(line: Line): line is Directive {
  return 'param' in line && line.param !== '';
}

function valuesOf(directive: Directive): readonly string[] {
  return typeof directive.value === 'string' ? [directive.value] : directive.value.map(each => each.val);
}

/** Where a file is read: what it stands under, and how it was come to. */
interface Place {
  readonly hosts: readonly (readonly string[])[];
  readonly stack: readonly string[];
}

class Reader {
  readonly directives: ConfigDirective[] = [];
  readonly hostLines: (readonly string[])[] = [];
  readonly notImported: NotImported[] = [];
  readonly #source: ConfigSource;

  constructor(source: ConfigSource) {
    this.#source = source;
  }

  async file(path: string, place: Place): Promise<void> {
    if (place.stack.includes(path)) return this.#leaveOut(`Include ${path}`, 'the file includes itself');
    if (place.stack.length > maxDepth) return this.#leaveOut(`Include ${path}`, 'files are included too deeply');
    let lines: readonly Line[];
    try {
      lines = parse(await this.#source.readFile(path));
    } catch (error) {
      return this.#leaveOut(
        path,
        error instanceof Error ? `it cannot be read: ${printable(error.message)}` : 'it cannot be read',
      );
    }
    await this.#lines(lines, { ...place, stack: [...place.stack, path] });
  }

  async #lines(lines: readonly Line[], place: Place): Promise<void> {
    for (const line of lines) {
      if (!isDirective(line)) continue;
      if (isSection(line)) await this.#section(line, place);
      else if (/^include$/i.test(line.param)) await this.#include(valuesOf(line), place);
      else this.directives.push({ keyword: line.param.toLowerCase(), values: valuesOf(line), hosts: place.hosts });
    }
  }

  async #section(section: Section, place: Place): Promise<void> {
    const values = valuesOf(section);
    if (/^match$/i.test(section.param)) {
      const reason = 'Match blocks are not evaluated: what they set is not known';
      return this.#leaveOut(`Match ${values.join(' ')}`, reason);
    }
    this.hostLines.push(values);
    await this.#lines(section.config, { ...place, hosts: [...place.hosts, values] });
  }

  async #include(patterns: readonly string[], place: Place): Promise<void> {
    for (const pattern of patterns) {
      const home = pattern === '~' || pattern.startsWith('~/') ? join(this.#source.home, pattern.slice(1)) : pattern;
      const absolute = isAbsolute(home) ? home : join(this.#source.home, '.ssh', home);
      const paths = /[*?[]/.test(absolute) ? [...(await this.#source.glob(absolute))].sort() : [absolute];
      for (const path of paths) await this.file(path, place);
    }
  }

  #leaveOut(text: string, reason: string): void {
    this.notImported.push({ text: printable(text), reason });
  }
}

export async function readConfigLines(file: string, source: ConfigSource): Promise<ConfigLines> {
  const reader = new Reader(source);
  await reader.file(file, { hosts: [], stack: [] });
  return reader;
}
