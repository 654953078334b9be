/** The OpenDKIM driver against the real one: its look-ups, its checks, and plans that are carried out and taken back. Owns host s7. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyChange } from '../../../electron/apply/transaction.ts';
import type { HostReader, InstallKey, SignerEdit } from '../../../electron/drivers/api.ts';
import { createHostReader } from '../../../electron/drivers/kit/host-reader.ts';
import { publicHalf } from '../../../electron/drivers/kit/private-key.ts';
import { driver } from '../../../electron/drivers/signers/opendkim.ts';
import { createSigning, keyFor, selectorsOf } from '../../../electron/drivers/signers/opendkim/signing.ts';
import { Table } from '../../../electron/drivers/signers/opendkim/table.ts';
import type { ConnectTarget, Session, Transport } from '../../../electron/transport/api.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import { openMilter } from '../../../electron/verify/milter.ts';
import type { Change, Step } from '../../../shared/model.ts';
import { useHosts } from '../../tools/hosts.ts';
import { lab, labServer } from '../../tools/lab.ts';

const name = 's7';
const nothing = async () => null;
let transport: Transport;
let session: Session;
let reader: HostReader;

const look = async () => {
  reader = await createHostReader(session);
  return driver.scan(reader);
};

useHosts(name);

beforeAll(async () => {
  const { config } = await labServer(name);
  transport = createTransport({
    secrets: { password: nothing, passphrase: nothing, sudoPassword: nothing },
    servers: () => undefined,
  });
  session = await transport.open(config);
});

afterAll(() => {
  session.close();
  transport.close();
});

const pems = new Map<string, string>();

function makeKey(domain: string, selector: string): InstallKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const half = publicHalf(pem);
  if (half === null) throw new Error('no key');
  const secret = `${selector}.${domain}`;
  pems.set(secret, pem);
  return { domain, selector, scheme: 'dkim', secret: { secret }, ...half };
}

async function carryOut(steps: readonly Step[]): Promise<void> {
  const change: Change = {
    id: `switch@${name}`,
    intent: 'signing-on',
    server: name,
    phase: 'switch',
    pending: [randomUUID()],
    domains: [],
    dependsOn: [],
    gates: [],
    requires: [],
    probes: [],
    reason: 'test',
    steps,
  };
  const openSecret = async ({ secret }: { readonly secret: string }) => pems.get(secret) ?? '';
  const outcome = await applyChange(session, { run: randomUUID(), change, who: 'lab', openSecret }, () => undefined);
  expect(outcome).toMatchObject({ state: 'applied', problem: null });
}

/** "d:s" of each signature that the milter gives to mail of each address, over one connection. */
async function signaturesOf(
  endpoint: ConnectTarget,
  addresses: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const milter = await openMilter(await session.connect(endpoint), { replyMs: 5000, messageMs: 15_000 });
  const found: (readonly string[])[] = [];
  try {
    for (const address of addresses) {
      const fields = { From: address, To: 'a@b.example', Date: 'Mon, 01 Jan 2024 00:00:00 +0000', Subject: 'x' };
      const headers = Object.entries(fields).map(([field, value]) => ({ name: field, value: ` ${value}` }));
      const body = Buffer.from('hello\r\n');
      const message = { sender: address, recipient: 'a@b.example', queueId: 'X', headers, body, user: null };
      const outcome = await milter.send(message);
      const signed = outcome.headers.filter(header => header.name.toLowerCase() === 'dkim-signature');
      const tag = (value: string, letter: string) =>
        new RegExp(`(?:^|;)\\s*${letter}=([^;]*)`).exec(value)?.[1]?.trim();
      const named = signed.map(({ value }) => `${tag(value, 'd')?.toLowerCase()}:${tag(value, 's')}`).sort();
      found.push(outcome.verdict === 'refused' ? ['refused'] : named);
    }
    return found;
  } finally {
    milter.close();
  }
}

async function signatures(endpoint: ConnectTarget, address: string): Promise<readonly string[]> {
  return (await signaturesOf(endpoint, [address]))[0] ?? [];
}

