/** Transactions on a real host (s7), over SSH, with the faults that real ones meet. Each ends as before, or as planned. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyChange, readOutcome, type Transaction } from '../../../electron/apply/transaction.ts';
import type { Session, Transport } from '../../../electron/transport/api.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import type { Change, CommandStep, FileStep, ServerConfig, Step } from '../../../shared/model.ts';
import { toContent } from '../../../shared/text.ts';
import { useHosts } from '../../tools/hosts.ts';
import { fault, lab, labServer } from '../../tools/lab.ts';

const host = 's7';
const home = '/etc/apply-test';
const secret = '-----BEGIN PRIVATE KEY-----\nbGFiLXNlY3JldA==\n-----END PRIVATE KEY-----\n';
const olds = { KeyTable: 'old keys\n', SigningTable: 'old signing', 'zones/db.one': 'zone one \xe9\r\n' } as const;
type Name = keyof typeof olds;

let transport: Transport;
let config: ServerConfig;
let count = 0;
let run = '';

/** Type, mode, owner and content of everything there. */
const tree = () =>
  lab.sh(host, `cd ${home} && find . -printf '%p %y %m %u:%g\\n' | sort && find . -type f | sort | xargs sha256sum`);

const open = () => transport.open(config);
const hash = (text: string) => createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex');

const file = (name: Name, after: string): FileStep => ({
  kind: 'file',
  path: `${home}/${name}`,
  before: hash(olds[name]),
  old: toContent(olds[name]),
  after: toContent(after),
  mode: 0o644,
  owner: 'root:root',
});

const command = (phase: CommandStep['phase'], script: string): CommandStep => ({
  kind: 'command',
  phase,
  argv: ['sh', '-c', script],
});

const threeFiles: readonly Step[] = [
  { kind: 'directory', path: `${home}/keys`, mode: 0o700, owner: 'opendkim:opendkim', present: true },
  file('KeyTable', 'new keys\n'),
  file('SigningTable', 'new signing, no end of line'),
  file('zones/db.one', 'zone one \xe9\r\nnew\r\n'),
  {
    ...file('KeyTable', ''),
    path: `${home}/keys/s1.private`,
    before: null,
    old: null,
    after: { secret: 'k1' },
    mode: 0o600,
    owner: 'opendkim:opendkim',
  },
];

const change = (steps: readonly Step[]): Change => ({
  id: `switch@${host}`,
  intent: 'signing-on',
  server: host,
  phase: 'switch',
  pending: ['p1'],
  domains: ['firma0001-s7.example'],
  dependsOn: [],
  gates: [],
  requires: [],
  steps,
  probes: [],
  reason: '',
});

async function apply(steps: readonly Step[], extra: Partial<Transaction> = {}, session?: Session) {
  const transaction: Transaction = {
    run,
    change: change(steps),
    who: 'anna@laptop',
    openSecret: () => Promise.resolve(secret),
    reopen: open,
    ...extra,
  };
  return applyChange(session ?? (await open()), transaction, () => {});
}

async function expectPlanned(): Promise<void> {
  expect(await tree()).toBe(planned);
  expect(await lab.sh(host, 'grep -rl bGFiLXNlY3JldA /var/lib/signet || true')).toBe('');
}

async function expectAsBefore(): Promise<void> {
  expect(await tree()).toBe(before);
  expect(await lab.sh(host, 'grep -rl bGFiLXNlY3JldA /var/lib/signet || true')).toBe('');
}

let before = '';
let planned = '';

const lay = (contents: Readonly<Record<Name, string>>) =>
  [
    `rm -rf ${home} && mkdir -p ${home}/zones && cd ${home}`,
    ...Object.entries(contents).map(
      ([name, text]) => `printf %s ${Buffer.from(text, 'latin1').toString('base64')} | base64 -d >${name}`,
    ),
    'chown root:opendkim KeyTable && chmod 640 KeyTable && chown bind:bind zones/db.one && chmod 664 zones/db.one && chmod 2775 zones',
  ].join('\n');

useHosts(host);

beforeAll(async () => {
  ({ config } = await labServer(host));
  const none = () => Promise.resolve(null);
  transport = createTransport({
    secrets: { password: none, passphrase: none, sudoPassword: none },
    servers: () => undefined,
  });
  await lab.sh(host, 'rm -rf /var/lib/signet');
  await lab.sh(
    host,
    `${lay({ KeyTable: 'new keys\n', SigningTable: 'new signing, no end of line', 'zones/db.one': 'zone one \xe9\r\nnew\r\n' })}
    mkdir -m 700 keys && printf '%s' '${secret}' >keys/s1.private && chmod 600 keys/s1.private && chown -R opendkim:opendkim keys`,
  );
  planned = await tree();
});

afterAll(() => transport.close());

