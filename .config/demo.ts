/**
 * `npm run demo`: the lab's real hosts, Signet with a home of its own on them, and the main job done once: a few domains
 * that nobody signs are switched on, and mail of theirs is really sent and verified by software that is not Signet's.
 * Then the window opens on
 * it, in a browser of this machine. What is there already (hosts, home, signed domains) is used. `npm run demo -- --fresh` starts from fresh disks.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { check, lab, labServer } from '../test/tools/lab.ts';
import { startLab } from './lab.ts';
import { root, run } from './run.ts';

const home = '/var/tmp/signet-demo';
/** Mail hosts and the name server of some of their domains. */
const servers = ['mx1', 'mx2', 'ns1', 's1'];
const domainsPerServer = 2;

/** No keychain is there without a desktop: the vault is a file, and it guards nothing but the demo. */
const environment = { SIGNET_HOME: home, SIGNET_VAULT: 'passphrase', SIGNET_PASSPHRASE: 'demo' };

function title(text: string): void {
  console.log(`\n\u2014\u2014 ${text}`);
}

async function signet(args: readonly string[], stdin?: string): Promise<void> {
  console.log(`$ signet ${args.join(' ')}`);
  const options = { show: true, env: environment, ...(stdin === undefined ? {} : { stdin }) };
  const { code } = await run(['node', 'dist/cli/signet.js', ...args], options);
  if (code !== 0) throw new Error(`signet ${args[0] ?? ''} ended with status ${code}`);
}

async function ask<T>(...args: readonly string[]): Promise<T> {
  const { code, output } = await run(['node', 'dist/cli/signet.js', ...args, '--json'], { env: environment });
  if (code !== 0) throw new Error(`signet ${args.join(' ')}: ${output}`);
  return JSON.parse(output) as T;
}

interface Row {
  readonly domain: string;
  readonly server: string;
  readonly signing: string;
  readonly zone: { readonly server: string | null };
  readonly pending: readonly string[];
}

async function addServers(): Promise<void> {
  const known = (await ask<readonly { readonly name: string }[]>('server', 'list')).map(one => one.name);
  for (const name of servers.filter(one => !known.includes(one))) {
    const { config, identity, knownHosts, sudoPassword } = await labServer(name);
    const login = ['--host', config.host, '--user', config.user, '--identity', identity, '--sudo', config.sudo];
    const add = ['server', 'add', name, ...login, '--known-hosts', knownHosts];
    if (sudoPassword === null) await signet(add);
    else await signet([...add, '--secrets-stdin'], JSON.stringify({ sudoPassword }));
  }
}

/** Unsigned domains whose zone is on one of the servers, a few of each mail server. */
async function unsigned(): Promise<readonly Row[]> {
  const rows = await ask<readonly Row[]>('domains');
  const free = rows.filter(row => row.signing === 'off' && row.zone.server !== null && row.pending.length === 0);
  return servers.flatMap(name => free.filter(row => row.server === name).slice(0, domainsPerServer));
}

async function prove(rows: readonly Row[]): Promise<boolean> {
  let good = true;
  for (const { server, domain } of rows) {
    const result = await check.signed(server, domain, { allServers: true });
    good &&= result.ok === true;
    const told = result.ok ? `verified by dkimpy and Mail::DKIM, selector ${result.selector}` : (result.reason ?? 'no');
    console.log(`${result.ok ? 'ok  ' : 'FAIL'}  mail of ${domain} from ${server}: ${told}`);
  }
  return good;
}

async function demo(): Promise<boolean> {
  title('The hosts');
  await startLab();
  if (process.argv.includes('--fresh')) {
    await lab.reset(...servers);
    rmSync(home, { recursive: true, force: true });
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const built = await run(['npm', 'run', '--silent', 'build'], { show: true });
  if (built.code !== 0) throw new Error('the build failed');

  title('Add them and see what they host');
  await addServers();
  await signet(['scan']);
  await signet(['domains']);

  const rows = await unsigned();
  if (rows.length === 0) {
    console.log('\nEvery domain of the demo is signed already: npm run demo -- --fresh');
    return true;
  }
  title('Switch signing on, read the plan, apply it');
  for (const { domain, server } of rows) await signet(['signing', 'on', domain, '--server', server]);
  await signet(['plan', '--diff']);
  await signet(['apply', '--yes']);

  title('Send mail and let others verify it');
  return prove(rows);
}

const good = await demo();
title('Go on yourself');
const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
console.log(`  export ${settings.join(' ')}`);
console.log('  npx signet domains          npx signet runs          npx signet run undo ID');
console.log(`  ${root}test/lab/lab down    stops the hosts`);
process.exitCode = good ? 0 : 1;
if (good && process.stdin.isTTY && process.stdout.isTTY) {
  title('The window, until Ctrl-C');
  await run(['node', 'dist/cli/signet.js', 'serve'], { show: true, interactive: true, env: environment });
} else {
  console.log('  npx signet serve            opens the window');
}