describe('a plan', () => {
  const domain = 'firma0001-s7.example';
  const key = makeKey(domain, 'one');
  const second = makeKey(domain, 'two');
  const on: readonly SignerEdit[] = [
    { kind: 'install', key },
    { kind: 'activate', domain, selectors: ['one'] },
  ];
  const signer = { host: '127.0.0.1', port: 8891 };
  let before: string;

  test('is computed from few round trips', async () => {
    const start = session.roundTrips;
    const facts = await look();
    expect(session.roundTrips - start).toBeLessThanOrEqual(7);
    expect(driver.view(facts)).toMatchObject({
      version: '2.11.0',
      signs: {},
      unavailable: null,
      endpoint: { host: 'localhost', port: 8891 },
      problems: [],
    });
    before = await lab.sh(name, 'cat /etc/opendkim/key.table; echo --; cat /etc/opendkim/signing.table');
  });

  test('makes the daemon sign, passes its own checks, and leaves nothing to do', async () => {
    const planned = driver.plan(await look(), on);
    expect(planned.refused).toEqual([]);
    await carryOut(planned.steps);
    expect(await signatures(signer, `u@${domain}`)).toEqual([`${domain}:one`]);
    expect(await signatures(signer, 'u@firma0002-s7.example')).toEqual([]);
    const facts = await look();
    expect(driver.view(facts)).toMatchObject({ signs: { [domain]: ['one'] }, problems: [] });
    expect(driver.plan(facts, on).steps).toEqual([]);
    expect(facts.texts).toEqual(planned.after.texts);
    expect(facts.keys).toMatchObject(
      Object.fromEntries(
        Object.entries(planned.after.keys).map(([path, fact]) => [path, { ...fact, sha256: expect.any(String) }]),
      ),
    );
  });

  test('rotates to two keys, and back to the new one', async () => {
    await carryOut(
      driver.plan(await look(), [
        { kind: 'install', key: second },
        { kind: 'activate', domain, selectors: ['one', 'two'] },
      ]).steps,
    );
    expect(await signatures(signer, `u@${domain}`)).toEqual([`${domain}:one`, `${domain}:two`]);
    await carryOut(driver.plan(await look(), [{ kind: 'activate', domain, selectors: ['two'] }]).steps);
    expect(await signatures(signer, `u@${domain}`)).toEqual([`${domain}:two`]);
  });

  test('takes everything back, byte for byte', async () => {
    await carryOut(driver.plan(await look(), [{ kind: 'deactivate', domain }]).steps);
    expect(await signatures(signer, `u@${domain}`)).toEqual([]);
    const edits: readonly SignerEdit[] = ['one', 'two'].map(selector => ({ kind: 'remove', domain, selector }));
    await carryOut(driver.plan(await look(), edits).steps);
    expect(await lab.sh(name, 'cat /etc/opendkim/key.table; echo --; cat /etc/opendkim/signing.table')).toBe(before);
    expect(await lab.sh(name, 'ls -A /etc/opendkim/keys /etc/dkimkeys')).not.toContain('firma');
  });

  test('of many domains is checked and carried out at once', async () => {
    const many = Array.from({ length: 20 }, (_, index) => `firma${String(index + 1).padStart(4, '0')}-s7.example`);
    const edits = many.flatMap((each): readonly SignerEdit[] => [
      { kind: 'install', key: { ...key, domain: each } },
      { kind: 'activate', domain: each, selectors: ['one'] },
    ]);
    await carryOut(driver.plan(await look(), edits).steps);
    expect(await signatures(signer, `u@${many[19]}`)).toEqual([`${many[19]}:one`]);
    const off = many.flatMap((each): readonly SignerEdit[] => [
      { kind: 'deactivate', domain: each },
      { kind: 'remove', domain: each, selector: 'one' },
    ]);
    await carryOut(driver.plan(await look(), off).steps);
    expect(await lab.sh(name, 'cat /etc/opendkim/key.table; echo --; cat /etc/opendkim/signing.table')).toBe(before);
  });

  test('whose tables do not answer as planned changes nothing', async () => {
    const planned = driver.plan(await look(), on);
    const check = planned.steps.find(
      step => step.kind === 'command' && step.phase === 'check' && step.stdin !== undefined,
    );
    expect(check).toMatchObject({ stdin: `signet-check@${domain} one._domainkey.${domain}\n` });
    const wrong = planned.steps.map(step =>
      step === check ? { ...step, stdin: `signet-check@${domain} other\n` } : step,
    );
    await expect(carryOut(wrong)).rejects.toThrow('to match object');
    expect(await signatures(signer, `u@${domain}`)).toEqual([]);
  });
});

describe('the form with a single domain', () => {
  test('becomes tables without a pause, and the old domain goes on being signed', async () => {
    await lab.sh(
      name,
      `openssl genrsa -out /etc/dkimkeys/old.private 2048 2>/dev/null; chown opendkim: /etc/dkimkeys/old.private; chmod 600 /etc/dkimkeys/old.private
       mv /etc/opendkim/key.table /root; mv /etc/opendkim/signing.table /root
       sed -i '/Table/d' /etc/opendkim.conf
       printf 'Domain\\t\\told.example, older.example\\nSubDomains\\tyes\\nSelector\\told\\nKeyFile\\t/etc/dkimkeys/old.private\\n' >> /etc/opendkim.conf
       systemctl restart opendkim`,
    );
    const signer = { host: '127.0.0.1', port: 8891 };
    expect(await signatures(signer, 'u@old.example')).toEqual(['old.example:old']);
    const sub = await signatures(signer, 'u@sub.older.example');
    const key = makeKey('neu.example', 'k1');
    const facts = await look();
    expect(driver.view(facts).signs).toEqual({ 'old.example': ['old'], 'older.example': ['old'] });
    const planned = driver.plan(facts, [
      { kind: 'install', key },
      { kind: 'activate', domain: 'neu.example', selectors: ['k1'] },
    ]);
    expect(planned.refused).toEqual([]);
    const pid = await lab.sh(name, 'cat /run/opendkim/opendkim.pid');
    await carryOut(planned.steps);
    expect(await signatures(signer, 'u@neu.example')).toEqual(['neu.example:k1']);
    expect(await signatures(signer, 'u@old.example')).toEqual(['old.example:old']);
    expect(await signatures(signer, 'u@sub.older.example')).toEqual(sub);
    expect(await lab.sh(name, 'cat /run/opendkim/opendkim.pid')).toBe(pid);
    expect(driver.view(await look()).problems.map(problem => problem.code)).toEqual([]);
  });
});

