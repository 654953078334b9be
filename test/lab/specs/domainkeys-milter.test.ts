/** The DomainKeys milter on a host, installed by hand: it signs and judges, and no message is lost, whatever happens to it. */
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { useHosts } from '../../tools/hosts.ts';
import { check, lab } from '../../tools/lab.ts';
import { milterLoad } from '../../tools/milter-load.ts';
import { givePackageSource } from '../../tools/package-source.ts';
import { outputOf } from '../../tools/program.ts';

const host = 's5';
const domain = 'firma0001-s5.example';
const other = 'firma0002-s5.example';
/** With SIGNET_EXHAUSTIVE=1 it takes some ten minutes. */
const exhaustive = process.env['SIGNET_EXHAUSTIVE'] === '1';
const count = exhaustive ? 10_000 : 160;

const patience = { timeout: 20_000, interval: 200 };

const folder = new URL('../../../electron/drivers/signers/domainkeys/', import.meta.url);

useHosts(host);

async function put(name: string, path: string, mode: string): Promise<void> {
  const text = await readFile(new URL(name, folder), 'utf8');
  await lab.exec(
    host,
    ['sh', '-ec', 'mkdir -p "$(dirname "$1")"; cat >"$1"; chmod "$2" "$1"', 'put', path, mode],
    text,
  );
}

const addKey = (selector: string) =>
  lab.sh(
    host,
    `folder=/etc/signet-domainkeys/keys/${domain}; mkdir -p $folder; cd $folder
     openssl genrsa -traditional 1024 2>/dev/null >${selector}.private
     chown -R signet-domainkeys: /etc/signet-domainkeys/keys; chmod -R u=rwX,go= /etc/signet-domainkeys/keys
     record=$(openssl rsa -in ${selector}.private -pubout 2>/dev/null | grep -v -e ----- | tr -d '\\n')
     echo "${selector}._domainkey.${domain}. 60 IN TXT \\"k=rsa; p=$record\\"" >>/etc/bind/zones/db.${domain}
     rndc reload ${domain}
     echo "${domain} ${selector} $folder/${selector}.private" >/etc/signet-domainkeys/new
     mv /etc/signet-domainkeys/new /etc/signet-domainkeys/keytable`,
  );

const configure = (...lines: readonly string[]) =>
  lab.exec(
    host,
    [
      'sh',
      '-ec',
      'cat >/etc/signet-domainkeys/config; systemctl reload signet-domainkeys || systemctl start signet-domainkeys',
    ],
    `Sign yes\nVerify yes\n${lines.join('\n')}\n`,
  );

/** Resident memory of the process that accepts, in KiB; it is the same process as long as nobody killed it. */
async function memory(): Promise<{ readonly pid: string; readonly kib: number }> {
  const text = await lab.sh(
    host,
    `pid=$(systemctl show -P MainPID signet-domainkeys); echo $pid; grep VmRSS /proc/$pid/status`,
  );
  const [pid = '', kib = ''] = text.match(/\d+/g) ?? [];
  return { pid, kib: Number(kib) };
}

const token = () => crypto.randomUUID();

beforeAll(async () => {
  await givePackageSource(host);
  await lab.sh(
    host,
    `DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libmail-dkim-perl libsendmail-pmilter-perl >/dev/null 2>&1
     useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin signet-domainkeys
     install -d /etc/signet-domainkeys`,
  );
  await put('milter.pl', '/usr/local/sbin/signet-domainkeys', '755');
  await put('milter.service', '/etc/systemd/system/signet-domainkeys.service', '644');
  await put('milter.socket', '/etc/systemd/system/signet-domainkeys.socket', '644');
  await put('milter.init', '/etc/init.d/signet-domainkeys', '755');
  await addKey('dk1');
  await configure('Failing tag');
  await lab.sh(
    host,
    `/usr/local/sbin/signet-domainkeys --check /etc/signet-domainkeys/config
     postconf -e smtpd_milters=inet:127.0.0.1:8892 milter_default_action=tempfail; postfix reload`,
  );
}, 300_000);

describe('outgoing mail', () => {
  test.each(['sendmail', 'smtp'] as const)('is signed, submitted by %s', async via => {
    expect(await check.domainKeysSigned(host, domain, { via, selector: 'dk1' })).toMatchObject({ ok: true });
  });

  test('of a domain that is not in the table is not', async () => {
    expect(await check.domainKeysSigned(host, other)).toMatchObject({ ok: false, signatures: [] });
  });
});

describe('incoming mail', () => {
  const inbound = async (signature: string, ...more: readonly string[]) => {
    const tool = new URL('../check', import.meta.url).pathname;
    const argv = ['sh', '-c', '"$@" || true', 'sh', tool, 'inbound', host, other, '--signature', signature, ...more];
    return JSON.parse(await outputOf(argv)) as {
      readonly outcome: string;
      readonly authentication_results?: readonly string[];
    };
  };

  test('is tagged', async () => {
    expect(await inbound('good')).toMatchObject({
      outcome: 'delivered',
      authentication_results: [expect.stringMatching(/^s5\.lab\.example; dkim=pass header\.d=sender\.example/)],
    });
    expect(await inbound('none')).toMatchObject({ outcome: 'delivered', authentication_results: [] });
  });

  test('is rejected where its signature fails, or is not there although its policy says so', async () => {
    await configure('Failing reject');
    expect(await inbound('bad')).toMatchObject({ outcome: 'rejected' });
    expect(await inbound('none', '--sender-domain', 'strict.example')).toMatchObject({ outcome: 'rejected' });
    expect(await inbound('none')).toMatchObject({ outcome: 'delivered' });
    await configure('Failing reject', 'Policies none');
    expect(await inbound('none', '--sender-domain', 'strict.example')).toMatchObject({ outcome: 'delivered' });
  });

  test('is discarded', async () => {
    await configure('Failing discard');
    expect(await inbound('bad')).toMatchObject({ outcome: 'discarded' });
  });
});

