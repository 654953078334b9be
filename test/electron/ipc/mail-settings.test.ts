/** Mail settings behind the contract: staged, merged, taken back, carried from one laptop to another. */
import { afterEach, beforeAll, expect, test } from 'vitest';
import { startEngine, type RunningEngine } from '../../../electron/compose.ts';
import type { ServerFacts } from '../../../electron/drivers/api.ts';
import { temporaryHome } from '../../tools/homes.ts';
import { factsOfServer, rememberServer } from './known-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let facts: readonly ServerFacts[];
beforeAll(async () => {
  facts = await factsOfServer();
});

async function laptop(): Promise<RunningEngine> {
  const home = temporaryHome();
  rememberServer(home, facts);
  const env = { SIGNET_VAULT: 'passphrase', SIGNET_PASSPHRASE: 'correct horse' };
  const engine = await startEngine({ home, command: 'signet test', env });
  closing.push(() => engine.close());
  return engine;
}

const server = 'mx1';
const verify = { server, verifyIncoming: 'on', failing: 'discard', policies: false } as const;

test('a server shows what it does, and what is wished is staged once', async () => {
  const engine = await laptop();
  const [row] = await engine.call('servers.list', {});
  expect(row?.mailSettings).toEqual({ signing: ['dkim'], verifying: { failing: 'tag', policies: false } });
  expect(await engine.call('mailSettings.stage', { server, allowSigning: 'on' })).toMatchObject({
    staged: [],
    unchanged: [{ domain: null, server, reason: 'it is so already' }],
  });
  expect(await engine.call('mailSettings.preview', verify)).toMatchObject({ staged: [{ domain: null, server }] });
  expect(await engine.call('pending.list', {})).toEqual([]);
  await engine.call('mailSettings.stage', verify);
  expect(await engine.call('mailSettings.stage', verify)).toMatchObject({ unchanged: [{ reason: 'staged already' }] });
  const plan = await engine.call('plan.compute', {});
  expect(plan.changes.map(({ id, intent, domains }) => [id, intent, domains])).toEqual([
    ['prepare@mx1', 'mail-settings', []],
  ]);
  expect(plan.effects).toMatchObject([{ domain: null, settings: { after: { verifying: { failing: 'discard' } } } }]);
});

test('a second wish joins the first, and what is as it was is not staged any more', async () => {
  const engine = await laptop();
  await engine.call('mailSettings.stage', verify);
  await engine.call('mailSettings.stage', { server, failing: 'reject' });
  const [joined, ...others] = await engine.call('pending.list', {});
  expect([joined?.summary, others]).toEqual(['Verify incoming mail, reject what fails, signatures only', []]);
  const back = await engine.call('mailSettings.stage', { server, failing: 'tag' });
  expect(back).toMatchObject({ staged: [], cancelled: [{ domain: null, server }] });
  expect(await engine.call('pending.list', {})).toEqual([]);
});

test('signing that is not allowed any more takes what is staged for domains with it', async () => {
  const engine = await laptop();
  await engine.call('signing.stage', { targets: [{ domain: 'one.example' }], action: 'on', key: 'rsa1024' });
  await engine.call('mailSettings.stage', { server, allowSigning: 'off' });
  expect((await engine.call('pending.list', {})).map(({ domain, intent }) => [domain, intent])).toEqual([
    [null, 'mail-settings'],
  ]);
  expect(await engine.call('mailSettings.stage', { server, allowSigning: 'on' })).toMatchObject({
    cancelled: [{ domain: null }],
  });
});

test('how mail is judged is not said of a server that verifies none', async () => {
  const engine = await laptop();
  const off = await engine.call('mailSettings.stage', { server, verifyIncoming: 'off', failing: 'discard' });
  expect(off.refused).toMatchObject([{ server, problem: { code: 'not-verified' } }]);
});

test('goes from one laptop to another in a file', async () => {
  const [first, second] = [await laptop(), await laptop()];
  await first.call('mailSettings.stage', verify);
  const { text } = await first.call('pending.export', {});
  expect(await second.call('pending.import', { text })).toMatchObject({ imported: [{ domain: null, server }] });
  expect(await second.call('pending.import', { text })).toMatchObject({ unchanged: [{ domain: null }] });
  const [one, other] = [await first.call('plan.compute', {}), await second.call('plan.compute', {})];
  expect(other.changes.map(({ steps }) => steps)).toEqual(one.changes.map(({ steps }) => steps));
});
