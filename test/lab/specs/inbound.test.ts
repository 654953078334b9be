/**
 * What becomes of incoming mail: the table of ../inbound/README.md, each cell of which is one real message from outside to a
 * mailbox. `vitest -u` writes the table anew.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHome, signetOk, type Home } from '../../tools/cli.ts';
import { addAndScan, apply } from '../../tools/fleet.ts';
import { useHosts } from '../../tools/hosts.ts';
import { lab, labServer } from '../../tools/lab.ts';
import { givePackageSource } from '../../tools/package-source.ts';
import { inboundCases, type InboundCase } from '../inbound/cases.ts';

const host = 's1';
const recipient = 'posta@firma0001-s1.example';
const ways = ['discard', 'reject', 'tag'] as const;
const verifiers = [
  ['OpenDKIM alone', 'off'],
  ["Signet's milter", 'on'],
] as const;

let home: Home;

useHosts(host);

const text = (name: string) => readFile(new URL(`../inbound/${name}`, import.meta.url), 'utf8');
const domainOf = ({ id }: InboundCase) => `${id}.sender.example`;

function zoneLines(one: InboundCase): readonly string[] {
  const domain = domainOf(one);
  // nothing listens there: a server that is named, and does not answer
  if (one.dnsFails) return [`${domain}. IN NS ns.${domain}.`, `ns.${domain}. IN A 10.99.0.2`];
  return [
    `${domain}. IN A 10.99.0.2`,
    ...(one.key === null ? [] : [`k1._domainkey.${domain}. IN TXT "${one.key}"`]),
    ...Object.entries(one.policies ?? {}).map(([label, value]) => `${label}.${domain}. IN TXT "${value}"`),
  ];
}

async function inSink(argv: readonly string[], input: string): Promise<string> {
  const { code, stdout, stderr } = await lab.exec('sink', argv, input);
  if (code !== 0) throw new Error(`sink: ${stderr}`);
  return stdout;
}

beforeAll(async () => {
  home = await makeHome();
  await givePackageSource(host);
  await inSink(['sh', '-c', await text('senders.sh')], `${inboundCases.flatMap(zoneLines).join('\n')}\n`);
  await addAndScan(home, host);
}, 120_000);

afterAll(() => home.remove());

/** The heads of the messages in the host's mailboxes, by their tokens. */
async function mailbox(tokens: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const all = await lab.sh(host, 'cat /var/mail/* 2>/dev/null || true');
  const found = new Map<string, string>();
  for (const message of all.split(/^(?=From )/m)) {
    const [head = ''] = message.split(/\r?\n\r?\n/);
    const [, token = ''] = /^Message-ID: <([^@]+)@/im.exec(head) ?? [];
    if (tokens.has(token)) found.set(token, head.replace(/\r?\n[ \t]+/g, ' '));
  }
  return found;
}

async function outcomes(): Promise<readonly string[]> {
  const cases = inboundCases.map(one => ({ ...one, domain: domainOf(one), token: crypto.randomUUID() }));
  const address = (await labServer(host)).config.host;
  const job = { address, recipient, key: '/etc/lab/inbound.private', cases };
  const script = await text('send.pl');
  const replies = JSON.parse(await inSink(['perl', '-e', script], JSON.stringify(job))) as Record<
    string,
    readonly [code: number, reply: string]
  >;
  const code = (id: string) => replies[id]?.[0] ?? 0;
  // what was taken leaves the queue for a mailbox, or was thrown away
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await lab.sh(host, 'postqueue -j')) === '') break;
    await setTimeout(200);
  }
  const arrived = await mailbox(new Set(cases.map(one => one.token)));
  return cases.map(({ id, token }) => {
    if (code(id) >= 500) return 'rejected';
    if (code(id) >= 400) return 'later';
    const head = arrived.get(token);
    if (head === undefined) return code(id) === 250 ? 'discarded' : 'lost';
    const results = head.match(/^Authentication-Results:.*$/gim) ?? [];
    return results.some(field => /=(?:hard)?fail\b/.test(field)) ? 'tagged' : 'delivered';
  });
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

test('each case ends as the table says', async () => {
  const columns: { readonly title: string; readonly cells: readonly string[] }[] = [];
  for (const [name, policies] of verifiers) {
    for (const failing of ways) {
      const wish = ['--verify-incoming', 'on', '--failing', failing, '--policies', policies];
      await signetOk(['mail-settings', host, ...wish], { home });
      expect((await apply(home)).done.outcome).toBe('applied');
      columns.push({ title: `${name}, ${failing}`, cells: await outcomes() });
    }
  }
  const words = { dkim: 'DKIM', domainkeys: 'DomainKeys' } as const;
  const table = [
    row(['case', ...columns.map(column => column.title)]),
    row(['---', ...columns.map(() => '---')]),
    ...inboundCases.map((one, at) =>
      row([
        one.scheme === null ? one.what : `${words[one.scheme]}: ${one.what}`,
        ...columns.map(column => column.cells[at] ?? ''),
      ]),
    ),
  ];
  const intro = await text('intro.md');
  await expect(`${intro}\n${table.join('\n')}\n`).toMatchFileSnapshot('../inbound/README.md');
}, 300_000);