describe('under load', () => {
  afterEach(() => configure('Failing tag'));

  test('all is signed, and the memory stays as it is', async ({ annotate }) => {
    const before = await memory();
    const mail = token();
    const sent = await milterLoad.stream(host, mail, count, domain);
    expect(sent).toMatchObject({ again: 0, refused: [] });
    expect(await milterLoad.verify(mail, count)).toEqual({ messages: count, twice: 0, unsigned: [], failing: [] });
    const after = await memory();
    await annotate(
      `${count} messages, ${(count / sent.seconds).toFixed(0)} a second; memory ${before.kib} KiB before, ${after.kib} KiB after`,
    );
    expect(after.pid).toBe(before.pid);
    expect(after.kib).toBeLessThan(before.kib + 1024);
  });

  test('the configuration and the table are read again: nobody notices', async () => {
    const mail = token();
    const streaming = milterLoad.stream(host, mail, count / 2, domain);
    for (const selector of ['dk2', 'dk3']) {
      await addKey(selector);
      await configure('Failing tag');
      await setTimeout(500);
    }
    await lab.sh(host, `echo 'Sing yes' >/etc/signet-domainkeys/config; systemctl reload signet-domainkeys`);
    expect(await streaming).toMatchObject({ again: 0, refused: [] });
    expect(await milterLoad.verify(mail, count / 2)).toEqual({
      messages: count / 2,
      twice: 0,
      unsigned: [],
      failing: [],
    });
    expect(await check.domainKeysSigned(host, domain, { selector: 'dk3' })).toMatchObject({ ok: true });
    expect(await lab.sh(host, 'journalctl -u signet-domainkeys -o cat')).toContain(
      'config:1: there is no setting Sing',
    );
  });

  test('kill -9 of it, and of the processes of connections: nothing is lost', async ({ annotate }) => {
    const mail = token();
    const before = await memory();
    const streaming = milterLoad.stream(host, mail, count / 2, domain);
    for (let round = 0; round < (exhaustive ? 20 : 4); round++) {
      await setTimeout(400);
      await lab.sh(host, `pkill -KILL ${round % 2 === 0 ? '-n' : '-o'} -u signet-domainkeys || true`);
    }
    const sent = await streaming;
    expect(sent.refused).toEqual([]);
    await annotate(`${sent.again} messages were sent again`);
    expect(await milterLoad.verify(mail, count / 2)).toEqual({
      messages: count / 2,
      twice: 0,
      unsigned: [],
      failing: [],
    });
    expect((await memory()).pid).not.toBe(before.pid);
  });

  test('malformed mail and broken connections: all that Postfix takes arrives', async () => {
    const mail = token();
    const before = await memory();
    const [sent] = await Promise.all([
      milterLoad.fuzz(host, mail, exhaustive ? 4000 : 60, 1, domain),
      milterLoad.packets(host, 8892, exhaustive ? 5000 : 100, 1),
    ]);
    expect(sent).toMatchObject({ again: 0, refused: [] });
    expect(await milterLoad.verify(mail, sent.inside)).toMatchObject({ messages: sent.inside, twice: 0 });
    await expect.poll(() => milterLoad.received(host, mail), patience).toEqual({ messages: sent.outside, twice: 0 });
    const after = await memory();
    expect(after.pid).toBe(before.pid);
    expect(after.kib).toBeLessThan(before.kib + 1024);
    const errors = await lab.sh(
      host,
      "journalctl -u signet-domainkeys -o cat | grep -e 'an error in' -e 'signal 11' || true",
    );
    expect(errors).toBe('');
    expect(await check.domainKeysSigned(host, domain)).toMatchObject({ ok: true });
  });
});

test('the sysv script starts, reloads and stops it', async () => {
  const script = (...words: readonly string[]) => lab.exec(host, ['/etc/init.d/signet-domainkeys', ...words]);
  await lab.sh(
    host,
    'systemctl stop signet-domainkeys.socket signet-domainkeys.service; /etc/init.d/signet-domainkeys stop',
  );
  expect(await script('status')).not.toMatchObject({ code: 0 });
  expect(await script('start')).toMatchObject({ code: 0 });
  await expect.poll(() => script('status'), patience).toMatchObject({ code: 0 });
  expect(await script('reload')).toMatchObject({ code: 0 });
  await expect.poll(async () => (await check.domainKeysSigned(host, domain)).ok, patience).toBe(true);
  expect(await script('stop')).toMatchObject({ code: 0 });
  expect(await script('status')).not.toMatchObject({ code: 0 });
});
