import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { applyScript, runDirectory } from '../../../electron/apply/bundle.ts';
import { layOut } from '../../../electron/apply/layout.ts';
import type { Change, FileStep, Step } from '../../../shared/model.ts';
import { toContent } from '../../../shared/text.ts';

const change = (steps: readonly Step[]): Change => ({
  id: 'switch@mx1',
  intent: 'signing-on',
  server: 'mx1',
  phase: 'switch',
  pending: ['p1'],
  domains: ['example.com'],
  dependsOn: [],
  gates: [],
  requires: [],
  steps,
  probes: [],
  reason: '',
});

const file = (extra: Partial<FileStep> = {}): FileStep => ({
  kind: 'file',
  path: '/etc/table',
  before: null,
  old: null,
  after: toContent('new\n'),
  mode: 0o644,
  owner: 'root:root',
  ...extra,
});

const options = (steps: readonly Step[]) => ({
  run: 'r1',
  change: change(steps),
  who: 'anna',
  secrets: new Map([['k1', 'KEY\n']]),
  confirm: 0,
  tag: 'ab12',
});

const check = (...argv: readonly string[]): Step => ({ kind: 'command', phase: 'check', argv });

describe('what a transaction cannot carry is refused before anything is sent', () => {
  test.each([
    ['path-unsupported', [file({ path: 'etc/table' })]],
    ['path-unsupported', [file({ path: '/etc/../table' })]],
    ['path-unsupported', [file({ path: '/etc/a\nb' })]],
    ['path-unsupported', [file({ path: '/etc/' })]],
    ['owner-unsupported', [file({ owner: 'root' })]],
    ['owner-unsupported', [file({ owner: '-R:root' })]],
    ['content-unsupported', [file({ after: { encoding: 'utf8', text: 'a\0b' } })]],
    ['content-unsupported', [file({ after: { encoding: 'latin1', text: 'č' } })]],
    ['same-file-twice', [file(), file()]],
    ['secret-missing', [file({ after: { secret: 'other' } })]],
    ['staged-file-unknown', [file(), check('cat', '{new:/etc/other}')]],
    ['package-step-unsupported', [{ kind: 'package', manager: 'dnf', name: 'opendkim' }]],
  ] satisfies readonly (readonly [string, readonly Step[]])[])('%s', (code, steps) => {
    expect(() => layOut(options(steps), '/run/lock/x')).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ code }) }),
    );
  });
});

test('a command takes staged paths as arguments, and every other word as it is', () => {
  const files = layOut(
    options([
      file(),
      file({ path: '/etc/other' }),
      check('a b', "it's", '', '--zone={new:/etc/other}', '{new:/etc/table}'),
    ]),
    '/run/lock/x',
  );
  expect(files.get('command/2.sh')).toBe(`exec 'a b' 'it'\\''s' '' '--zone='"\${1}" "\${2}"\n`);
  expect(files.get('manifest')).toContain('command\t2\tcheck\t60\t1,0\t');
});

test('no private key stands anywhere but in its file', () => {
  const files = layOut(options([file({ after: { secret: 'k1' } })]), '/run/lock/x');
  expect([...files].filter(([, bytes]) => bytes.includes('KEY')).map(([path]) => path)).toEqual(['new/0/table']);
});

test('a step that changes nothing is only a condition', () => {
  const files = layOut(options([file({ after: null })]), '/run/lock/x');
  expect(files.get('manifest')).not.toContain('/etc/table');
  expect(files.get('absent')).toBe('/etc/table\n');
});

test('the script is plain ASCII, whatever the content, and a shell can read it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ min: 1, maxLength: 400 }), bytes => {
      const text = Buffer.from(bytes).toString('latin1');
      const script = applyScript(options([file({ after: { encoding: 'latin1', text } })]));
      expect(/^[\t\n\x20-\x7e]*$/.test(script)).toBe(true);
      execFileSync('sh', ['-n'], { input: script });
    }),
    { numRuns: 25 },
  );
});

test('a transaction is named by run, change and the domains that it carries', () => {
  const name = (pending: readonly string[]) => runDirectory('r/1', { id: 'switch@mx 1', pending });
  expect(name(['a', 'b'])).toMatch(/^r_1-switch@mx_1-[0-9a-f]{8}$/);
  expect(name(['b', 'a'])).toBe(name(['a', 'b']));
  expect(name(['a'])).not.toBe(name(['a', 'b']));
});
