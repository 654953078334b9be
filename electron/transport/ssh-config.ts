/**
 * Servers out of an ssh_config, by ssh_config(5): the first value wins, patterns with negation, Include, tokens. Nothing is
 * run: ProxyCommand and Match are named as not imported.
 */
import { globSync } from 'node:fs';
import { access, readFile as readFileOf } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { matchesList, matchesPattern } from './known-hosts.ts';
import { readConfigLines } from './ssh-config-lines.ts';
import type { ConfigLines, NotImported } from './ssh-config-lines.ts';
import type { LoginMethod } from '../../shared/model.ts';
import { printable } from '../../shared/text.ts';

export interface ImportedServer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly login: LoginMethod;
  /** The name of another imported server. */
  readonly jump: string | null;
  /** All key files in their order; `login` names the first that is there. */
  readonly identityFiles: readonly string[];
  /** Path of an agent's socket; null: the usual one. */
  readonly identityAgent: string | null;
  /** Where its host key may be found. Look it up under `knownHostsName`. */
  readonly knownHostsFiles: readonly string[];
  /** HostKeyAlias, else `host`. */
  readonly knownHostsName: string;
}

export interface ImportOptions {
  /** Default ~/.ssh/config. */
  readonly file?: string;
  /** Names or patterns of hosts; default: every host that is named in full. */
  readonly patterns?: readonly string[];
  readonly readFile?: (path: string) => string | Promise<string>;
  readonly glob?: (pattern: string) => readonly string[] | Promise<readonly string[]>;
  readonly exists?: (path: string) => boolean | Promise<boolean>;
  readonly home?: string;
  readonly localUser?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface ImportResult {
  /** A jump host stands before those behind it. */
  readonly servers: readonly ImportedServer[];
  readonly notImported: readonly NotImported[];
}

type Settings = Required<Omit<ImportOptions, 'file' | 'patterns'>>;

function settingsOf(options: ImportOptions): Settings {
  return {
    readFile: options.readFile ?? (path => readFileOf(path, 'utf8')),
    glob: options.glob ?? (pattern => globSync(pattern)),
    exists:
      options.exists ??
      (path =>
        access(path).then(
          () => true,
          () => false,
        )),
    home: options.home ?? homedir(),
    localUser: options.localUser ?? userInfo().username,
    environment: options.environment ?? process.env,
  };
}

/** What is set for one host name. */
class HostSettings {
  readonly #lines: ConfigLines;
  readonly #name: string;

  constructor(lines: ConfigLines, name: string) {
    this.#lines = lines;
    this.#name = name;
  }

  /** All values of a keyword that apply, in their order. */
  all(keyword: string): readonly (readonly string[])[] {
    return this.#lines.directives
      .filter(each => each.keyword === keyword && each.hosts.every(list => matchesList(list, this.#name)))
      .map(each => each.values);
  }

  first(keyword: string): string | null {
    return this.all(keyword)[0]?.join(' ') ?? null;
  }

  /** Of several keywords the one that comes first. */
  whichFirst(keywords: readonly string[]): { readonly keyword: string; readonly value: string } | null {
    const found = this.#lines.directives.find(
      each => keywords.includes(each.keyword) && each.hosts.every(list => matchesList(list, this.#name)),
    );
    return found === undefined ? null : { keyword: found.keyword, value: found.values.join(' ') };
  }
}

/** One hop of ProxyJump: [user@]host[:port], or ssh://[user@]host[:port]. */
export interface Hop {
  readonly user: string | null;
  readonly host: string;
  readonly port: number | null;
}

export function parseHop(text: string): Hop | null {
  const [, user, bracketed, plain, port] =
    /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]{1,5}))?\/?$/.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || host === '') return null;
  return { user: user ?? null, host, port: port === undefined ? null : Number(port) };
}

class Importer {
  readonly servers = new Map<string, ImportedServer>();
  readonly notImported: NotImported[];
  readonly #lines: ConfigLines;
  readonly #settings: Settings;
  readonly #under = new Set<string>();

  constructor(lines: ConfigLines, settings: Settings) {
    this.#lines = lines;
    this.#settings = settings;
    this.notImported = [...lines.notImported];
  }

  leaveOut(text: string, reason: string): void {
    this.notImported.push({ text: printable(text), reason });
  }

  /** Imports a host and what it jumps through. Returns whether it could. */
  async host(
    name: string,
    hop: Hop = { user: null, host: name, port: null },
    through?: string | null,
  ): Promise<boolean> {
    if (this.servers.has(name)) return true;
    if (this.#under.has(name)) {
      this.leaveOut(`Host ${name}`, 'its jump hosts go in a circle');
      return false;
    }
    this.#under.add(name);
    const server = await this.#resolve(name, hop, through);
    this.#under.delete(name);
    if (server !== null) this.servers.set(name, server);
    return server !== null;
  }

