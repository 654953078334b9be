/** The driver on configurations as `postconf` prints them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { driver } from '../../../../electron/drivers/mta/postfix.ts';
import { splitList } from '../../../../electron/drivers/mta/postfix/tokens.ts';
import { createMemoryHost, succeeded } from '../../../fakes/memory-host.ts';

type Settings = Readonly<Record<string, string>>;

interface Fixture {
  readonly parameters: Settings;
  readonly overrides?: Settings;
  readonly chrooted?: readonly string[];
  readonly files?: Settings;
  readonly maps?: Settings;
  readonly instances?: Readonly<Record<string, { readonly name: string; readonly parameters: Settings }>>;
  readonly expect: {
    readonly domains: readonly (readonly [string, string])[];
    readonly notEnumerable: readonly (readonly [string, string])[];
    readonly milters: readonly unknown[];
    readonly problems: readonly string[];
  };
}

const folder = fileURLToPath(new URL('../../../fixtures/postfix', import.meta.url));
const fixtures = readdirSync(folder).map(file => ({
  name: file.replace('.json', ''),
  fixture: JSON.parse(readFileSync(join(folder, file), 'utf8')) as Fixture,
}));

/** What a server sends are bytes. */
const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const settings = (all: Settings) =>
  bytes(
    Object.entries(all)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  );

function hostOf(fixture: Fixture) {
  const files = Object.fromEntries(Object.entries(fixture.files ?? {}).map(([path, text]) => [path, bytes(text)]));
  const maps = new Map(Object.entries(fixture.maps ?? {}).map(([map, text]) => [bytes(map), bytes(text)]));
  return createMemoryHost({
    files,
    exec: argv => {
      const [program, ...rest] = argv;
      const at = rest[0] === '-c' ? (rest[1] ?? '') : '';
      const words = rest[0] === '-c' ? rest.slice(2) : rest;
      const instance = fixture.instances?.[at];
      if (program === 'postmulti') {
        const others = Object.entries(fixture.instances ?? {}).map(([path, { name }]) => `${name} - y ${path}\n`);
        return succeeded(`-               -               y         /etc/postfix\n${others.join('')}`);
      }
      if (program === 'postmap') {
        const keys = maps.get(words[1] ?? '');
        return keys === undefined
          ? { code: 1, stdout: '', stderr: 'postmap: fatal: open database\n' }
          : succeeded(keys);
      }
      if (program !== 'postconf') return undefined;
      if (words[0] === '-h') return succeeded('3.7.11\n');
      if (words[0] === '-P') return succeeded(instance === undefined ? settings(fixture.overrides ?? {}) : '');
      if (words[0] === '-F') {
        return succeeded(
          settings(Object.fromEntries((fixture.chrooted ?? []).map(service => [`${service}/chroot`, 'y']))),
        );
      }
      const parameters = instance?.parameters ?? fixture.parameters;
      return succeeded(settings({ ...parameters, config_directory: at === '' ? '/etc/postfix' : at }));
    },
  });
}

describe.each(fixtures)('$name', ({ fixture }) => {
  test('is seen as it is', async () => {
    const host = hostOf(fixture);
    expect(await driver.detect(host)).toBe(true);
    const before = host.roundTrips();
    const facts = await driver.scan(host);
    expect(host.roundTrips() - before).toBeLessThanOrEqual(4);
    const view = driver.view(facts);
    expect({
      domains: view.domains.map(({ domain, source }) => [domain, source]),
      notEnumerable: view.notEnumerable.map(({ source, reason }) => [source, reason]),
      milters: view.milters.map(({ endpoint }) => endpoint),
      problems: view.problems.map(problem => problem.code).sort(),
    }).toEqual(fixture.expect);
    expect(view.version).toBe('3.7.11');
    const said = JSON.stringify([view.problems, view.notEnumerable, view.domains]);
    // oxlint-disable-next-line no-control-regex -- what must not reach a terminal
    expect(said).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
  });
});

test('what is not installed is not detected, and what fails says so', async () => {
  expect(await driver.detect(createMemoryHost({ files: {} }))).toBe(false);
  const broken = createMemoryHost({
    files: {},
    exec: () => ({ code: 1, stdout: '', stderr: 'postconf: fatal: \u001b[2J' }),
  });
  await expect(driver.scan(broken)).rejects.toMatchObject({
    problem: { code: 'postfix-unreadable', message: expect.not.stringContaining('\u001b') },
  });
});

test('ten thousand domains cost the same round trips', async () => {
  const domains = Array.from({ length: 10_000 }, (_, index) => `d${index}.example`);
  const host = hostOf({
    parameters: { myhostname: 'mx.example.net', virtual_alias_domains: '/etc/postfix/d', mail_version: '3.7.11' },
    files: { '/etc/postfix/d': domains.join('\n') },
    expect: { domains: [], notEnumerable: [], milters: [], problems: [] },
  });
  const view = driver.view(await driver.scan(host));
  expect(view.domains).toHaveLength(10_000);
  expect(host.roundTrips()).toBeLessThanOrEqual(3);
});

test('words of a list are split at blanks and commas outside of braces, and nothing is lost', () => {
  const word = fc.stringMatching(/^[a-z.:/]{1,8}$/);
  const braced = fc.array(word, { maxLength: 3 }).map(words => `inline:{ ${words.join(', ')} }`);
  const words = fc.array(fc.oneof(word, braced), { maxLength: 8 });
  fc.assert(
    fc.property(words, fc.constantFrom(' ', ',', ', ', '\t', '\n'), (list, separator) => {
      expect(splitList(list.join(separator))).toEqual(list);
    }),
  );
});
