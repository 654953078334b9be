/** Policies and due tasks on mx1, and the order of the second law as a looker from outside sees it in DNS and on disk. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeHome, signet, type Home } from '../../tools/cli.ts';
import { hoursAhead } from '../../tools/clock.ts';
import { addAndScan, apply, ask, readRun } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { check, lab } from '../../tools/lab.ts';

const domain = 'krojac.example';
let home: Home;
let selector = '';

interface Seen {
  readonly key: boolean;
  readonly signs: boolean;
  readonly policy: boolean;
  readonly dmarc: boolean;
}

/** What the server serves and is configured for, looked at without pause while `work` runs; each state once, in order. */
async function watch(work: () => Promise<unknown>): Promise<readonly Seen[]> {
  const script = `while [ ! -e /run/watched ]; do
    echo "$(dig +short TXT ${selector}._domainkey.${domain} @127.0.0.1 | grep -c .)" \
      "$(grep -c '@${domain}' /etc/opendkim/signing.table)" \
      "$(dig +short TXT _domainkey.${domain} @127.0.0.1 | grep -c 'o=-')" \
      "$(dig +short TXT _dmarc.${domain} @127.0.0.1 | grep -c 'p=reject')"
    : >/run/watching
  done | uniq`;
  await lab.sh('mx1', 'rm -f /run/watched /run/watching');
  const watching = lab.exec('mx1', ['sh', '-c', script]);
  await lab.sh('mx1', 'until [ -e /run/watching ]; do sleep 0.05; done');
  await work();
  await lab.sh('mx1', ': >/run/watched');
  const { stdout } = await watching;
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [key, signs, policy, dmarc] = line.split(' ').map(count => count !== '0');
      return { key: key ?? false, signs: signs ?? false, policy: policy ?? false, dmarc: dmarc ?? false };
    });
}

function obeysTheLaw(states: readonly Seen[]): void {
  for (const state of states) {
    if (state.policy || state.dmarc) expect(state).toMatchObject({ signs: true, key: true });
    if (state.signs) expect(state).toMatchObject({ key: true });
  }
}

const stage = async (...args: readonly string[]) => {
  expect(await signet(['signing', ...args], { home })).toMatchObject({ code: 0, stderr: '' });
};

/** Applies what is pending: how the phases began and ended. */
async function order(): Promise<readonly string[]> {
  const applied = await apply(home);
  expect(applied).toMatchObject({ code: 0, done: { outcome: 'applied' } });
  return applied.run.flatMap(event =>
    event.type === 'change' && event.state !== 'waiting' ? [`${event.phase} ${event.state}`] : [],
  );
}

const startedAndApplied = (phase: string) => [`${phase} started`, `${phase} applied`];

useHosts('mx1', 'mx2', 'ns1');

beforeAll(async () => {
  home = await makeHome();
  await addAndScan(home, 'mx1');
});

afterAll(() => home.remove());

describe('on, with --policy sign-all and --dmarc reject', () => {
  test('the policies come only after signing is proven', async () => {
    await stage('on', domain, '--policy', 'sign-all', '--dmarc', 'reject');
    selector = (await ask.pending(home))[0]?.selectors[0] ?? '';
    const states = await watch(async () => {
      expect(await order()).toEqual(['install', 'publish', 'switch', 'policy'].flatMap(startedAndApplied));
    });
    obeysTheLaw(states);
    expect(states.at(0)).toEqual({ key: false, signs: false, policy: false, dmarc: false });
    expect(states.at(-1)).toEqual({ key: true, signs: true, policy: true, dmarc: true });
  });

  test('they are in DNS as they should be, and mail verifies', async () => {
    expect(await check.txt(`_domainkey.${domain}`, { equals: 'o=-' })).toMatchObject({ ok: true });
    const { servers } = await check.txt(`_dmarc.${domain}`);
    expect(JSON.stringify(servers)).toMatch(/v=DMARC1; ?p=reject/);
    expect(await check.signed('mx1', domain)).toMatchObject({ ok: true });
    expect(await check.zoneIntact('mx1', domain, { strict: true })).toMatchObject({ ok: true });
    const [row] = (await ask.domains(home)).filter(one => one.domain === domain);
    expect(row?.policy).toMatchObject({ domainkeys: 'o=-', dmarc: expect.stringContaining('p=reject') });
  });

  test('and a second plan is empty', async () => {
    await ask.scan(home);
    expect(await ask.plan(home)).toMatchObject({ changes: [], problems: [] });
  });
});

