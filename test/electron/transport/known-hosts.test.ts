import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprint, keyType } from '../../../electron/transport/fingerprint.ts';
import {
  knownHostsName,
  lookup,
  matchesList,
  matchesPattern,
  parseKnownHosts,
} from '../../../electron/transport/known-hosts.ts';

const directory = mkdtempSync(join(tmpdir(), 'signet-known-'));
/** "type base64" of real keys. */
const keys: string[] = [];

beforeAll(() => {
  for (const type of ['ed25519', 'rsa', 'ecdsa']) {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(directory, type)]);
    keys.push(
      readFileSync(join(directory, `${type}.pub`), 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' '),
    );
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

function printOf(key: string | undefined): string {
  return fingerprint(Buffer.from(key?.split(' ')[1] ?? '', 'base64'));
}

function pins(text: string, host: string, port = 22): readonly string[] {
  return lookup(text, host, port).pinned.map(pin => pin.fingerprint);
}

test('fingerprints are those of ssh-keygen', () => {
  for (const type of ['ed25519', 'rsa', 'ecdsa']) {
    const printed = execFileSync('ssh-keygen', ['-lf', join(directory, `${type}.pub`)])
      .toString()
      .split(' ')[1];
    const [, base64 = ''] = readFileSync(join(directory, `${type}.pub`), 'utf8').split(' ');
    expect(fingerprint(Buffer.from(base64, 'base64'))).toBe(printed);
  }
  expect(keyType(Buffer.from([0, 0, 0, 9, 1]))).toBeNull();
  expect(keyType(Buffer.alloc(0))).toBeNull();
});

test('names, ports, lists, wildcards, negation', () => {
  const [ed, rsa] = keys;
  const text = [
    '# a comment',
    '',
    `alpha.example,10.0.0.1 ${ed} comment with words`,
    `alpha.example ${rsa}`,
    `[alpha.example]:2222 ${rsa}`,
    `*.beta.example,!bad.beta.example ${ed}`,
    `  gamma?.EXAMPLE\t${ed}`,
    `[*.delta.example]:22?? ${ed}`,
    `* ssh-ed25519 notbase64!`,
    `short ssh-ed25519`,
    `alpha.example 1024 35 12345678901234567890`,
    `liar.example ssh-rsa ${ed?.split(' ')[1]}`,
  ].join('\r\n');
  expect(pins(text, 'alpha.example')).toEqual([printOf(ed), printOf(rsa)]);
  expect(pins(text, 'ALPHA.example')).toEqual([printOf(ed), printOf(rsa)]);
  expect(pins(text, '10.0.0.1')).toEqual([printOf(ed)]);
  expect(pins(text, 'alpha.example', 2222)).toEqual([printOf(rsa)]);
  expect(pins(text, 'alpha.example', 2223)).toEqual([]);
  expect(pins(text, 'mx.beta.example')).toEqual([printOf(ed)]);
  expect(pins(text, 'bad.beta.example')).toEqual([]);
  expect(pins(text, 'beta.example')).toEqual([]);
  expect(pins(text, 'gamma1.example')).toEqual([printOf(ed)]);
  expect(pins(text, 'gamma12.example')).toEqual([]);
  expect(pins(text, 'x.delta.example', 2299)).toEqual([printOf(ed)]);
  expect(pins(text, 'x.delta.example', 22)).toEqual([]);
  expect(pins(text, 'liar.example')).toEqual([]);
});

test('revoked keys are not pinned, and authorities are named', () => {
  const [ed, rsa] = keys;
  const text = `a.example ${ed}\n@revoked * ${ed}\n@cert-authority *.example ${rsa}\n@unknown a.example ${rsa}\n`;
  const found = lookup(text, 'a.example', 22);
  expect(found.pinned).toEqual([]);
  expect(found.revoked).toEqual([{ fingerprint: printOf(ed), type: 'ssh-ed25519' }]);
  expect(found.unsupported.map(each => each.line)).toEqual([3]);
  expect(lookup(text, 'other.test', 22).unsupported).toEqual([]);
});

test('the same key twice is one pin', () => {
  expect(pins(`a ${keys[0]}\na,b ${keys[0]}\n`, 'a')).toHaveLength(1);
});

describe('against ssh-keygen', () => {
  /** What `ssh-keygen -F` finds: "type base64" of each. */
  function found(file: string, name: string): readonly string[] {
    const { stdout } = spawnSync('ssh-keygen', ['-F', name, '-f', file]);
    return stdout
      .toString()
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => line.split(' ').slice(1, 3).join(' '));
  }

  const hosts = ['a.example', 'b.example', 'sub.a.example', '10.0.0.7', 'fe80::1', 'x'];
  const pattern = fc.constantFrom(...hosts, '*.example', '?.example', '*', '!a.example', '!*.a.example', '10.0.0.?');
  const names = fc.array(pattern, { minLength: 1, maxLength: 3 });
  const ported = names.map(list => list.map(each => each.replace(/^(!?)(.*)$/, '$1[$2]:2222')));
  const line = fc.tuple(fc.oneof(names, ported), fc.nat(2));

  test('plain files, any pattern', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 6 }),
        fc.constantFrom(...hosts),
        fc.constantFrom(22, 2222),
        (lines, host, port) => {
          const text = lines.map(([list, key]) => `${list.join(',')} ${keys[key]}\n`).join('');
          const file = join(directory, 'plain');
          writeFileSync(file, text);
          const theirs = new Set(found(file, knownHostsName(host, port)).map(printOf));
          expect(new Set(pins(text, host, port))).toEqual(theirs);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('files hashed by ssh-keygen -H', () => {
    const text = hosts
      .map((host, index) => `${host} ${keys[index % 3]}\n[${host}]:2222 ${keys[(index + 1) % 3]}\n`)
      .join('');
    const file = join(directory, 'hashed');
    writeFileSync(file, text);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    const hashed = readFileSync(file, 'utf8');
    expect(hashed).not.toContain('example');
    for (const host of [...hosts, 'nobody.example']) {
      for (const port of [22, 2222, 2223]) expect(pins(hashed, host, port)).toEqual(pins(text, host, port));
    }
  });
});

test('matching is that of a regular expression, and fast for hostile patterns', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(glob, text, (pattern, name) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
      expect(matchesPattern(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 2000 },
  );
  const started = Date.now();
  expect(matchesPattern('*a*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(5000))).toBe(false);
  expect(Date.now() - started).toBeLessThan(10_000);
});

test('a list with only negated patterns matches nothing', () => {
  expect(matchesList(['!a'], 'b')).toBe(false);
  expect(matchesList(['*', '!a'], 'a')).toBe(false);
});

test('no text makes the parser throw, and every key it yields is one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      for (const each of parseKnownHosts(text)) expect(each.key.fingerprint).toMatch(/^SHA256:/);
      lookup(`${text}\n|1|${text}|${text} ssh-rsa AAAA`, 'host', 22);
    }),
  );
});