describe('the look-up is that of the daemon', () => {
  const keyTable = ['a', 'b', 'c']
    .map(each => `${each} ${each}.example:${each}:/etc/lookup/key\n`)
    .concat('any %:any:/etc/lookup/key\n', 'Upper U.example:Upper:/etc/lookup/key\n')
    .join('');
  const tables: readonly (readonly ['file' | 'refile', string])[] = [
    ['refile', '*@a.example a\n*@B.example b\n*@*.c.example c\n bob@a.example c\n*@sub.a.example any\n*@a.example b\n'],
    [
      'refile',
      '*@c.example c # x\r\n*@a.example any\n*.a.example any\n*@*a* a\n*@u.example Upper\n*@dup.example any\n*@dup.example any\n',
    ],
    [
      'refile',
      '*@a.example a\n*@*.a.example any\n*@sub.a.example b\n*@?.example c\n*@b.example any:bob@b.example\n*c.example c',
    ],
    ['file', 'a.example a\n.a.example any\n  b.example b\n.sub.a.example b\nC.example c\n.example any\n'],
    ['file', 'a.example a\n*@b.example b\na.example b\n.a.example any\n.example any\n* any\n'],
    ['file', 'sub.a.example %\nb.example b\n*\tany\n'],
  ];
  const domains = [
    'a.example',
    'b.example',
    'c.example',
    'sub.a.example',
    'x.sub.a.example',
    'y.c.example',
    'u.example',
    'dup.example',
    'q.example',
    'other.test',
  ];

  const cases = tables.flatMap(([kind, text], index) =>
    [false, true].map((multiple, both) => ({ kind, text, multiple, port: 9700 + index * 2 + both })),
  );

  /** One daemon a case, all started by one script: they go with the disk of the host. */
  beforeAll(async () => {
    const write = (path: string, text: string) =>
      `echo ${Buffer.from(text, 'latin1').toString('base64')} | base64 -d > ${path}`;
    const start = cases.flatMap(({ kind, text, multiple, port }) => {
      const at = `/etc/lookup/${port}`;
      const config = `UserID opendkim\nMode s\nSocket inet:${port}@127.0.0.1\nKeyTable /etc/lookup/keys\nSigningTable ${kind}:${at}\nMultipleSignatures ${multiple ? 'yes' : 'no'}\n`;
      return [write(at, text), write(`${at}.conf`, config), `opendkim -x ${at}.conf`];
    });
    const script = [
      'mkdir -p /etc/lookup; openssl genrsa -out /etc/lookup/key 2048 2>/dev/null',
      'chown opendkim /etc/lookup/key; chmod 600 /etc/lookup/key',
      write('/etc/lookup/keys', keyTable),
      ...start,
      `for try in $(seq 100); do [ "$(ss -ltn | grep -c ':97[0-9][0-9] ')" -ge ${cases.length} ] && exit; sleep 0.1; done; exit 1`,
    ];
    const { code, stderr } = await lab.exec(name, ['sh', '-es'], script.join('\n'));
    if (code !== 0) throw new Error(`the daemons did not start: ${stderr}`);
  });

  test.each(cases)(
    '$kind table of port $port, several signatures: $multiple',
    async ({ kind, text, multiple, port }) => {
      const keys = new Table(keyTable, 'file');
      const planned = createSigning(keys, new Table(text, kind));
      const got = await signaturesOf(
        { host: '127.0.0.1', port },
        domains.map(domain => `anyone@${domain}`),
      );
      for (const [index, domain] of domains.entries()) {
        const named = planned.lookup.find(domain, multiple).map(entry => keyFor(planned, entry, domain));
        const wanted = named.map(key => `${key?.domain === '%' ? domain : key?.domain}:${key?.selector}`).sort();
        const refused = named.includes(null);
        expect([domain, got[index]]).toEqual([domain, refused ? ['refused'] : wanted]);
        const own = (got[index] ?? []).filter(each => each.startsWith(`${domain}:`));
        const selectors = own.map(each => each.slice(domain.length + 1).toLowerCase());
        if (!refused) expect([...new Set(selectors)]).toEqual([...selectorsOf(planned, domain, multiple)].sort());
      }
    },
  );
});
