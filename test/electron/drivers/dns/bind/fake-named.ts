/** named in memory: what its tools answer, made from a list of zones. */
import { createMemoryHost, succeeded, type MemoryFile, type MemoryHost } from '../../../../fakes/memory-host.ts';

export interface FakeZone {
  readonly name: string;
  readonly view?: string;
  /** Statements of the zone beside its file. */
  readonly config?: string;
  readonly file?: string;
  readonly text?: string;
  /** Lines of `rndc zonestatus` beside name and serial; null: named does not have it. */
  readonly status?: string | null;
  /** What `named-checkconf -z` says of it. */
  readonly error?: string;
  /** What `named-compilezone -j` prints. */
  readonly records?: string;
}

export interface FakeNamed {
  readonly zones: readonly FakeZone[];
  readonly options?: string;
  /** Statements before the options. */
  readonly acls?: string;
  readonly files?: Readonly<Record<string, string | MemoryFile>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly running?: boolean;
  readonly checkconf?: { readonly code: number; readonly stderr: string };
}

/** Names are relative: the text fits any zone. */
export function plainZone(serial = 5, more = ''): string {
  return `$TTL 1h\n@ IN SOA ns.host.example. h ${serial} 1h 1h 1h 1h\n@ IN NS ns.host.example.\n${more}`;
}

const fileOf = (zone: FakeZone): string => zone.file ?? `/etc/bind/db.${zone.name}`;

function statement(zone: FakeZone): string {
  const config = zone.config ?? `type primary; file "${fileOf(zone)}";`;
  return `zone "${zone.name}" { ${config} };\n`;
}

function canonicalConfig({ zones, options, acls }: FakeNamed): string {
  const views = Map.groupBy(zones, zone => zone.view ?? '');
  const blocks = [...views].map(([view, inside]) => {
    const text = inside.map(statement).join('');
    return view === '' ? text : `view "${view}" {\n${text}};\n`;
  });
  return `${acls ?? ''}options {\n\tdirectory "/var/cache/bind";\n${options ?? ''}};\n${blocks.join('')}`;
}

function zoneStatus(zone: FakeZone): string {
  if (zone.status === null) return "rndc: 'zonestatus' failed: zone not loaded";
  const serial = /SOA \S+ \S+ \(?\s*(\d+)/.exec(zone.text ?? '')?.[1] ?? '5';
  return `name: ${zone.name}\ntype: primary\nserial: ${serial}\n${zone.status ?? 'secure: no\ndynamic: no'}\n`;
}

export function createNamed(named: FakeNamed): MemoryHost {
  const { zones, running = true } = named;
  const find = (name: string, view: string) =>
    zones.find(zone => zone.name.toLowerCase() === name && (zone.view ?? '_default') === view);
  const texts = zones.flatMap(zone => (zone.text === undefined ? [] : [[fileOf(zone), zone.text] as const]));
  return createMemoryHost({
    files: {
      '/etc/bind/named.conf': 'include "/etc/bind/named.conf.local";\nkey "ddns" { secret "c2VjcmV0LXNlY3JldA=="; };\n',
      '/etc/bind/named.conf.local': canonicalConfig(named),
      ...Object.fromEntries(texts),
      ...named.files,
    },
    ...(named.links === undefined ? {} : { links: named.links }),
    exec: (argv, stdin) => {
      const [program, flag, , name] = argv;
      const lines = stdin.split('\n').filter(line => line !== '');
      if (program === 'rndc' && flag === 'status') {
        if (!running) return { code: 1, stdout: '', stderr: 'rndc: connect failed: 127.0.0.1#953: connection refused' };
        return succeeded('version: BIND 9.18.49-1-Debian (ESV) <id:>\nconfiguration file: /etc/bind/named.conf\n');
      }
      if (program === 'named-checkconf' && flag === '-px') {
        return named.checkconf === undefined ? succeeded(canonicalConfig(named)) : { ...named.checkconf, stdout: '' };
      }
      if (program === 'named-checkconf' && flag === '-z') {
        const errors = zones.flatMap(zone =>
          zone.error === undefined
            ? []
            : [`zone ${zone.name}/IN: ${zone.error}`, `${zone.view ?? '_default'}/${zone.name}/IN: bad zone`],
        );
        return { code: errors.length === 0 ? 0 : 1, stdout: errors.join('\n'), stderr: '' };
      }
      if (name === 'signet-zone-status') {
        const answers = lines.map(line => {
          const [zone = '', view = ''] = line.split(' ');
          const found = find(zone, view);
          return `\u001E${zone} ${view}\n${found === undefined ? 'no matching zone' : zoneStatus(found)}\n`;
        });
        return succeeded(answers.join(''));
      }
      if (name === 'signet-dynamic-zones') {
        const answers: string[] = [];
        for (let i = 0; i < lines.length; i += 2) {
          const zone = zones.find(one => one.name === lines[i] && fileOf(one) === lines[i + 1]);
          answers.push(`\u001E${lines[i]} ${lines[i + 1]}\n${zone?.records ?? ''}`);
        }
        return succeeded(answers.join(''));
      }
      return program === 'sh' ? succeeded('/usr/sbin/named\n') : undefined;
    },
  });
}
