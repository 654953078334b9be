import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Store, StoredFacts } from '../../../electron/store/api.ts';
import { publicKeyFingerprint } from '../../../electron/store/fingerprint.ts';
import { openStore } from '../../../electron/store/store.ts';
import type { Settings } from '../../../shared/settings.ts';
import { temporaryHome } from '../../tools/homes.ts';
import { codeOf } from '../../tools/problem-of.ts';
import { key, on, retire, server } from './samples.ts';

function open(home = temporaryHome()): Store {
  const store = openStore(home);
  onTestFinished(() => store.close());
  return store;
}

/** What is left when the process ends and another one begins. */
function reopened(store: Store): Store {
  store.close();
  return open(store.home);
}

describe('servers', () => {
  test('are kept, replaced and listed by name', () => {
    const store = open();
    store.servers.put(server('mx2'));
    store.servers.put(server('mx1'));
    store.servers.put({ ...server('mx2'), port: 2222 });
    const later = reopened(store);
    expect(later.servers.list().map(one => `${one.name}:${one.port}`)).toEqual(['mx1:22', 'mx2:2222']);
    expect(later.servers.get('mx1')).toEqual(server('mx1'));
    expect(later.servers.get('mx3')).toBeNull();
  });

  test('one with pending changes, or that others go through, is not removed unseen', async () => {
    const store = open();
    store.servers.put(server('mx1'));
    store.servers.put(server('inner', 'mx1'));
    expect(await codeOf(() => store.servers.remove('mx1'))).toBe('server-is-jump');
    store.servers.remove('inner');
    store.pending.edit({
      put: [on('p1', 'example.com', [key('k1')])],
      keys: [{ key: key('k1'), sealed: Buffer.of(1) }],
    });
    expect(await codeOf(() => store.servers.remove('mx1'))).toBe('server-has-pending');
    expect(store.servers.get('mx1')).not.toBeNull();
    store.servers.remove('mx1', { dropPending: true });
    expect([store.servers.list(), store.pending.list(), store.keys.get('k1')?.state]).toEqual([[], [], 'erased']);
  });

  test('removing forgets facts and probes, and not what Signet made there', () => {
    const store = open();
    store.servers.put(server('mx1'));
    store.facts().put({ server: 'mx1', scannedAt: 'now', mta: null, signers: [], dns: [] });
    store.probes.put([{ domain: 'a', server: 'mx1', at: 'now', signed: true, selectors: ['s1'], problem: null }]);
    const managed = { domain: 'a', server: 'mx1', selector: 's1', fingerprint: 'f', since: 'now' };
    store.managed.put([managed]);
    store.servers.remove('mx1');
    expect(store.facts().list()).toEqual([]);
    expect(store.probes.list()).toEqual([]);
    expect(store.managed.list('mx1')).toEqual([managed]);
  });
});

describe('pending changes', () => {
  test('one for each domain and server, besides retire tasks, one for each selector', async () => {
    const store = open();
    store.pending.edit({ put: [on('p1', 'a.example'), on('p2', 'b.example'), retire('r1', 'a.example', 's1')] });
    expect(await codeOf(() => store.pending.edit({ put: [on('p3', 'a.example')] }))).toBe('pending-twice');
    expect(await codeOf(() => store.pending.edit({ put: [retire('r2', 'a.example', 's1')] }))).toBe('pending-twice');
    store.pending.edit({ put: [retire('r2', 'a.example', 's2')] });
    expect(
      reopened(store)
        .pending.list()
        .map(change => change.id),
    ).toEqual(['r1', 'r2', 'p1', 'p2']);
  });

  test('an edit is done wholly or not at all, keys included', async () => {
    const store = open();
    const [first, second] = [key('k1', 'a.example'), key('k2', 'b.example')];
    store.pending.edit({ put: [on('p1', 'a.example', [first])], keys: [{ key: first, sealed: Buffer.from('one') }] });
    const edit = {
      drop: ['p1', 'unknown'],
      put: [on('p2', 'b.example', [second]), on('p3', 'b.example')],
      keys: [{ key: second, sealed: Buffer.from('two') }],
    };
    expect(await codeOf(() => store.pending.edit(edit))).toBe('pending-twice');
    expect(store.pending.list().map(change => change.id)).toEqual(['p1']);
    expect(store.keys.list().map(row => row.key.ref.secret)).toEqual(['k1']);
    store.pending.edit({ ...edit, put: [on('p2', 'b.example', [second])] });
    expect(store.pending.list()).toEqual([on('p2', 'b.example', [second])]);
    expect(store.keys.list().map(row => `${row.key.ref.secret} ${row.state}`)).toEqual(['k1 erased', 'k2 staged']);
  });

  test('a key that goes over into the new change stays; one of a change that is done stays, too', () => {
    const store = open();
    const one = key('k1');
    store.pending.edit({ put: [on('p1', 'example.com', [one])], keys: [{ key: one, sealed: Buffer.from('one') }] });
    store.pending.edit({ drop: ['p1'], put: [on('p2', 'example.com', [one])] });
    expect(store.keys.sealed('k1')).toEqual(new Uint8Array(Buffer.from('one')));
    store.pending.done(['p2'], [retire('r1', 'example.com', 's1')]);
    expect(store.pending.list().map(change => change.id)).toEqual(['r1']);
    expect(store.keys.get('k1')?.state).toBe('staged');
  });
});