  async #resolve(name: string, hop: Hop, through: string | null | undefined): Promise<ImportedServer | null> {
    const set = new HostSettings(this.#lines, hop.host);
    const port = hop.port ?? Number(set.first('port') ?? 22);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      this.leaveOut(`Host ${name}`, 'its Port is no port number');
      return null;
    }
    const host = (set.first('hostname') ?? hop.host)
      .replaceAll(/%([%h])/g, (_, token: string) => (token === '%' ? '%' : hop.host))
      .toLowerCase();
    const user = hop.user ?? set.first('user') ?? this.#settings.localUser;
    const jump = through === undefined ? await this.#jump(name, set) : through;
    if (jump === undefined) return null;
    const path = (text: string): string => this.#path(text, { h: host, r: user, n: hop.host, p: String(port) });
    const identityFiles = set
      .all('identityfile')
      .map(values => values.join(' '))
      .filter(file => file.toLowerCase() !== 'none')
      .map(path);
    const agent = set.first('identityagent');
    const usualAgent = agent === null || agent === 'SSH_AUTH_SOCK' || agent === 'none';
    const known = set.all('userknownhostsfile')[0] ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
    return {
      name,
      host,
      port,
      user,
      login: await this.#login(identityFiles),
      jump,
      identityFiles,
      identityAgent: usualAgent ? null : path(agent),
      knownHostsFiles: known.filter(file => file !== 'none').map(path),
      knownHostsName: set.first('hostkeyalias') ?? host,
    };
  }

  /** Without a key file of its own a host is left to the agent, as ssh would. */
  async #login(identityFiles: readonly string[]): Promise<LoginMethod> {
    const [first] = identityFiles;
    if (first === undefined) return { method: 'agent' };
    for (const identity of identityFiles) if (await this.#settings.exists(identity)) return { method: 'key', identity };
    return { method: 'key', identity: first };
  }

  /** The name of the last jump host; null: none; undefined: it cannot be imported. */
  async #jump(name: string, set: HostSettings): Promise<string | null | undefined> {
    const proxy = set.whichFirst(['proxyjump', 'proxycommand']);
    if (proxy === null || proxy.value.toLowerCase() === 'none') return null;
    if (proxy.keyword === 'proxycommand') {
      this.leaveOut(`Host ${name}`, 'it is reached with a ProxyCommand: use ProxyJump');
      return undefined;
    }
    let before: string | null | undefined;
    for (const text of proxy.value.split(',')) {
      const hop = parseHop(text);
      if (hop === null) {
        this.leaveOut(`Host ${name}`, `its ProxyJump is not understood: ${printable(text, 60)}`);
        return undefined;
      }
      const hopName = this.#hopName(hop, before);
      if (!(await this.host(hopName, hop, before))) {
        this.leaveOut(`Host ${name}`, `its jump host ${printable(text, 60)} is not imported`);
        return undefined;
      }
      before = hopName;
    }
    return before;
  }

  /**
   * A hop keeps its name where nothing distinguishes it from the host of that name. In a chain each hop goes through the
   * one before it, whatever its own ProxyJump says.
   */
  #hopName(hop: Hop, before: string | null | undefined): string {
    const parts = [hop.user, hop.host, hop.port === null ? null : String(hop.port)].filter(part => part !== null);
    const own = parts.join('-').replaceAll(/[^A-Za-z0-9._-]/g, '-');
    return before === null || before === undefined ? own : `${own}-via-${before}`;
  }

  /** ~, tokens (ssh_config(5), TOKENS) and ${VARIABLES} of a path. */
  #path(text: string, tokens: Readonly<Record<string, string>>): string {
    const { home, localUser, environment } = this.#settings;
    const all: Readonly<Record<string, string>> = { ...tokens, '%': '%', d: home, u: localUser };
    const expanded = text
      .replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, variable: string) => environment[variable] ?? whole)
      .replaceAll(/%(.)/g, (whole, token: string) => all[token] ?? whole);
    return expanded === '~' || expanded.startsWith('~/') ? join(home, expanded.slice(1)) : expanded;
  }
}

function isLiteral(pattern: string): boolean {
  return !/[*?!]/.test(pattern);
}

/** Reads an ssh_config. Never rejects for its content: what cannot be used stands in `notImported` with the reason. */
export async function importSshConfig(options: ImportOptions = {}): Promise<ImportResult> {
  const settings = settingsOf(options);
  const file = options.file ?? join(settings.home, '.ssh', 'config');
  const lines = await readConfigLines(file, settings);
  const importer = new Importer(lines, settings);
  const named = [...new Set(lines.hostLines.flat().filter(isLiteral))];
  const wanted = options.patterns === undefined || options.patterns.length === 0 ? ['*'] : options.patterns;
  for (const pattern of wanted) {
    const names = named.filter(name => matchesPattern(pattern, name));
    // A name that only a pattern of the file covers is a host too, when it is asked for by its name
    const covered =
      isLiteral(pattern) && lines.hostLines.some(list => list.join() !== '*' && matchesList(list, pattern));
    if (names.length === 0 && covered) names.push(pattern);
    if (names.length === 0 && pattern !== '*') importer.leaveOut(pattern, 'there is no Host of that name');
    for (const name of names) await importer.host(name);
  }
  return { servers: [...importer.servers.values()], notImported: importer.notImported };
}
