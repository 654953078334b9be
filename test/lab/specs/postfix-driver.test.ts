/** The Postfix driver against the real one: mx1 is only read, s7 is made to hold lists of every kind. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostReader } from '../../../electron/drivers/kit/host-reader.ts';
import { driver } from '../../../electron/drivers/mta/postfix.ts';
import type { Transport } from '../../../electron/transport/api.ts';
import { createTransport } from '../../../electron/transport/ssh.ts';
import { useHosts } from '../../tools/hosts.ts';
import { lab, labServer } from '../../tools/lab.ts';

const nothing = async () => null;
let transport: Transport;

useHosts('mx1', 'mx2', 'ns1', 's7');

beforeAll(async () => {
  transport = createTransport({
    secrets: { password: nothing, passphrase: nothing, sudoPassword: nothing },
    servers: () => undefined,
  });
});

afterAll(() => transport.close());

async function look(name: string) {
  const { config } = await labServer(name);
  const session = await transport.open(config);
  const reader = await createHostReader(session);
  const before = session.roundTrips;
  const view = driver.view(await driver.scan(reader));
  const roundTrips = session.roundTrips - before;
  session.close();
  return { view, roundTrips };
}

test('mx1 hosts what its lists say', async () => {
  const { view, roundTrips } = await look('mx1');
  expect(roundTrips).toBeLessThanOrEqual(4);
  expect(view.version).toBe('3.7.11');
  const names = view.domains.map(({ domain }) => domain);
  expect(names.slice(0, 2)).toEqual(['tovarna.example', 'lesnik.example']);
  expect(names).toEqual(
    expect.arrayContaining([
      'pekarna.example',
      'zaci.skola.example',
      'xn--luouk-uva4it5a4g.example',
      'reklama.example',
    ]),
  );
  expect(names).not.toContain('mx1.lab.example');
  expect(names).not.toContain('lekarna.example');
  expect(view.milters).toEqual([{ text: 'inet:localhost:8891', endpoint: { host: 'localhost', port: 8891 } }]);
  expect(view.problems.map(problem => problem.code)).toEqual(['milter-default-accept']);
});

test('maps of every kind that can be listed are listed by postmap', async () => {
  await lab.sh(
    's7',
    `cd /etc/postfix
     printf 'h1.example x\\ninfo@h1.example bob\\nh2.example x\\n' > vmail; postmap hash:vmail
     printf 't1.example x\\n' > text
     printf 'f1.example\\n  f2.example # not a comment\\ntexthash:/etc/postfix/text\\n' > list
     postconf -e 'virtual_mailbox_domains = proxy:hash:/etc/postfix/vmail inline:{ {i1.example = a, b}, i2.example=1 } pcre:/etc/postfix/nope' \
       'relay_domains = !f2.example /etc/postfix/list' 'milter_default_action = tempfail' 'smtpd_milters = { unix:opendkim/o.sock, connect_timeout=5s }'
     postconf -M 'submission/inet=submission inet n - n - - smtpd' && postconf -P 'submission/inet/smtpd_milters='`,
  );
  const { view, roundTrips } = await look('s7');
  expect(roundTrips).toBeLessThanOrEqual(4);
  const names = view.domains.map(({ domain }) => domain);
  expect(names.filter(name => !name.startsWith('firma')).toSorted()).toEqual([
    'f1.example',
    'h1.example',
    'h2.example',
    'i1.example',
    'i2.example',
    't1.example',
  ]);
  expect(names.filter(name => name.startsWith('firma'))).toHaveLength(20);
  expect(view.notEnumerable.map(({ reason }) => reason)).toEqual(['it holds patterns, not names']);
  expect(view.milters.map(({ endpoint }) => endpoint)).toEqual([{ path: '/var/spool/postfix/opendkim/o.sock' }]);
  expect(view.problems.map(problem => problem.code).sort()).toEqual(['invalid-domain', 'milter-override']);
});