describe('keys', () => {
  test('go from staged over installed to erased, and not back', async () => {
    const store = open();
    store.keys.put([{ key: key('k1'), sealed: Buffer.from('one') }]);
    expect(await codeOf(() => store.keys.put([{ key: key('k1'), sealed: Buffer.from('two') }]))).toBe('key-twice');
    store.keys.installed(['k1']);
    expect([store.keys.get('k1')?.state, store.keys.sealedCount()]).toEqual(['installed', 1]);
    store.keys.erase(['k1']);
    store.keys.installed(['k1']);
    expect(store.keys.list({ state: 'erased' }).map(row => row.key)).toEqual([key('k1')]);
    expect(store.keys.list({ server: 'mx2' })).toEqual([]);
    expect(await codeOf(() => store.keys.sealed('k1'))).toBe('key-erased');
    expect(await codeOf(() => store.keys.sealed('k2'))).toBe('key-unknown');
  });

  test.each(['directly', 'in a transaction'])('an erased one is in no file of the home any more (%s)', how => {
    const store = open();
    const marks = Array.from({ length: 40 }, (_, i) => `sealed-${i}-${'x'.repeat(300)}`);
    store.keys.put(marks.map((mark, i) => ({ key: key(`k${i}`), sealed: Buffer.from(mark) })));
    const found = () => marks.filter(mark => readAll(store.home).includes(mark)).length;
    expect(found()).toBe(40);
    const ids = marks.map((_, i) => `k${i}`);
    if (how === 'directly') store.keys.erase(ids);
    else store.transaction(() => store.keys.erase(ids));
    expect(found()).toBe(0);
  });
});

function readAll(home: string): Buffer {
  return Buffer.concat(readdirSync(home).map(name => readFileSync(join(home, name))));
}

describe('the other tables', () => {
  test('facts: any JSON, compressed', () => {
    const store = open();
    interface Facts extends StoredFacts {
      readonly dns: readonly { readonly facts: { readonly zones: readonly string[] }; readonly view: string }[];
    }
    const zones = Array.from({ length: 20_000 }, (_, i) => `s1._domainkey.d${i}.example. IN TXT "v=DKIM1; p=AAAA" ; ü`);
    const facts = (name: string): Facts => ({
      server: name,
      scannedAt: '2026-01-01T00:00:00Z',
      mta: { facts: { name: 'ü' } },
      signers: [],
      dns: [
        { facts: { zones }, view: 'v1' },
        { facts: { zones: ['ü'] }, view: 'v2' },
      ],
    });
    store.facts<Facts>().put(facts('mx2'));
    store.facts<Facts>().put(facts('mx1'));
    const later = reopened(store).facts<Facts>();
    expect(later.list()).toEqual([facts('mx1'), facts('mx2')]);
    // a plan tells facts apart by their text: it must be what it was
    expect(JSON.stringify(later.get('mx1'))).toBe(JSON.stringify(facts('mx1')));
    expect(statSync(join(store.home, 'signet.db')).size).toBeLessThan(JSON.stringify(facts('mx1')).length / 2);
    later.remove('mx1');
    expect([later.get('mx1'), later.get('mx2')?.server]).toEqual([null, 'mx2']);
  });

  test('managed selectors and probes: the last word counts', () => {
    const store = open();
    const managed = { domain: 'a', server: 'mx1', selector: 's1', fingerprint: 'one', since: 'now' };
    store.managed.put([managed, { ...managed, selector: 's2' }]);
    store.managed.put([{ ...managed, fingerprint: 'two' }]);
    expect(store.managed.get('a', 'mx1', 's1')?.fingerprint).toBe('two');
    store.managed.remove([managed]);
    expect(store.managed.list().map(one => one.selector)).toEqual(['s2']);

    const probe = { domain: 'a', server: 'mx1', at: 'now', signed: false, selectors: [], problem: null };
    store.probes.put([probe, { ...probe, domain: 'b' }]);
    store.probes.put([{ ...probe, signed: true }]);
    expect(store.probes.list('mx1').map(one => one.signed)).toEqual([true, false]);
    expect(store.probes.get('a', 'mx2')).toBeNull();
  });

  test('settings: defaults, checked changes, and keys of a newer version stay', async () => {
    const store = open();
    expect(store.settings.get()).toMatchObject({
      parallelism: 8,
      graceHours: 168,
      keySpec: 'rsa2048',
      theme: 'system',
    });
    expect(store.settings.put({ parallelism: 2 }).parallelism).toBe(2);
    expect(await codeOf(() => store.settings.put({ parallelism: 0 }))).toBe('setting-invalid');
    store.settings.put({ future: 'kept' } as unknown as Partial<Settings>);
    store.settings.put({ theme: 'dark' });
    const later = reopened(store);
    expect(later.settings.get()).toMatchObject({ parallelism: 2, theme: 'dark' });
    expect(readAll(store.home).includes('"future":"kept"')).toBe(true);
  });

  test('a transaction around several tables holds or falls as one', () => {
    const store = open();
    const work = () =>
      store.transaction(() => {
        store.servers.put(server('mx1'));
        store.pending.edit({ put: [on('p1', 'example.com')] });
        throw new Error('in the middle');
      });
    expect(work).toThrow('in the middle');
    expect([store.servers.list(), store.pending.list()]).toEqual([[], []]);
    store.transaction(() => {
      store.servers.put(server('mx1'));
      expect(() =>
        store.transaction(() => {
          store.servers.put(server('mx2'));
          throw new Error('inner');
        }),
      ).toThrow('inner');
    });
    expect(store.servers.list().map(one => one.name)).toEqual(['mx1']);
  });

  test('the fingerprint is of the key, not of its base64', () => {
    expect(publicKeyFingerprint('AAECAw==')).toBe(publicKeyFingerprint('AAEC Aw'));
    expect(publicKeyFingerprint('AAECAw==')).not.toBe(publicKeyFingerprint('AAECBA=='));
  });
});