beforeEach(async () => {
  count += 1;
  run = `lab${count}-${Date.now().toString(36)}`;
  await lab.sh(host, lay(olds));
  before = await tree();
});

afterEach(() => fault.heal(host));

describe('a transaction on a real host', () => {
  test('three files, a directory and a key in one round trip', async () => {
    const session = await open();
    const steps = [
      ...threeFiles,
      command('check', `grep -q old ${home}/KeyTable`),
      command('verify', `grep -q new ${home}/KeyTable`),
    ];
    expect(await apply(steps, {}, session)).toMatchObject({ state: 'applied', problem: null });
    expect(session.roundTrips).toBe(1);
    await expectPlanned();
  });

  test.each(['check', 'activate', 'verify'] as const)('a failing %s', async phase => {
    expect(await apply([...threeFiles, command(phase, 'exit 1')])).toMatchObject({
      state: 'rolled-back',
      problem: { code: `${phase}-failed` },
    });
    await expectAsBefore();
  });

  test('all SSH sessions are killed in the middle', async () => {
    await fault.killSshOn(host, home);
    expect(await apply([...threeFiles, command('activate', 'sleep 2')])).toMatchObject({ state: 'applied' });
    await expectPlanned();
  });

  test('the link is cut in the middle, and comes back', async () => {
    await fault.cutOn(host, home);
    const outcome = apply([...threeFiles, command('activate', 'sleep 1')]);
    await expect.poll(tree, { timeout: 60_000, interval: 1000 }).toBe(planned);
    await fault.heal(host);
    expect(await outcome).toMatchObject({ state: 'applied' });
  });

  test('the laptop is gone for good before it could confirm', async () => {
    const held = Promise.withResolvers<void>();
    const confirm = () => {
      held.resolve();
      return new Promise<null>(() => {});
    };
    void apply(threeFiles, { confirm, confirmSeconds: 20 });
    await held.promise;
    expect(await lab.sh(host, `cat ${home}/KeyTable`)).toBe('new keys\n');
    await expect.poll(tree, { timeout: 60_000, interval: 1000 }).toBe(before);
    expect(await readOutcome(await open(), { run, change: change(threeFiles) }, () => {})).toMatchObject({
      state: 'rolled-back',
      problem: { code: 'unconfirmed' },
    });
  });

  test('the runner is killed after the files were replaced: the next visit takes it back', async () => {
    const kill = `pid=$(cut -d " " -f 1 /var/lib/signet/${run}-*/process); test -e /run/killed-${run} || { : >/run/killed-${run}; kill -9 "$pid"; }`;
    const outcome = await apply([...threeFiles, command('activate', kill)]);
    expect(outcome).toMatchObject({ state: 'rolled-back', problem: { code: 'crashed' } });
    await expectAsBefore();
  });

  test.each(['/etc/apply-test/zones', '/var/lib/signet'])('no space left in %s', async directory => {
    await lab.sh(host, 'mkdir -p -m 700 /var/lib/signet');
    await fault.diskFull(host, directory);
    const large: Step[] = [
      ...threeFiles.slice(0, 3),
      file('zones/db.one', 'x'.repeat(300_000)),
      ...threeFiles.slice(4),
    ];
    const outcome = await apply(large);
    expect(outcome.problem?.code).toBe('disk-full');
    await fault.heal(host);
    await expectAsBefore();
  });

  test.each(['/etc/apply-test/zones', '/var/lib/signet'])('%s is read-only', async directory => {
    await lab.sh(host, 'mkdir -p -m 700 /var/lib/signet');
    await fault.readOnly(host, directory);
    const outcome = await apply(threeFiles);
    expect(outcome.problem?.code).toBe('read-only');
    await fault.heal(host);
    await expectAsBefore();
  });

  test('a file that something is mounted over', async () => {
    await lab.sh(host, `mount --bind ${home}/SigningTable ${home}/SigningTable`);
    try {
      const { state, problem } = await apply(threeFiles);
      expect([state, problem?.code, problem?.message]).toEqual([
        'rolled-back',
        'file-busy',
        expect.stringContaining('busy'),
      ]);
    } finally {
      await lab.sh(host, `umount ${home}/SigningTable`);
    }
    await expectAsBefore();
  });

  test('a file was edited since the plan', async () => {
    await lab.sh(host, `echo edited >>${home}/SigningTable`);
    before = await tree();
    const outcome = await apply(threeFiles);
    expect(outcome).toMatchObject({ state: 'stale', files: [`${home}/SigningTable`] });
    await expectAsBefore();
  });

  test('two at once: the second finds that the first was there', async () => {
    const both = await Promise.all([
      apply([...threeFiles, command('activate', 'sleep 1')]),
      apply(threeFiles, { run: `${run}b` }),
    ]);
    expect(both.map(({ state }) => state).sort()).toEqual(['applied', 'stale']);
    await expectPlanned();
  });
});