describe('off', () => {
  test('a strict DMARC policy that would stay behind stops it', async () => {
    await stage('off', domain, '--grace', '12h');
    const refused = await apply(home);
    expect(refused).toMatchObject({ code: 3, done: { outcome: 'refused' } });
    expect(refused.stderr).toMatch(/dmarc-condemns-unsigned/);
    expect(await check.signed('mx1', domain)).toMatchObject({ ok: true });
    await signet(['pending', 'drop', '--all'], { home });
  });

  test('the policies are withdrawn first, and the key stays served', async () => {
    await stage('off', domain, '--dmarc', 'none', '--grace', '12h');
    const states = await watch(async () => {
      expect(await order()).toEqual(['withdraw', 'switch'].flatMap(startedAndApplied));
    });
    obeysTheLaw(states);
    expect(states.at(0)).toEqual({ key: true, signs: true, policy: true, dmarc: true });
    expect(states.at(-1)).toEqual({ key: true, signs: false, policy: false, dmarc: false });
    expect(await check.signed('mx1', domain)).toMatchObject({ reason: 'no DKIM-Signature header' });
  });

  test('what is left is a task that is not due', async () => {
    const [task, ...others] = await ask.pending(home);
    expect(others).toEqual([]);
    expect(task).toMatchObject({ intent: 'retire', domain, selectors: [selector] });
    const hours = (Date.parse(task?.notBefore ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.8);
    expect(hours).toBeLessThan(12);
    await ask.scan(home);
    expect(await ask.plan(home)).toMatchObject({ changes: [], later: [{ domain, intent: 'retire' }] });
  });

  test('it comes into the plan when it is due, and takes record and key away', async () => {
    const later = await signet(['apply', '--yes', '--json'], { home, env: hoursAhead(12.1) });
    const applied = readRun(later);
    expect(applied).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    const order = applied.run.flatMap(event => (event.type === 'change' ? [`${event.phase} ${event.state}`] : []));
    expect(order).toEqual(['unpublish started', 'unpublish applied', 'remove started', 'remove applied']);
    expect(
      await lab.sh('mx1', `find /etc/opendkim -name '*${domain}*'; grep -r '${domain}' /etc/opendkim || true`),
    ).toBe('');
    expect(await check.zoneIntact('mx1', domain, { strict: true })).toMatchObject({ ok: true });
    const txt = await check.txt(`${selector}._domainkey.${domain}`);
    expect(txt['servers']).toMatchObject({ mx1: { txt: [] } });
    expect(await ask.pending(home)).toEqual([]);
  });
});

describe('a grace of nothing', () => {
  test('takes record and key away in the same plan, after the signing', async () => {
    await stage('on', domain);
    selector = (await ask.pending(home))[0]?.selectors[0] ?? '';
    expect(await apply(home)).toMatchObject({ code: 0 });
    await stage('off', domain, '--grace', '0');
    const states = await watch(async () => {
      expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    });
    obeysTheLaw(states);
    const gone = async () => {
      const left = await lab.sh('mx1', `find /etc/opendkim -name '*${domain}*'`);
      return left === '' && (await ask.pending(home)).length === 0;
    };
    if (!(await gone())) expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    expect(await gone()).toBe(true);
    await ask.scan(home);
    expect(await ask.plan(home)).toMatchObject({ changes: [], later: [], problems: [] });
  });
});

describe('policies alone', () => {
  test('a policy for a domain that is not signed is refused', async () => {
    const refused = await signet(['signing', 'off', 'pekarna.example', '--policy', 'sign-all'], { home });
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/pekarna\.example.*\[[a-z-]+\]/);
    expect(await ask.pending(home)).toEqual([]);
  });

  test('a domain that is signed already gets its policy, and no new key', async () => {
    await stage('on', 'tovarna.example', '--policy', 'sign-all');
    const plan = await ask.plan(home);
    expect(plan.changes.map(change => change.phase)).toEqual(['policy']);
    expect(await apply(home)).toMatchObject({ code: 0, done: { outcome: 'applied' } });
    expect(await check.txt('_domainkey.tovarna.example', { equals: 'o=-' })).toMatchObject({ ok: true });
    expect(await check.signed('mx1', 'tovarna.example', { selector: 'mail2023' })).toMatchObject({ ok: true });
  });

  test('a policy for a domain that another server sends unsigned is stopped, and can be acknowledged', async () => {
    await addAndScan(home, 'mx2');
    await stage('on', 'sdilena.example', '--server', 'mx1', '--policy', 'sign-all');
    const stopped = await apply(home);
    expect(stopped).toMatchObject({ code: 3, done: { outcome: 'refused' } });
    expect(stopped.stderr).toMatch(/mx2.*\[others-send-unsigned\]/);
    const txt = await check.txt('_domainkey.sdilena.example');
    expect(txt['servers']).toMatchObject({ mx1: { txt: [] } });
    expect(await apply(home, ['--acknowledge', 'others-send-unsigned'])).toMatchObject({ code: 0 });
    expect(await check.txt('_domainkey.sdilena.example', { equals: 'o=-' })).toMatchObject({ ok: true });
  });
});
