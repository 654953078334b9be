/** Plans on generated tables: a domain ends up as asked or is refused, no other domain changes, and nothing is left to do. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SignerEdit } from '../../../../electron/drivers/api.ts';
import { driver } from '../../../../electron/drivers/signers/opendkim.ts';
import type { OpenDkimFacts } from '../../../../electron/drivers/signers/opendkim/facts.ts';
import { readModel } from '../../../../electron/drivers/signers/opendkim/model.ts';
import { readSigning, selectorsOf } from '../../../../electron/drivers/signers/opendkim/signing.ts';
import { carryOut, hostOf, sampleKeys, type Case } from './opendkim-host.ts';

const domains = ['a.example', 'b.example', 'sub.a.example', 'c.test'];
const keys = [
  ...domains.flatMap(domain =>
    ['s1', 's2'].map(selector => `${selector}.${domain} ${domain}:${selector}:/etc/dkimkeys/k`),
  ),
  'any %:s9:/etc/dkimkeys/k',
  'foreign foreign.test:f:/etc/dkimkeys/k',
].join('\n');
const names = [...domains.flatMap(domain => [`s1.${domain}`, `s2.${domain}`]), 'any', 'foreign', 'unknown'];
const patterns = [
  ...domains.map(domain => `*@${domain}`),
  ...domains.map(domain => `bob@${domain}`),
  '*@*.a.example',
  '*@*.example',
  '*',
  '*@*a.example',
  'b*@a.example',
  '*@B.example',
];
const plain = [...domains, ...domains.map(domain => `bob@${domain}`), '.a.example', '.example', '*', 'bob@*'];

const line = (all: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...all), fc.constantFrom(' ', '\t'), fc.constantFrom(...names), fc.constantFrom('', ' # x'))
    .map(parts => parts.join(''));
const table = (all: readonly string[]) =>
  fc
    .tuple(fc.array(line(all), { maxLength: 8 }), fc.boolean())
    .map(([lines, end]) => lines.join('\n') + (end && lines.length > 0 ? '\n' : ''));

const setup = fc.oneof(
  fc.record({ kind: fc.constant('refile:'), text: table(patterns), multiple: fc.boolean() }),
  fc.record({ kind: fc.constant('file:'), text: table(plain), multiple: fc.boolean() }),
);
const selectors = fc.constantFrom(['s1'], ['s2'], ['s1', 's2']);
const edit = fc.oneof(
  fc.record({ kind: fc.constant('activate' as const), domain: fc.constantFrom(...domains), selectors }),
  fc.record({ kind: fc.constant('deactivate' as const), domain: fc.constantFrom(...domains) }),
);

function filesOf({
  kind,
  text,
  multiple,
}: {
  readonly kind: string;
  readonly text: string;
  readonly multiple: boolean;
}): Case['files'] {
  const config = `UserID opendkim\nSocket inet:8891@localhost\nKeyTable /etc/opendkim/kt\nSigningTable ${kind}/etc/opendkim/st\n`;
  return {
    '/etc/opendkim.conf': { content: multiple ? `${config}MultipleSignatures yes\n` : config },
    '/etc/opendkim/kt': { content: keys },
    '/etc/opendkim/st': { content: text },
    '/etc/dkimkeys/k': { content: sampleKeys.strong, mode: 0o600, owner: 'opendkim', group: 'opendkim' },
  };
}

/** What each domain is signed with, and one that no table names. */
function signed(facts: OpenDkimFacts): Record<string, readonly string[]> {
  const model = readModel(facts);
  const tables = readSigning(model);
  return Object.fromEntries(
    [...domains, 'nobody.test', 'x.sub.a.example'].map(domain => [
      domain,
      [...selectorsOf(tables, domain, model.multiple)].sort(),
    ]),
  );
}

async function check(files: Case['files'], wish: SignerEdit): Promise<void> {
  const facts = await driver.scan(hostOf(files));
  const domain = wish.kind === 'install' ? '' : wish.domain;
  const before = signed(facts);
  const planned = driver.plan(facts, [wish]);
  if (planned.refused.length > 0) {
    expect(planned.steps).toEqual([]);
    expect(planned.refused[0]?.problem.message).not.toContain('undefined');
    return;
  }
  const after = carryOut(files, planned.steps, {});
  const scanned = await driver.scan(hostOf(after));
  const wanted = wish.kind === 'activate' ? [...wish.selectors].sort() : [];
  expect(signed(scanned)).toEqual({ ...before, [domain]: wanted });
  expect(signed(planned.after)).toEqual(signed(scanned));
  expect(driver.plan(scanned, [wish])).toMatchObject({ steps: [], refused: [] });
  // no line of another domain is touched
  const foreign = (content = '') =>
    content.split('\n').filter(each => each !== '' && !each.split(/\s/)[0]?.toLowerCase().endsWith(domain));
  expect(foreign(after['/etc/opendkim/st']?.content)).toEqual(foreign(files['/etc/opendkim/st']?.content));
}

test('a domain ends up as asked or is refused; no other domain changes', async () => {
  await fc.assert(
    fc.asyncProperty(setup, edit, (tables, wish) => check(filesOf(tables), wish)),
    { numRuns: 400 },
  );
}, 60_000);

test('switching on and off again restores every byte', async () => {
  await fc.assert(
    fc.asyncProperty(setup, fc.constantFrom(...domains), async (tables, domain) => {
      const files = filesOf(tables);
      const facts = await driver.scan(hostOf(files));
      // the domain has no line of its own yet
      fc.pre(
        !tables.text
          .toLowerCase()
          .split('\n')
          .some(each => each.split(/\s/)[0]?.endsWith(domain)),
      );
      const on = driver.plan(facts, [{ kind: 'activate', domain, selectors: ['s1'] }]);
      fc.pre(on.refused.length === 0 && on.steps.length > 0);
      const off = driver.plan(on.after, [{ kind: 'deactivate', domain }]);
      fc.pre(off.refused.length === 0);
      expect(carryOut(carryOut(files, on.steps, {}), off.steps, {})['/etc/opendkim/st']).toEqual(
        files['/etc/opendkim/st'],
      );
    }),
    { numRuns: 200 },
  );
}, 60_000);
